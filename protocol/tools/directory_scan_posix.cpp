// SPDX-License-Identifier: MIT
// Finding mapped files below directories, by descriptors, on POSIX systems.
#include "directory_scan.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <mmapvideo/layout.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <system_error>

#include "unique_descriptor.hpp"

namespace mmapvideo::tools {
namespace {

// Each level holds a descriptor.
constexpr int max_depth = 64;
constexpr int open_flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
constexpr int file_flags = O_RDONLY | open_flags;
constexpr int directory_flags = O_RDONLY | O_CLOEXEC | O_DIRECTORY;

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

using Visit = std::function<void(const FoundFile&)>;

class Scan {
 public:
  explicit Scan(const Visit& visit) : visit_(visit) {}

  void enter(UniqueDescriptor descriptor, const std::string& path, int depth) {
    struct stat status {};
    if (::fstat(descriptor.get(), &status) != 0) return;
    const Directory directory(::fdopendir(descriptor.get()));
    if (!directory) return;
    descriptor.release();
    // The stream is ours alone.
    while (const dirent* entry = ::readdir(directory.get())) {  // NOLINT(concurrency-mt-unsafe)
      const std::string name = entry->d_name;
      if (name == "." || name == "..") continue;
      std::string below = path;
      below.append("/").append(name);
      look(::dirfd(directory.get()), status.st_dev, name, below, depth);
    }
  }

  void look(int directory, dev_t device, const std::string& name, const std::string& path,
            int depth) {
    struct stat status {};
    if (::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return;
    if (S_ISREG(status.st_mode)) {
      const UniqueDescriptor file(::openat(directory, name.c_str(), file_flags));
      if (file.valid() && has_magic(file.get())) visit_({directory, name, path});
    } else if (S_ISDIR(status.st_mode) && status.st_dev == device && depth < max_depth) {
      UniqueDescriptor below(::openat(directory, name.c_str(), directory_flags | O_NOFOLLOW));
      if (below.valid()) enter(std::move(below), path, depth + 1);
    }
  }

 private:
  const Visit& visit_;
};

std::string without_trailing_slashes(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

ScanProblem problem(const std::string& path, int os_error) {
  return {path, '"' + path + "\": " + std::generic_category().message(os_error),
          os_error == ENOENT};
}

Attempt failed_attempt() {
  return {false, errno == ENOENT, std::generic_category().message(errno)};
}

}  // namespace

bool has_magic(int descriptor) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return false;
  std::uint64_t magic = 0;
  return ::pread(descriptor, &magic, sizeof magic, 0) == static_cast<ssize_t>(sizeof magic) &&
         magic == MMAPVIDEO_MAGIC;
}

std::vector<ScanProblem> scan(const std::string& given_place, const Visit& visit) {
  const std::string place = without_trailing_slashes(given_place);
  Scan scan(visit);
  UniqueDescriptor directory(::open(place.c_str(), directory_flags));
  if (directory.valid()) {
    scan.enter(std::move(directory), place == "/" ? "" : place, 0);
    return {};
  }
  if (errno != ENOTDIR) return {problem(place, errno)};
  const std::filesystem::path path(place);
  const std::string parent = path.has_parent_path() ? path.parent_path().string() : ".";
  const UniqueDescriptor above(::open(parent.c_str(), directory_flags));
  if (!above.valid()) return {problem(place, errno)};
  // Deeper than any directory: a name that has become one meanwhile is not entered.
  scan.look(above.get(), 0, path.filename().string(), place, max_depth);
  return {};
}

// ---- What was found

Attempt open_found(const FoundFile& found, core::platform::Access access,
                   core::platform::File& file) {
  const int mode = access == core::platform::Access::write ? O_RDWR : O_RDONLY;
  UniqueDescriptor opened(::openat(found.directory, found.name.c_str(), mode | open_flags));
  if (!opened.valid()) return failed_attempt();
  struct stat status {};
  if (::fstat(opened.get(), &status) == 0 && !S_ISREG(status.st_mode)) return {false, true, ""};
  file = core::platform::File::adopt(opened.release(), found.path);
  return {true, false, ""};
}

bool still_names(const FoundFile& found, const core::platform::File& file) {
  struct stat status {};
  return ::fstatat(found.directory, found.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         core::platform::FileIdentity{status.st_dev, status.st_ino} == file.identity();
}

Attempt remove_found(const FoundFile& found) {
  if (::unlinkat(found.directory, found.name.c_str(), 0) == 0) return {true, false, ""};
  return failed_attempt();
}

}  // namespace mmapvideo::tools
