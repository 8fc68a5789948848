// SPDX-License-Identifier: MIT
// Mutexes that clang's -Wthread-safety understands: what they guard, and who must hold them, is
// declared and checked by the compiler. Elsewhere the declarations are nothing.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <shared_mutex>

#if defined(__clang__)
#define GSTMMAP_THREAD_SAFETY(attribute) __attribute__((attribute))
#else
#define GSTMMAP_THREAD_SAFETY(attribute)
#endif
/// A member that is touched only by who holds `mutex`.
#define GSTMMAP_GUARDED_BY(mutex) GSTMMAP_THREAD_SAFETY(guarded_by(mutex))

namespace gstmmap {

class GSTMMAP_THREAD_SAFETY(capability("mutex")) Mutex {
 public:
  void lock() GSTMMAP_THREAD_SAFETY(acquire_capability()) { mutex_.lock(); }
  void unlock() GSTMMAP_THREAD_SAFETY(release_capability()) { mutex_.unlock(); }
  /// Lets go of the mutex while it sleeps, until `met` is true.
  template <typename Met>
  void wait(std::condition_variable& changed, Met met)
      GSTMMAP_THREAD_SAFETY(requires_capability(this)) {
    std::unique_lock lock(mutex_, std::adopt_lock);
    changed.wait(lock, met);
    lock.release();
  }
  /// The same, but not for longer than `limit`.
  template <typename Met>
  void wait_for(std::condition_variable& changed, std::chrono::nanoseconds limit, Met met)
      GSTMMAP_THREAD_SAFETY(requires_capability(this)) {
    std::unique_lock lock(mutex_, std::adopt_lock);
    changed.wait_for(lock, limit, met);
    lock.release();
  }
  /// For the body of a lambda, which the compiler looks at by itself: its caller holds the mutex.
  void held_by_caller() const noexcept GSTMMAP_THREAD_SAFETY(assert_capability(this)) {}

 private:
  std::mutex mutex_;
};

/// Holds a mutex until its scope ends.
class GSTMMAP_THREAD_SAFETY(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) GSTMMAP_THREAD_SAFETY(acquire_capability(mutex))
      : mutex_(mutex) {
    mutex_.lock();
  }
  ~MutexLock() GSTMMAP_THREAD_SAFETY(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

/// Many may hold it together, or one alone.
class GSTMMAP_THREAD_SAFETY(capability("mutex")) SharedMutex {
 public:
  void lock() GSTMMAP_THREAD_SAFETY(acquire_capability()) { mutex_.lock(); }
  void unlock() GSTMMAP_THREAD_SAFETY(release_capability()) { mutex_.unlock(); }
  void lock_shared() GSTMMAP_THREAD_SAFETY(acquire_shared_capability()) { mutex_.lock_shared(); }
  void unlock_shared() GSTMMAP_THREAD_SAFETY(release_shared_capability()) {
    mutex_.unlock_shared();
  }

 private:
  std::shared_mutex mutex_;
};

/// Holds a shared mutex alone until its scope ends.
class GSTMMAP_THREAD_SAFETY(scoped_lockable) ExclusiveLock {
 public:
  explicit ExclusiveLock(SharedMutex& mutex) GSTMMAP_THREAD_SAFETY(acquire_capability(mutex))
      : mutex_(mutex) {
    mutex_.lock();
  }
  ~ExclusiveLock() GSTMMAP_THREAD_SAFETY(release_capability()) { mutex_.unlock(); }
  ExclusiveLock(const ExclusiveLock&) = delete;
  ExclusiveLock& operator=(const ExclusiveLock&) = delete;

 private:
  SharedMutex& mutex_;
};

/// Holds a shared mutex beside others until its scope ends.
class GSTMMAP_THREAD_SAFETY(scoped_lockable) SharedLock {
 public:
  explicit SharedLock(SharedMutex& mutex) GSTMMAP_THREAD_SAFETY(acquire_shared_capability(mutex))
      : mutex_(mutex) {
    mutex_.lock_shared();
  }
  ~SharedLock() GSTMMAP_THREAD_SAFETY(release_capability()) { mutex_.unlock_shared(); }
  SharedLock(const SharedLock&) = delete;
  SharedLock& operator=(const SharedLock&) = delete;

 private:
  SharedMutex& mutex_;
};

}  // namespace gstmmap
