// SPDX-License-Identifier: MIT
// Bytes in and out on POSIX systems.
#include "byte_streams.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <failure.hpp>
#include <system_error>

#include "directory_scan.hpp"
#include "text.hpp"

namespace mmapvideo::tools {
namespace {

constexpr mode_t new_file_mode = 0666;  // less the umask

core::Failure os_failure(const char* verb, const std::string& name, int os_error) {
  const std::string shown = is_standard(name) ? verb == std::string("read") ? "stdin" : "stdout"
                                              : '"' + printable_path(name) + '"';
  return core::Failure(os_error == ENOENT ? MMAPVIDEO_NOT_FOUND : MMAPVIDEO_SYSTEM,
                       std::string("Cannot ") + verb + ' ' + shown + ": " +
                           std::generic_category().message(os_error) + '.',
                       verb, os_error);
}

UniqueDescriptor open_input(const std::string& name) {
  if (is_standard(name)) return UniqueDescriptor();
  UniqueDescriptor file(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) throw os_failure("read", name, errno);
  return file;
}

UniqueDescriptor open_output(const std::string& name) {
  if (is_standard(name)) return UniqueDescriptor();
  const UniqueDescriptor present(::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (present.valid() && has_magic(present.get()))
    throw core::Failure(
        MMAPVIDEO_INVALID_ARGUMENT,
        '"' + printable_path(name) +
            "\" is a mapped file itself and was left as it is. Name another output.");
  UniqueDescriptor file(
      ::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, new_file_mode));
  if (!file.valid()) throw os_failure("write", name, errno);
  return file;
}

}  // namespace

void close_descriptor(int descriptor) noexcept { ::close(descriptor); }

ByteInput::ByteInput(const std::string& name, const Interrupt& interrupt)
    : interrupt_(interrupt),
      name_(is_standard(name) ? "stdin" : '"' + printable_path(name) + '"'),
      own_(open_input(name)),
      descriptor_(own_.valid() ? own_.get() : STDIN_FILENO),
      begin_(::lseek(descriptor_, 0, SEEK_CUR)) {}

std::size_t ByteInput::read(char* to, std::size_t bytes) {
  for (;;) {
    pollfd descriptors[] = {{descriptor_, POLLIN, 0}, {interrupt_.descriptor(), POLLIN, 0}};
    if (::poll(descriptors, 2, -1) < 0 && errno != EINTR) throw os_failure("read", "-", errno);
    if (interrupt_.requested()) return 0;
    if (descriptors[0].revents == 0) continue;
    const ssize_t got = ::read(descriptor_, to, bytes);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR && errno != EAGAIN) throw os_failure("read", "-", errno);
  }
}

bool ByteInput::seekable() const { return begin_ >= 0; }

void ByteInput::rewind() {
  if (::lseek(descriptor_, begin_, SEEK_SET) < 0) throw os_failure("read", "-", errno);
}

ByteOutput::ByteOutput(const std::string& name, const Interrupt& interrupt)
    : interrupt_(interrupt),
      name_(name),
      own_(open_output(name)),
      descriptor_(own_.valid() ? own_.get() : STDOUT_FILENO) {}

bool ByteOutput::write(std::string_view bytes) {
  while (!bytes.empty()) {
    if (interrupt_.requested()) return false;
    const ssize_t put = ::write(descriptor_, bytes.data(), bytes.size());
    if (put >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(put));
      continue;
    }
    if (errno == EPIPE) return false;
    if (errno == EAGAIN) {
      pollfd writable{descriptor_, POLLOUT, 0};
      ::poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      throw os_failure("write", name_, errno);
    }
  }
  return true;
}

}  // namespace mmapvideo::tools
