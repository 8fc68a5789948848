// SPDX-License-Identifier: MIT
// Bytes in and out on Windows, as they are: no line ends are changed. An interrupt ends a call that
// blocks (interrupt_windows.cpp).
#include <fcntl.h>
#include <io.h>
#include <sys/stat.h>
#include <windows.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <failure.hpp>
#include <platform/os_failure_windows.hpp>
#include <platform/utf8_windows.hpp>

#include "byte_streams.hpp"
#include "directory_scan.hpp"
#include "text.hpp"

namespace mmapvideo::tools {
namespace {

constexpr int stdin_descriptor = 0;
constexpr int stdout_descriptor = 1;
constexpr std::size_t largest_transfer = std::size_t{1} << 20;

core::Failure os_failure(const char* verb, const std::string& name, int os_error) {
  const std::string shown = is_standard(name) ? verb == std::string("read") ? "stdin" : "stdout"
                                              : '"' + printable_path(name) + '"';
  return core::Failure(
      os_error == ENOENT ? MMAPVIDEO_NOT_FOUND : MMAPVIDEO_SYSTEM,
      std::string("Cannot ") + verb + ' ' + shown + ": " + std::strerror(os_error) + '.', verb,
      os_error);
}

UniqueDescriptor open_file(const std::string& name, int flags) {
  return UniqueDescriptor(::_wopen(core::platform::to_windows_path(name).c_str(),
                                   flags | _O_BINARY | _O_NOINHERIT, _S_IREAD | _S_IWRITE));
}

UniqueDescriptor open_input(const std::string& name) {
  if (is_standard(name)) return UniqueDescriptor();
  UniqueDescriptor file = open_file(name, _O_RDONLY);
  if (!file.valid()) throw os_failure("read", name, errno);
  return file;
}

UniqueDescriptor open_output(const std::string& name) {
  if (is_standard(name)) return UniqueDescriptor();
  const UniqueDescriptor present = open_file(name, _O_RDONLY);
  if (present.valid() && has_magic(present.get()))
    throw core::Failure(
        MMAPVIDEO_INVALID_ARGUMENT,
        '"' + printable_path(name) +
            "\" is a mapped file itself and was left as it is. Name another output.");
  UniqueDescriptor file = open_file(name, _O_WRONLY | _O_CREAT | _O_TRUNC);
  if (!file.valid()) throw os_failure("write", name, errno);
  return file;
}

/// -1: it is a pipe or a console.
long long position_of(int descriptor) {
  struct _stat64 status {};
  const bool regular = ::_fstat64(descriptor, &status) == 0 && (status.st_mode & _S_IFREG) != 0;
  return regular ? ::_lseeki64(descriptor, 0, SEEK_CUR) : -1;
}

int as_bytes(int descriptor) {
  ::_setmode(descriptor, _O_BINARY);
  return descriptor;
}

/// The other end of the pipe is closed.
bool nobody_reads(DWORD os_error) {
  return os_error == ERROR_BROKEN_PIPE || os_error == ERROR_NO_DATA ||
         os_error == ERROR_PIPE_NOT_CONNECTED;
}

unsigned transfer(std::size_t bytes) {
  return static_cast<unsigned>(std::min(bytes, largest_transfer));
}

}  // namespace

void close_descriptor(int descriptor) noexcept { ::_close(descriptor); }

ByteInput::ByteInput(const std::string& name, const Interrupt& interrupt)
    : interrupt_(interrupt),
      name_(is_standard(name) ? "stdin" : '"' + printable_path(name) + '"'),
      own_(open_input(name)),
      descriptor_(own_.valid() ? own_.get() : as_bytes(stdin_descriptor)),
      begin_(position_of(descriptor_)) {}

std::size_t ByteInput::read(char* to, std::size_t bytes) {
  if (interrupt_.requested()) return 0;
  const int got = ::_read(descriptor_, to, transfer(bytes));
  if (interrupt_.requested()) return 0;
  if (got < 0) throw os_failure("read", "-", errno);
  return static_cast<std::size_t>(got);
}

bool ByteInput::seekable() const { return begin_ >= 0; }

void ByteInput::rewind() {
  if (::_lseeki64(descriptor_, begin_, SEEK_SET) < 0) throw os_failure("read", "-", errno);
}

ByteOutput::ByteOutput(const std::string& name, const Interrupt& interrupt)
    : interrupt_(interrupt),
      name_(name),
      own_(open_output(name)),
      descriptor_(own_.valid() ? own_.get() : as_bytes(stdout_descriptor)) {}

/// Not by the C library, which takes a part that was written for none.
bool ByteOutput::write(std::string_view bytes) {
  const auto handle = reinterpret_cast<HANDLE>(::_get_osfhandle(descriptor_));
  while (!bytes.empty()) {
    if (interrupt_.requested()) return false;
    DWORD put = 0;
    const bool done = WriteFile(handle, bytes.data(), transfer(bytes.size()), &put, nullptr) != 0;
    if (done && put > 0) {
      bytes.remove_prefix(put);
      continue;
    }
    const DWORD os_error = done ? ERROR_DISK_FULL : GetLastError();
    if (interrupt_.requested() || nobody_reads(os_error)) return false;
    const std::string to = is_standard(name_) ? "stdout" : '"' + printable_path(name_) + '"';
    throw core::Failure(MMAPVIDEO_SYSTEM,
                        "Cannot write " + to + ": " + core::platform::os_message(os_error),
                        "WriteFile", static_cast<int>(os_error));
  }
  return true;
}

}  // namespace mmapvideo::tools
