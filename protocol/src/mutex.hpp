// SPDX-License-Identifier: MIT
// A mutex that clang's -Wthread-safety understands: what it guards, and who must hold it, is
// declared and checked by the compiler. Elsewhere the declarations are nothing, and it is a
// std::mutex.
#pragma once

#include <mutex>

#if defined(__clang__)
#define MMAPVIDEO_THREAD_SAFETY(attribute) __attribute__((attribute))
#else
#define MMAPVIDEO_THREAD_SAFETY(attribute)
#endif
/// A member that is touched only by who holds `mutex`.
#define MMAPVIDEO_GUARDED_BY(mutex) MMAPVIDEO_THREAD_SAFETY(guarded_by(mutex))
/// A function that is called only by who holds `mutex`.
#define MMAPVIDEO_REQUIRES(mutex) MMAPVIDEO_THREAD_SAFETY(requires_capability(mutex))

namespace mmapvideo::core {

class MMAPVIDEO_THREAD_SAFETY(capability("mutex")) Mutex {
 public:
  void lock() MMAPVIDEO_THREAD_SAFETY(acquire_capability()) { mutex_.lock(); }
  void unlock() MMAPVIDEO_THREAD_SAFETY(release_capability()) { mutex_.unlock(); }
  /// For the body of a lambda, which the compiler looks at by itself: its caller holds the mutex.
  void held_by_caller() const noexcept MMAPVIDEO_THREAD_SAFETY(assert_capability(this)) {}

 private:
  std::mutex mutex_;
};

/// Holds a mutex until its scope ends.
class MMAPVIDEO_THREAD_SAFETY(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) MMAPVIDEO_THREAD_SAFETY(acquire_capability(mutex))
      : mutex_(mutex) {
    mutex_.lock();
  }
  ~MutexLock() MMAPVIDEO_THREAD_SAFETY(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace mmapvideo::core
