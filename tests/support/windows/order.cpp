// SPDX-License-Identifier: MIT
// Orders on Windows.
#include "order.hpp"

#include <windows.h>

#include <stdexcept>

namespace mmapvideo_test {

Order::Order() {
  SECURITY_ATTRIBUTES inheritable{sizeof inheritable, nullptr, TRUE};
  semaphore_ = reinterpret_cast<std::intptr_t>(CreateSemaphoreW(&inheritable, 0, 1000000, nullptr));
  if (semaphore_ == 0) throw std::runtime_error("CreateSemaphore");
}

Order::~Order() {
  if (semaphore_ != 0) CloseHandle(reinterpret_cast<HANDLE>(semaphore_));
}

void Order::give() const {
  if (ReleaseSemaphore(reinterpret_cast<HANDLE>(semaphore_), 1, nullptr) == 0)
    throw std::runtime_error("ReleaseSemaphore");
}

void Order::await() const { WaitForSingleObject(reinterpret_cast<HANDLE>(semaphore_), INFINITE); }

}  // namespace mmapvideo_test
