// SPDX-License-Identifier: MIT
// Files on POSIX systems: opening without following links or blocking, reserving space.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "../failure.hpp"
#include "os_failure_posix.hpp"
#include "platform.hpp"

namespace mmapvideo::core::platform {
namespace {

constexpr int open_flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

int descriptor(const File& file) noexcept { return static_cast<int>(file.handle()); }

template <typename Call>
auto retry_interrupted(Call call) noexcept {
  decltype(call()) result;
  do {
    result = call();
  } while (result == -1 && errno == EINTR);
  return result;
}

std::string directory_of(const std::string& path) {
  const auto directory = std::filesystem::path(path).parent_path().string();
  return directory.empty() ? "." : directory;
}

/// "4.0 MiB"; small sizes in KiB, since one decimal of a MiB says nothing about them.
std::string human_bytes(std::uint64_t bytes) {
  const bool small = bytes < (std::uint64_t{1} << 20);
  const std::uint64_t unit = small ? 1024 : 1024 * 1024;
  const std::uint64_t tenths = bytes / unit * 10 + bytes % unit * 10 / unit;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) +
         (small ? " KiB" : " MiB");
}

Failure no_space(const std::string& path, std::uint64_t needed, int descriptor, int os_error) {
  struct statvfs fs {};
  const bool known = fstatvfs(descriptor, &fs) == 0;
  const std::uint64_t available = known ? std::uint64_t{fs.f_bavail} * fs.f_frsize : 0;
  return Failure(
      MMAPVIDEO_NO_SPACE,
      "No room for \"" + path + "\": it needs " + human_bytes(needed) + ", " +
          (known ? human_bytes(available) : "an unknown amount") + " is free in " +
          directory_of(path) +
          ". Use fewer slots, another directory, or enlarge it (containers: --shm-size).",
      os_detail("posix_fallocate", os_error), os_error);
}

/// Beyond the process's file size limit the kernel would kill the process with SIGXFSZ.
void check_size_limit(const std::string& path, std::uint64_t end) {
  struct rlimit limit {};
  if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
      end <= limit.rlim_cur)
    return;
  throw Failure(MMAPVIDEO_NO_SPACE,
                "No room for \"" + path + "\": it needs " + human_bytes(end) +
                    ", but this process may only write files of " + human_bytes(limit.rlim_cur) +
                    ". Raise the limit (ulimit -f) or use fewer slots.",
                "getrlimit(RLIMIT_FSIZE)", EFBIG);
}

Failure not_regular(const std::string& path, const char* what) {
  return Failure(MMAPVIDEO_NOT_A_REGULAR_FILE,
                 "\"" + path + "\" is " + what + "; give the path of a regular file.", "open");
}

const char* kind_of(mode_t mode) noexcept {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISLNK(mode)) return "a symbolic link, which is not followed";
  return "a device";
}

[[noreturn]] void throw_open_failure(const std::string& path, bool writing, int os_error) {
  struct stat status {};
  const bool there = lstat(path.c_str(), &status) == 0;
  if (there && !S_ISREG(status.st_mode)) throw not_regular(path, kind_of(status.st_mode));
  throw os_failure(writing ? "write" : "read", path, "open", os_error);
}

struct stat status_of(const File& file) {
  struct stat status {};
  if (fstat(descriptor(file), &status) != 0) throw os_failure("read", file.path(), "fstat", errno);
  return status;
}

void require_regular(const File& file) {
  const mode_t mode = status_of(file).st_mode;
  if (!S_ISREG(mode)) throw not_regular(file.path(), kind_of(mode));
}

/// In a directory like /dev/shm anybody may have made the file, for others to read what is written.
void require_own_where_shared(const File& file) {
  const uid_t owner = status_of(file).st_uid;
  struct stat directory {};
  if (owner == geteuid() || stat(directory_of(file.path()).c_str(), &directory) != 0) return;
  if ((directory.st_mode & S_ISVTX) == 0 || (directory.st_mode & S_IWOTH) == 0) return;
  throw Failure(MMAPVIDEO_PERMISSION_DENIED,
                "\"" + file.path() + "\" belongs to another user (id " + std::to_string(owner) +
                    ") and lies where anybody may create files; it was left as it is. Remove it, "
                    "or choose another path.",
                "fstat: st_uid");
}

}  // namespace

File File::open_for_reading(const std::string& path) {
  const int fd = retry_interrupted([&] { return ::open(path.c_str(), open_flags | O_RDONLY); });
  if (fd < 0 && errno == ENOENT) return {};
  if (fd < 0) throw_open_failure(path, false, errno);
  File file(fd, path);
  require_regular(file);
  return file;
}

File File::open_for_writing(const std::string& path, std::uint32_t permissions, bool& created) {
  // Existing or new is decided by the kernel: O_EXCL tells who created the file. A file that
  // appears or vanishes between the two calls is met by trying again.
  for (int attempt = 0; attempt < 10; ++attempt) {
    int fd = retry_interrupted([&] { return ::open(path.c_str(), open_flags | O_RDWR); });
    created = fd < 0 && errno == ENOENT;
    if (created) {
      fd = retry_interrupted([&] {
        return ::open(path.c_str(), open_flags | O_RDWR | O_CREAT | O_EXCL, permissions);
      });
      if (fd < 0 && errno == EEXIST) continue;
    }
    if (fd < 0) throw_open_failure(path, true, errno);
    File file(fd, path);
    require_regular(file);
    if (!created) require_own_where_shared(file);
    // The mode that was asked for, whatever the umask.
    if (created) static_cast<void>(fchmod(fd, permissions));
    return file;
  }
  throw Failure(
      MMAPVIDEO_SYSTEM,
      "Cannot open \"" + path + "\" for writing: it is created and removed over and over.", "open",
      EEXIST);
}

void File::close() noexcept {
  if (valid()) ::close(static_cast<int>(std::exchange(handle_, none)));
}

std::uint64_t File::size() const { return static_cast<std::uint64_t>(status_of(*this).st_size); }

FileIdentity File::identity() const {
  const struct stat status = status_of(*this);
  return {status.st_dev, status.st_ino};
}

std::size_t File::read_at(std::uint64_t offset, void* to, std::size_t bytes) const {
  std::size_t total = 0;
  while (total < bytes) {
    const ssize_t got = retry_interrupted([&] {
      return pread(descriptor(*this), static_cast<char*>(to) + total, bytes - total,
                   static_cast<off_t>(offset + total));
    });
    if (got < 0) throw os_failure("read", path_, "pread", errno);
    if (got == 0) break;
    total += static_cast<std::size_t>(got);
  }
  return total;
}

void File::write_start(const void* from, std::size_t bytes) {
  check_size_limit(path_, bytes);
  const ssize_t put = retry_interrupted([&] { return pwrite(descriptor(*this), from, bytes, 0); });
  if (put == static_cast<ssize_t>(bytes)) return;
  const int os_error = put < 0 ? errno : ENOSPC;
  if (os_error == ENOSPC || os_error == EDQUOT)
    throw no_space(path_, bytes, descriptor(*this), os_error);
  throw os_failure("write", path_, "pwrite", os_error);
}

void File::reserve(std::uint64_t offset, std::uint64_t bytes) {
  check_size_limit(path_, offset + bytes);
  int os_error = 0;
  do {
    os_error =
        posix_fallocate(descriptor(*this), static_cast<off_t>(offset), static_cast<off_t>(bytes));
  } while (os_error == EINTR);
  if (os_error == 0) return;
  if (os_error == ENOSPC || os_error == EDQUOT || os_error == EFBIG)
    throw no_space(path_, bytes, descriptor(*this), os_error);
  throw os_failure("reserve space for", path_, "posix_fallocate", os_error);
}

std::optional<FileIdentity> identity_at(const std::string& path) {
  struct stat status {};
  if (retry_interrupted([&] { return lstat(path.c_str(), &status); }) == 0)
    return FileIdentity{status.st_dev, status.st_ino};
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  throw os_failure("look at", path, "lstat", errno);
}

void remove_file(const std::string& path) noexcept { static_cast<void>(unlink(path.c_str())); }

}  // namespace mmapvideo::core::platform
