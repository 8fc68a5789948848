// SPDX-License-Identifier: MIT
// libmmapvideo for C++: move-only owners over the C interface, which documents what they do.
#pragma once

#include <mmapvideo/mmapvideo.h>

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace mmapvideo {

using Status = mmapvideo_status;
using Frame = mmapvideo_frame;
using FrameInfo = mmapvideo_frame_info;
using SlotView = mmapvideo_slot_view;

/// A failure (a status above MMAPVIDEO_LAST_OUTCOME). Ordinary outcomes are returned instead.
class Error : public std::exception {
 public:
  explicit Error(const mmapvideo_error& error) : error_(error) {}
  Status status() const noexcept { return error_.status; }
  int os_error() const noexcept { return error_.os_error; }
  /// One sentence for the user: names the file and the remedy.
  const char* what() const noexcept override { return error_.message; }
  /// For the developer: the failing call.
  const char* detail() const noexcept { return error_.detail; }

 private:
  mmapvideo_error error_;
};

namespace internal {

inline Status checked(Status status, const mmapvideo_error& error) {
  if (status > MMAPVIDEO_LAST_OUTCOME) throw Error(error);
  return status;
}

template <typename Handle>
Handle* checked_handle(Handle* handle, const mmapvideo_error& error) {
  if (handle == nullptr) throw Error(error);
  return handle;
}

}  // namespace internal

/// Publishes frames into one file. Destroying it keeps the file; close() may remove it.
class Writer {
 public:
  explicit Writer(const std::string& path, std::uint32_t permissions = 0,
                  std::uint32_t slot_count = 0) {
    const mmapvideo_writer_options options{path.c_str(), permissions, slot_count};
    mmapvideo_error error{};
    handle_.reset(internal::checked_handle(mmapvideo_writer_open(&options, &error), error));
  }

  void reserve(std::uint64_t payload_bytes, std::uint32_t caps_bytes,
               std::uint64_t metadata_bytes = 0) {
    mmapvideo_error error{};
    internal::checked(
        mmapvideo_writer_reserve(handle_.get(), payload_bytes, caps_bytes, metadata_bytes, &error),
        error);
  }

  /// Nothing: no slot is free and the frame was dropped.
  std::optional<SlotView> begin(std::uint64_t payload_bytes, std::uint32_t caps_bytes,
                                std::uint64_t metadata_bytes = 0) {
    mmapvideo_error error{};
    SlotView view{};
    const Status status =
        internal::checked(mmapvideo_writer_begin(handle_.get(), payload_bytes, caps_bytes,
                                                 metadata_bytes, &view, &error),
                          error);
    return status == MMAPVIDEO_OK ? std::optional(view) : std::nullopt;
  }

  /// Returns the frame's number.
  std::uint64_t commit(const SlotView& view, const FrameInfo& info, const char* caps) {
    mmapvideo_error error{};
    std::uint64_t number = 0;
    internal::checked(mmapvideo_writer_commit(handle_.get(), &view, &info, caps, &number, &error),
                      error);
    return number;
  }

  void abort(const SlotView& view) noexcept { mmapvideo_writer_abort(handle_.get(), &view); }

  /// Returns the frame's number; nothing: no slot is free and the frame was dropped.
  std::optional<std::uint64_t> publish(const FrameInfo& info, const char* caps, const void* payload,
                                       const void* metadata = nullptr) {
    mmapvideo_error error{};
    std::uint64_t number = 0;
    const Status status = internal::checked(
        mmapvideo_writer_publish(handle_.get(), &info, caps, payload, metadata, &number, &error),
        error);
    return status == MMAPVIDEO_OK ? std::optional(number) : std::nullopt;
  }

  mmapvideo_writer_stats stats() const noexcept {
    mmapvideo_writer_stats stats{};
    mmapvideo_writer_get_stats(handle_.get(), &stats);
    return stats;
  }

  void end() noexcept { mmapvideo_writer_end(handle_.get()); }
  void close(bool keep_file) noexcept { mmapvideo_writer_close(handle_.release(), keep_file); }

 private:
  struct Close {
    void operator()(mmapvideo_writer* writer) const noexcept { mmapvideo_writer_close(writer, 1); }
  };
  std::unique_ptr<mmapvideo_writer, Close> handle_;
};

/// Takes frames out of one path, whatever happens to the file there.
class Reader {
 public:
  explicit Reader(const std::string& path, mmapvideo_delivery delivery = MMAPVIDEO_DELIVERY_LATEST,
                  bool accept_leftover = false) {
    const mmapvideo_reader_options options{path.c_str(), delivery, accept_leftover};
    mmapvideo_error error{};
    handle_.reset(internal::checked_handle(mmapvideo_reader_open(&options, &error), error));
  }

  /// OK, TIMEOUT, CANCELLED, ENDED or WRITER_LOST.
  Status next(std::int64_t timeout_ns, Frame& frame) {
    mmapvideo_error error{};
    return internal::checked(mmapvideo_reader_next(handle_.get(), timeout_ns, &frame, &error),
                             error);
  }

  /// OK or OVERWRITTEN.
  Status copy_payload(void* to, std::uint64_t bytes) {
    mmapvideo_error error{};
    return internal::checked(mmapvideo_reader_copy_payload(handle_.get(), to, bytes, &error),
                             error);
  }

  void cancel() noexcept { mmapvideo_reader_cancel(handle_.get()); }
  void resume() noexcept { mmapvideo_reader_resume(handle_.get()); }

  mmapvideo_reader_stats stats() const noexcept {
    mmapvideo_reader_stats stats{};
    mmapvideo_reader_get_stats(handle_.get(), &stats);
    return stats;
  }

 private:
  struct Close {
    void operator()(mmapvideo_reader* reader) const noexcept { mmapvideo_reader_close(reader); }
  };
  std::unique_ptr<mmapvideo_reader, Close> handle_;
};

}  // namespace mmapvideo
