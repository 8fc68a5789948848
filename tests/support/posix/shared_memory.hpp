// SPDX-License-Identifier: MIT
// An object in memory that this process shares with those it forks, and that outlives those of them
// that are killed.
#pragma once

#include <sys/mman.h>

#include <new>
#include <stdexcept>

namespace mmapvideo_test {

template <typename T>
class Shared {
 public:
  Shared() {
    void* memory =
        ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::runtime_error("mmap");
    object_ = new (memory) T();
  }
  ~Shared() { ::munmap(object_, sizeof(T)); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  T& operator*() const { return *object_; }
  T* operator->() const { return object_; }

 private:
  T* object_;
};

}  // namespace mmapvideo_test
