// SPDX-License-Identifier: MIT
// Ctrl-C, SIGTERM and SIGHUP on POSIX systems: a request to finish in good order.
//
// The handler may do next to nothing, so it makes an eventfd readable, and a thread that has all
// signals blocked does the rest. The main thread is the one that is interrupted.
#include "interrupt.hpp"

#include <poll.h>
#include <sys/eventfd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <system_error>
#include <thread>

#include "unique_descriptor.hpp"

namespace mmapvideo::tools {
namespace {

constexpr std::uint64_t ns_per_s = 1'000'000'000;
constexpr int handled_signals[] = {SIGINT, SIGTERM, SIGHUP};

std::atomic<bool> was_requested{false};
std::atomic<int> request_descriptor{-1};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free,
              "signal handlers may use them");

extern "C" void note_request(int) {
  const int saved_errno = errno;
  was_requested = true;
  const std::uint64_t one = 1;
  static_cast<void>(!::write(request_descriptor, &one, sizeof one));
  errno = saved_errno;
}

int new_eventfd() {
  const int descriptor = ::eventfd(0, EFD_CLOEXEC);
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  return descriptor;
}

/// What somebody like nohup told this process to ignore stays ignored.
void handle_signals(void (*handler)(int)) {
  for (const int signal : handled_signals) {
    struct sigaction action {};
    ::sigaction(signal, nullptr, &action);
    if (action.sa_handler == SIG_IGN) continue;
    action = {};
    action.sa_handler = handler;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    ::sigaction(signal, &action, nullptr);
  }
}

}  // namespace

struct Interrupt::State {
  explicit State(std::function<void()> action)
      : on_request(std::move(action)), closing(new_eventfd()) {}

  void watch() const {
    pollfd descriptors[] = {{request_descriptor, POLLIN, 0}, {closing.get(), POLLIN, 0}};
    while (::poll(descriptors, 2, -1) < 0 && errno == EINTR) {
    }
    if (descriptors[0].revents != 0) on_request();
  }

  const std::function<void()> on_request;
  const UniqueDescriptor closing;  // an eventfd that ends the thread
  std::thread thread;
};

Interrupt::Interrupt(std::function<void()> on_request)
    : state_(std::make_unique<State>(std::move(on_request))) {
  request_descriptor = new_eventfd();
  was_requested = false;
  sigset_t all, former;
  sigfillset(&all);
  // The new thread inherits the mask.
  pthread_sigmask(SIG_SETMASK, &all, &former);
  state_->thread = std::thread([state = state_.get()] { state->watch(); });
  pthread_sigmask(SIG_SETMASK, &former, nullptr);
  handle_signals(note_request);
}

Interrupt::~Interrupt() {
  handle_signals(SIG_DFL);
  const std::uint64_t one = 1;
  static_cast<void>(!::write(state_->closing.get(), &one, sizeof one));
  state_->thread.join();
  ::close(request_descriptor.exchange(-1));
}

bool Interrupt::requested() const noexcept { return was_requested; }

bool Interrupt::wait(std::uint64_t limit_ns) const noexcept {
  pollfd descriptor{request_descriptor, POLLIN, 0};
  const timespec limit{static_cast<time_t>(limit_ns / ns_per_s),
                       static_cast<long>(limit_ns % ns_per_s)};
  return ::ppoll(&descriptor, 1, &limit, nullptr) > 0;
}

int Interrupt::descriptor() const noexcept { return request_descriptor; }

void expect_closed_pipes() { std::signal(SIGPIPE, SIG_IGN); }

}  // namespace mmapvideo::tools
