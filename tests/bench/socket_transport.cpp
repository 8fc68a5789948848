// SPDX-License-Identifier: MIT
// Frames as bytes of a stream: send() in the writer, recv() in each reader.
#include "socket_transport.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "arrivals.hpp"
#include "bench_process.hpp"
#include "bench_task.hpp"
#include "bench_window.hpp"
#include "frame_work.hpp"

namespace bench {
namespace {

/// As much as the system allows: fewer turns between the two.
constexpr int socket_buffer_bytes = 4 << 20;

class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  ~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

[[noreturn]] void fail(const char* call) {
  throw std::runtime_error(std::string(call) + ": " + std::strerror(errno));
}

Socket make_socket() {
  Socket made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (made.get() < 0) fail("socket");
  return made;
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw std::runtime_error("the path is too long");
  std::memcpy(address.sun_path, path.c_str(), path.size());
  return address;
}

Socket listen_at(const std::string& path) {
  Socket listening = make_socket();
  const sockaddr_un address = address_of(path);
  if (::bind(listening.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    fail("bind");
  if (::listen(listening.get(), 64) != 0) fail("listen");
  return listening;
}

Socket connect_to(const std::string& path) {
  Socket connected = make_socket();
  const sockaddr_un address = address_of(path);
  if (::connect(connected.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    fail("connect");
  return connected;
}

std::vector<Socket> accept_all(const Socket& listening, int count) {
  std::vector<Socket> readers;
  for (int i = 0; i < count; ++i) {
    Socket reader(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (reader.get() < 0) fail("accept");
    ::setsockopt(reader.get(), SOL_SOCKET, SO_SNDBUF, &socket_buffer_bytes,
                 sizeof socket_buffer_bytes);
    readers.push_back(std::move(reader));
  }
  return readers;
}

void send_all(const Socket& reader, const std::vector<unsigned char>& frame) {
  for (std::size_t sent = 0; sent < frame.size();) {
    const ssize_t count =
        ::send(reader.get(), frame.data() + sent, frame.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("send");
    sent += static_cast<std::size_t>(count);
  }
}

/// False: the stream has ended.
bool receive_all(const Socket& writer, std::vector<unsigned char>& frame) {
  for (std::size_t got = 0; got < frame.size();) {
    const ssize_t count = ::recv(writer.get(), frame.data() + got, frame.size() - got, MSG_WAITALL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("recv");
    if (count == 0) return false;
    got += static_cast<std::size_t>(count);
  }
  return true;
}

/// Its number and time at last, as a source does.
std::uint64_t write_frame(std::vector<unsigned char>& frame, std::uint64_t number, bool filled) {
  if (filled) fill_frame(frame.data(), frame.size(), number);
  const FrameHead head{number, now_ns()};
  std::memcpy(frame.data(), &head, sizeof head);
  return head.stamp_ns;
}

}  // namespace

void run_socket_writer(const Json& task) {
  const std::uint64_t period_ns = task.at("period_ns");
  std::vector<unsigned char> frame(task.at("frame_bytes").get<std::size_t>(), 1);
  const Socket listening = listen_at(task.at("path"));
  say_ready();
  if (!wait_to_be_told("go")) return;
  std::vector<Socket> readers = accept_all(listening, task.at("readers"));
  Window window(window_settings(task));
  constexpr int frames_after = 8;  // the readers' windows close later
  std::uint64_t next_ns = now_ns();
  std::uint64_t number = 1;
  for (int after = 0; after < frames_after; after += window.closed(), ++number) {
    if (period_ns != 0) sleep_until(next_ns += period_ns);
    window.note(write_frame(frame, number, task.at("filled")));
    for (const Socket& reader : readers) send_all(reader, frame);
  }
  readers.clear();
  Figures figures = window.figures();
  figures["resident_mib"] = resident_mib();
  say_result(figures);
  wait_to_be_told("stop");
}

void run_socket_reader(const Json& task) {
  Arrivals arrivals(window_settings(task), task.at("filled"));
  std::vector<unsigned char> frame(task.at("frame_bytes").get<std::size_t>(), 1);
  const Socket writer = connect_to(task.at("path"));
  say_ready();
  while (receive_all(writer, frame)) arrivals.look_at(frame.data(), frame.size());
  if (!wait_to_be_told("stop")) return;
  const Figures figures = arrivals.figures();
  if (figures.at("frames") == 0) throw std::runtime_error("no frame arrived");
  say_result(figures);
}

}  // namespace bench
