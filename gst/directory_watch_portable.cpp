// SPDX-License-Identifier: MIT
// Watching directories where the system does not tell of changes, or not in a way that is known
// here: they are listed each second.
#include <glib.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>

#include "directory_watch.hpp"
#include "mutex.hpp"

namespace gstmmap {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::nanoseconds period{std::chrono::seconds{1}};

std::string utf8(const fs::path& path) {
  const std::u8string text = path.generic_u8string();
  return {text.begin(), text.end()};
}

/// Regular files in `directory`, and in the directories in it. What cannot be read is passed over.
void list(const fs::path& directory, bool has_directories, std::size_t& directories,
          std::vector<std::string>& paths) {
  std::error_code error;
  std::size_t files = 0;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    const fs::file_status status = it->symlink_status(ignored);
    if (fs::is_regular_file(status) && files < DirectoryWatch::max_files) {
      paths.push_back(utf8(it->path()));
      ++files;
    } else if (fs::is_directory(status) && has_directories &&
               directories < DirectoryWatch::max_directories) {
      ++directories;
      list(it->path(), false, directories, paths);
    }
  }
}

class PollingWatch final : public DirectoryWatch {
 public:
  explicit PollingWatch(std::vector<std::string> directories)
      : directories_(std::move(directories)) {}

  DirectoryChanges wait(std::int64_t timeout_ns) override {
    DirectoryChanges changes;
    if (!sleep(timeout_ns)) return changes;
    due_ = Clock::now() + period;
    changes.everything = true;
    std::size_t count = 0;
    for (const std::string& directory : directories_)
      list(fs::path(std::u8string(directory.begin(), directory.end())), true, count, changes.paths);
    return changes;
  }

  void cancel() noexcept override {
    {
      const MutexLock lock(mutex_);
      cancelled_ = true;
    }
    ended_.notify_all();
  }
  bool cancelled() const noexcept override {
    const MutexLock lock(mutex_);
    return cancelled_;
  }

 private:
  /// True: the directories are to be listed now.
  bool sleep(std::int64_t timeout_ns) {
    const std::chrono::nanoseconds until_due = due_ - Clock::now();
    const std::chrono::nanoseconds limit{timeout_ns};
    const bool is_due_first = timeout_ns < 0 || until_due <= limit;
    const MutexLock lock(mutex_);
    mutex_.wait_for(ended_, is_due_first ? until_due : limit, [this] {
      mutex_.held_by_caller();
      return cancelled_;
    });
    return is_due_first && !cancelled_;
  }

  const std::vector<std::string> directories_;
  Clock::time_point due_ = Clock::now();  // of the next listing; of the one thread that waits
  mutable Mutex mutex_;
  std::condition_variable ended_;
  bool cancelled_ GSTMMAP_GUARDED_BY(mutex_) = false;
};

}  // namespace

std::unique_ptr<DirectoryWatch> watch_directories(std::vector<std::string> directories) {
  return std::make_unique<PollingWatch>(std::move(directories));
}

std::string default_directory() { return g_get_user_data_dir(); }

}  // namespace gstmmap
