// SPDX-License-Identifier: MIT
// An object in memory that this process shares with its children, and that outlives those of them
// that are killed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

namespace mmapvideo_test {

/// Zeroed pages with a handle that children inherit.
class SharedPages {
 public:
  explicit SharedPages(std::size_t bytes);
  /// In a child.
  explicit SharedPages(std::intptr_t inherited);
  SharedPages(SharedPages&& other) noexcept
      : section_(std::exchange(other.section_, 0)),
        memory_(std::exchange(other.memory_, nullptr)) {}
  ~SharedPages();

  std::intptr_t section() const { return section_; }
  void* memory() const { return memory_; }

 private:
  void map();

  std::intptr_t section_ = 0;
  void* memory_ = nullptr;
};

template <typename T>
class Shared {
 public:
  Shared() : pages_(sizeof(T)), object_(new (pages_.memory()) T()) {}
  explicit Shared(std::intptr_t inherited)
      : pages_(inherited), object_(static_cast<T*>(pages_.memory())) {}
  Shared(Shared&&) noexcept = default;

  std::intptr_t inherited() const { return pages_.section(); }
  T& operator*() const { return *object_; }
  T* operator->() const { return object_; }

 private:
  SharedPages pages_;
  T* object_;
};

}  // namespace mmapvideo_test
