// SPDX-License-Identifier: MIT
// The order of support/order.hpp as a semaphore that children inherit.
#pragma once

#include <cstdint>
#include <utility>

namespace mmapvideo_test {

class Order {
 public:
  Order();
  /// In a child.
  explicit Order(std::intptr_t inherited) : semaphore_(inherited) {}
  Order(Order&& other) noexcept : semaphore_(std::exchange(other.semaphore_, 0)) {}
  ~Order();

  std::intptr_t inherited() const { return semaphore_; }
  /// Lets one await() return.
  void give() const;
  void await() const;

 private:
  std::intptr_t semaphore_;
};

}  // namespace mmapvideo_test
