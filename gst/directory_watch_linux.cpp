// SPDX-License-Identifier: MIT
// Watching directories by inotify. What cannot be watched (no descriptor or watch left, a directory
// that is not there yet) is looked at each second instead.
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <climits>
#include <map>
#include <system_error>

#include "directory_watch.hpp"

namespace gstmmap {
namespace {

// A mapped file is written without a call that inotify would see; what it sees is its creation, the
// reservation of its space, and that its last writer closed it, which the kernel does for the dead.
constexpr std::uint32_t watched_events = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
                                         IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_DELETE_SELF |
                                         IN_MOVE_SELF | IN_ONLYDIR;
constexpr std::uint32_t directory_is_gone = IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT;
constexpr int gathering_ms = 10;  // who writes in small pieces is looked at once
constexpr int retry_ms = 1000;
constexpr int max_reads = 16;  // of one wait; more stays for the next

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }
  bool valid() const { return value_ >= 0; }

 private:
  const int value_;
};

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

/// What `name` is, from the file system itself where the listing does not tell. A file system that
/// another process serves is not asked: it might never answer.
unsigned char type_of(int directory, const dirent& entry) {
  if (entry.d_type != DT_UNKNOWN) return entry.d_type;
  struct statx status {};
  if (::statx(directory, entry.d_name, AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC, STATX_TYPE,
              &status) != 0)
    return DT_UNKNOWN;
  return IFTODT(status.stx_mode);
}

bool on_same_file_system(int directory, const char* name) {
  struct statx here {
  }, there{};
  return ::statx(directory, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &here) == 0 &&
         ::statx(directory, name, AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC, STATX_TYPE, &there) ==
             0 &&
         here.stx_dev_major == there.stx_dev_major && here.stx_dev_minor == there.stx_dev_minor;
}

std::string below(const std::string& directory, const std::string& name) {
  std::string path = directory;
  path.append("/").append(name);
  return path;
}

int shorter(int a_ms, int b_ms) { return a_ms < 0 ? b_ms : std::min(a_ms, b_ms); }

int milliseconds(std::int64_t ns) {
  if (ns < 0) return -1;
  return static_cast<int>(std::min<std::int64_t>((ns + 999'999) / 1'000'000, INT_MAX));
}

class InotifyWatch final : public DirectoryWatch {
 public:
  explicit InotifyWatch(std::vector<std::string> directories)
      : directories_(std::move(directories)),
        inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)),
        waker_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!waker_.valid()) throw std::system_error(errno, std::system_category(), "eventfd");
  }

  DirectoryChanges wait(std::int64_t timeout_ns) override {
    DirectoryChanges changes;
    if (!listed_) {
      list_all(changes);
      return changes;
    }
    const int limit_ms = milliseconds(timeout_ns);
    const bool told = sleep(complete_ ? limit_ms : shorter(limit_ms, retry_ms));
    if (cancelled()) return changes;
    if (told) {
      gather();
      take_events(changes);
    }
    if (!complete_) list_all(changes);
    return changes;
  }

  void cancel() noexcept override {
    cancelled_ = true;
    const std::uint64_t one = 1;
    // Fails only when the counter is full, and then the sleeper is awake anyway.
    [[maybe_unused]] const ssize_t written = ::write(waker_.get(), &one, sizeof one);
  }
  bool cancelled() const noexcept override { return cancelled_; }

 private:
  struct Watched {
    std::string path;
    bool has_directories;  // those in it are watched, too
  };

  /// True: inotify has something to tell.
  bool sleep(int limit_ms) {
    std::array<pollfd, 2> sources{
        {{waker_.get(), POLLIN, 0}, {inotify_.get(), POLLIN, 0}}};  // a negative one is passed over
    return ::poll(sources.data(), sources.size(), limit_ms) > 0 && sources[1].revents != 0;
  }
  /// Lets what is being written come to rest; cancel() ends it.
  void gather() {
    pollfd source{waker_.get(), POLLIN, 0};
    ::poll(&source, 1, gathering_ms);
  }

  void list_all(DirectoryChanges& changes) {
    listed_ = complete_ = true;
    changes.everything = true;
    for (const std::string& directory : directories_) list(directory, true, changes);
    // A watch may have failed for lack of descriptors; without inotify nothing is ever told.
    if (!inotify_.valid()) complete_ = false;
  }

  /// Watches first and lists then, so that nothing is missed in between.
  void list(const std::string& path, bool has_directories, DirectoryChanges& changes) {
    if (!watch(path, has_directories)) complete_ = false;
    const Directory directory(::opendir(path.c_str()));
    if (!directory) return;
    std::size_t files = 0;
    // The stream is ours alone.
    while (const dirent* entry = ::readdir(directory.get())) {  // NOLINT(concurrency-mt-unsafe)
      const std::string name = entry->d_name;
      const unsigned char type = type_of(::dirfd(directory.get()), *entry);
      if (type == DT_REG && files < max_files) {
        changes.paths.push_back(below(path, name));
        ++files;
      } else if (type == DT_DIR && has_directories && name != "." && name != ".." &&
                 on_same_file_system(::dirfd(directory.get()), entry->d_name) &&
                 watched_.size() < max_directories) {
        list(below(path, name), false, changes);
      }
    }
  }

  bool watch(const std::string& path, bool has_directories) {
    if (!inotify_.valid()) return false;
    // Directories that the user named may be reached by a link.
    const std::uint32_t link = has_directories ? 0 : IN_DONT_FOLLOW;
    const int id = ::inotify_add_watch(inotify_.get(), path.c_str(), watched_events | link);
    if (id < 0) return !has_directories && errno == EACCES;  // nothing to be seen there anyway
    watched_[id] = {path, has_directories};
    return true;
  }

  void take_events(DirectoryChanges& changes) {
    alignas(inotify_event) std::array<char, std::size_t{16} * 1024> bytes;
    for (int reads = 0; reads < max_reads; ++reads) {
      const ssize_t count = ::read(inotify_.get(), bytes.data(), bytes.size());
      if (count <= 0) return;
      for (ssize_t at = 0; at < count;) {
        const auto& event = *reinterpret_cast<const inotify_event*>(bytes.data() + at);
        take_event(event, event.len > 0 ? event.name : "", changes);
        at += static_cast<ssize_t>(sizeof event + event.len);
      }
    }
  }

  void take_event(const inotify_event& event, const std::string& name, DirectoryChanges& changes) {
    if ((event.mask & IN_Q_OVERFLOW) != 0) return list_all(changes);
    const auto found = watched_.find(event.wd);
    if (found == watched_.end()) return;
    const Watched directory = found->second;
    if ((event.mask & IN_IGNORED) != 0) {
      watched_.erase(found);
    } else if ((event.mask & directory_is_gone) != 0) {
      changes.everything = true;
      forget(directory.path);
      if (directory.has_directories) complete_ = false;  // until it is there again
    } else if ((event.mask & IN_ISDIR) == 0) {
      changes.paths.push_back(below(directory.path, name));
    } else if (directory.has_directories) {
      take_directory_event(event.mask, directory.path, name, changes);
    }
  }

  void take_directory_event(std::uint32_t mask, const std::string& parent, const std::string& name,
                            DirectoryChanges& changes) {
    if (name.empty()) return;  // about the parent itself
    const std::string path = below(parent, name);
    if ((mask & (IN_CREATE | IN_MOVED_TO)) != 0 && watched_.size() < max_directories) {
      const Descriptor above(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      if (above.valid() && on_same_file_system(above.get(), name.c_str()))
        list(path, false, changes);
    } else if ((mask & (IN_DELETE | IN_MOVED_FROM)) != 0) {
      forget(path);
      changes.everything = true;
    } else if ((mask & IN_ATTRIB) != 0 && !is_watched(path)) {
      list(path, false, changes);  // permission may have been given
    }
  }

  bool is_watched(const std::string& path) const {
    return std::any_of(watched_.begin(), watched_.end(),
                       [&](const auto& watched) { return watched.second.path == path; });
  }

  /// A directory that was moved away would go on to tell of itself under its former path.
  void forget(const std::string& path) {
    for (auto it = watched_.begin(); it != watched_.end();) {
      if (it->second.path == path) {
        ::inotify_rm_watch(inotify_.get(), it->first);
        it = watched_.erase(it);
      } else {
        ++it;
      }
    }
  }

  const std::vector<std::string> directories_;
  const Descriptor inotify_;
  const Descriptor waker_;
  std::map<int, Watched> watched_;  // by inotify's watch descriptor
  bool listed_ = false;
  bool complete_ = true;  // all that is to be watched is watched
  std::atomic<bool> cancelled_{false};
};

}  // namespace

std::unique_ptr<DirectoryWatch> watch_directories(std::vector<std::string> directories) {
  return std::make_unique<InotifyWatch>(std::move(directories));
}

std::string default_directory() { return "/dev/shm"; }

}  // namespace gstmmap
