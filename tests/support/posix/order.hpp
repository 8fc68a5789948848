// SPDX-License-Identifier: MIT
// Orders from a test to its child: made before the fork, given by one, awaited by the other.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>

namespace mmapvideo_test {

class Order {
 public:
  Order() {
    if (::pipe2(fds_, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  }
  ~Order() {
    ::close(fds_[0]);
    ::close(fds_[1]);
  }
  Order(const Order&) = delete;
  Order& operator=(const Order&) = delete;

  /// Lets one await() return.
  void give() const {
    if (::write(fds_[1], "", 1) != 1) throw std::runtime_error("write to a pipe");
  }
  void await() const {
    char byte;
    while (::read(fds_[0], &byte, 1) < 0 && errno == EINTR) {
    }
  }

 private:
  int fds_[2];
};

}  // namespace mmapvideo_test
