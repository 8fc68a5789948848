// SPDX-License-Identifier: MIT
// The child process of support/child.hpp where there is no fork: the same program again, told where
// the body is and what its arguments are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace mmapvideo_test {

/// The exit status of who was killed.
inline constexpr int kKilled = -9;

/// Asleep until it is killed.
[[noreturn]] void sleep_for_ever();

/// The child's end of the result pipe.
class Results {
 public:
  explicit Results(std::intptr_t pipe) : pipe_(pipe) {}

  template <typename T>
  void send(const T& value) const {
    static_assert(std::is_trivially_copyable_v<T>);
    write_all(&value, sizeof value);
  }
  void send_text(const std::string& text) const {
    send(text.size());
    write_all(text.data(), text.size());
  }

 private:
  void write_all(const void* from, std::size_t bytes) const;

  std::intptr_t pipe_;
};

// ---- Arguments, as bytes. An object with inherited() travels as a handle that a child inherits.

template <typename T>
concept Inherited = requires(const T& object) {
  object.inherited();
};

template <typename T>
void put_argument(std::string& to, const T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    put_argument(to, value.size());
    to += value;
  } else if constexpr (Inherited<T>) {
    put_argument(to, value.inherited());
  } else {
    static_assert(std::is_trivially_copyable_v<T>);
    to.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
}

template <typename T>
T get_argument(const char*& from) {
  if constexpr (std::is_same_v<T, std::string>) {
    const auto size = get_argument<std::size_t>(from);
    from += size;
    return {from - size, size};
  } else if constexpr (Inherited<T>) {
    return T(get_argument<std::intptr_t>(from));
  } else {
    T value;
    std::memcpy(&value, from, sizeof value);
    from += sizeof value;
    return value;
  }
}

/// What a child calls: it has no captures, so its type says all.
using ChildEntry = int (*)(const Results& results, const char* arguments);

template <typename Body, typename... Args>
int enter_child(const Results& results, const char* arguments) {
  std::tuple<Args...> all{get_argument<Args>(arguments)...};
  return std::apply([&](const Args&... args) { return Body{}(results, args...); }, all);
}

class Child {
 public:
  /// Runs `body(results, args...)` in a process of its own; its return value is the exit status.
  /// The body has no captures; texts, plain objects, orders and shared objects are arguments.
  template <typename Body, typename... Args>
  explicit Child(Body, const Args&... args) {
    static_assert(std::is_empty_v<Body>, "give the body its arguments, instead of captures");
    std::string arguments;
    (put_argument(arguments, args), ...);
    start(&enter_child<Body, Args...>, arguments);
  }
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  unsigned long pid() const { return pid_; }
  std::intptr_t process() const { return process_; }
  void kill() const;
  /// Returns when the child has really stopped.
  void stop() const;
  void resume() const;
  bool is_alive() const;
  /// The exit status, or minus the number of the signal that ended it.
  int exit_status();
  void kill_and_reap() {
    kill();
    exit_status();
  }

  /// Waits for a value. False: the child ended without sending one.
  template <typename T>
  bool receive(T& value) const {
    return read_all(&value, sizeof value);
  }
  bool receive_text(std::string& text) const {
    std::size_t length = 0;
    if (!receive(length)) return false;
    text.resize(length);
    return read_all(text.data(), length);
  }

 private:
  void start(ChildEntry entry, const std::string& arguments);
  bool read_all(void* to, std::size_t bytes) const;

  std::intptr_t process_ = 0;
  unsigned long pid_ = 0;
  std::intptr_t pipe_ = 0;
};

/// First thing in main(): does not return in a child.
void become_child_if_told();

}  // namespace mmapvideo_test
