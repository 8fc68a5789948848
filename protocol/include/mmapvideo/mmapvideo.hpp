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

/// mmapvideo_metadata_next(): false behind the last record that can be used; *status tells why.
inline bool next_record(const void* metadata, std::uint64_t bytes, std::uint64_t& position,
                        mmapvideo_record& record, Status* status = nullptr) noexcept {
  const Status outcome = mmapvideo_metadata_next(metadata, bytes, &position, &record);
  if (status != nullptr) *status = outcome;
  return outcome == MMAPVIDEO_OK;
}

class Writer;

/// A slot that was taken. Destroying it gives it back: unpublished, or as free to be rewritten. It
/// may outlive its writer. One thread uses it at a time.
class Slot {
 public:
  Slot(mmapvideo_writer* writer, const mmapvideo_slot_view& view) noexcept
      : writer_(writer), view_(view) {}
  Slot(Slot&& other) noexcept
      : writer_(std::exchange(other.writer_, nullptr)),
        view_(other.view_),
        published_(other.published_) {}
  Slot& operator=(Slot&& other) noexcept {
    std::swap(writer_, other.writer_);
    std::swap(view_, other.view_);
    std::swap(published_, other.published_);
    return *this;
  }
  ~Slot() {
    if (published_)
      mmapvideo_writer_release(writer_, &view_);
    else
      mmapvideo_writer_abort(writer_, &view_);
  }

  void* payload() const noexcept { return view_.payload; }
  std::uint64_t payload_capacity() const noexcept { return view_.payload_capacity; }
  void* metadata() const noexcept { return view_.metadata; }
  std::uint64_t metadata_capacity() const noexcept { return view_.metadata_capacity; }
  bool published() const noexcept { return published_; }
  /// As Writer::lend() of the same writer, also when that was closed: then there is none.
  std::optional<Slot> lend_another(std::uint64_t payload_bytes) const {
    mmapvideo_error error{};
    mmapvideo_slot_view view{};
    const Status status = internal::checked(
        mmapvideo_writer_lend(writer_, payload_bytes, 0, 0, &view, &error), error);
    return status == MMAPVIDEO_OK ? std::optional<Slot>(std::in_place, writer_, view)
                                  : std::nullopt;
  }

  /// Was it taken from this writer?
  bool is_of(const Writer& writer) const noexcept;

  /// Publishes it; from then on it may be read, and not be written any more. Nothing: a larger ring
  /// is in use by now, publish a copy. Otherwise the frame's number.
  std::optional<std::uint64_t> commit(const FrameInfo& info, const char* caps) {
    mmapvideo_error error{};
    std::uint64_t number = 0;
    const Status status = internal::checked(
        mmapvideo_writer_commit_and_hold(writer_, &view_, &info, caps, &number, &error), error);
    published_ = status == MMAPVIDEO_OK;
    return published_ ? std::optional(number) : std::nullopt;
  }

 private:
  mmapvideo_writer* writer_;
  mmapvideo_slot_view view_;
  bool published_ = false;
};

/// Publishes frames into one file. From any thread. Destroying it keeps the file; close() may
/// remove it.
class Writer {
 public:
  explicit Writer(const std::string& path, std::uint32_t permissions = 0,
                  std::uint32_t slot_count = 0) {
    mmapvideo_writer_options options{};
    options.path = path.c_str();
    options.permissions = permissions;
    options.slot_count = slot_count;
    *this = Writer(options);
  }
  explicit Writer(const mmapvideo_writer_options& options) {
    mmapvideo_error error{};
    handle_.reset(internal::checked_handle(mmapvideo_writer_open(&options, &error), error));
  }

  /// OK, or CANCELLED.
  Status reserve(std::uint64_t payload_bytes, std::uint32_t caps_bytes,
                 std::uint64_t metadata_bytes = 0, std::uint32_t held_slots = 0) {
    mmapvideo_error error{};
    return internal::checked(mmapvideo_writer_reserve(handle_.get(), payload_bytes, caps_bytes,
                                                      metadata_bytes, held_slots, &error),
                             error);
  }

  /// Nothing: no slot is free and the frame was dropped, or a wait was cancelled; *status tells.
  std::optional<Slot> begin(std::uint64_t payload_bytes, std::uint32_t caps_bytes,
                            std::uint64_t metadata_bytes = 0, Status* status = nullptr) {
    return take(mmapvideo_writer_begin, payload_bytes, caps_bytes, metadata_bytes, status);
  }

  /// A slot ahead of need. Nothing: none can be spared.
  std::optional<Slot> lend(std::uint64_t payload_bytes, std::uint32_t caps_bytes,
                           std::uint64_t metadata_bytes = 0) {
    return take(mmapvideo_writer_lend, payload_bytes, caps_bytes, metadata_bytes, nullptr);
  }

  /// Returns the frame's number; nothing: as begin().
  std::optional<std::uint64_t> publish(const FrameInfo& info, const char* caps, const void* payload,
                                       const void* metadata = nullptr) {
    mmapvideo_error error{};
    std::uint64_t number = 0;
    const Status status = internal::checked(
        mmapvideo_writer_publish(handle_.get(), &info, caps, payload, metadata, &number, &error),
        error);
    return status == MMAPVIDEO_OK ? std::optional(number) : std::nullopt;
  }

  /// OK, TIMEOUT, CANCELLED or NO_LOCKS.
  Status wait_for_readers(std::uint32_t count, std::int64_t timeout_ns) {
    mmapvideo_error error{};
    return internal::checked(
        mmapvideo_writer_wait_for_readers(handle_.get(), count, timeout_ns, &error), error);
  }
  /// Ends all waits, and those to come until resume(). From any thread.
  void cancel() noexcept { mmapvideo_writer_cancel(handle_.get()); }
  void resume() noexcept { mmapvideo_writer_resume(handle_.get()); }

  mmapvideo_writer_stats stats() const noexcept {
    mmapvideo_writer_stats stats{};
    mmapvideo_writer_get_stats(handle_.get(), &stats);
    return stats;
  }

  void end() noexcept { mmapvideo_writer_end(handle_.get()); }
  void close(bool keep_file) noexcept { mmapvideo_writer_close(handle_.release(), keep_file); }

 private:
  friend class Slot;

  template <typename Call>
  std::optional<Slot> take(Call call, std::uint64_t payload_bytes, std::uint32_t caps_bytes,
                           std::uint64_t metadata_bytes, Status* outcome) {
    mmapvideo_error error{};
    mmapvideo_slot_view view{};
    const Status status = internal::checked(
        call(handle_.get(), payload_bytes, caps_bytes, metadata_bytes, &view, &error), error);
    if (outcome != nullptr) *outcome = status;
    return status == MMAPVIDEO_OK ? std::optional<Slot>(std::in_place, handle_.get(), view)
                                  : std::nullopt;
  }

  struct Close {
    void operator()(mmapvideo_writer* writer) const noexcept { mmapvideo_writer_close(writer, 1); }
  };
  std::unique_ptr<mmapvideo_writer, Close> handle_;
};

inline bool Slot::is_of(const Writer& writer) const noexcept {
  return writer_ == writer.handle_.get();
}

/// A frame's payload in place, unchanging while this lives. It may outlive its reader. Any thread.
class Lease {
 public:
  Lease() noexcept = default;
  Lease(Lease&& other) noexcept : lease_(std::exchange(other.lease_, mmapvideo_lease{})) {}
  Lease& operator=(Lease&& other) noexcept {
    std::swap(lease_, other.lease_);
    return *this;
  }
  ~Lease() { mmapvideo_lease_end(&lease_); }

  /// NULL: nothing is leased.
  const void* payload() const noexcept { return lease_.payload; }
  std::uint64_t payload_bytes() const noexcept { return lease_.payload_bytes; }
  std::uint64_t number() const noexcept { return lease_.number; }
  bool is_intact() const noexcept { return mmapvideo_lease_is_intact(&lease_) != 0; }
  /// Another lease of the same frame.
  Lease share() const noexcept {
    Lease other;
    mmapvideo_lease_share(&lease_, &other.lease_);
    return other;
  }

 private:
  friend class Reader;
  mmapvideo_lease lease_{};
};

/// A file at one moment, and the caps of its newest frame ("" if there is none).
struct FileInfo : mmapvideo_file_info {
  std::string caps;
};

/// Looks at a file of anybody's without becoming its reader.
inline FileInfo inspect(const std::string& path) {
  constexpr std::uint32_t max_caps_bytes = 4096;
  FileInfo info{};
  char caps[max_caps_bytes] = {};
  mmapvideo_error error{};
  internal::checked(mmapvideo_inspect(path.c_str(), &info, caps, max_caps_bytes, &error), error);
  info.caps = caps;
  return info;
}

/// Takes frames out of one path, whatever happens to the file there.
class Reader {
 public:
  explicit Reader(const std::string& path, mmapvideo_delivery delivery = MMAPVIDEO_DELIVERY_LATEST,
                  bool accept_leftover = false, std::uint32_t max_leases = 0) {
    const mmapvideo_reader_options options{path.c_str(), static_cast<std::uint32_t>(delivery),
                                           accept_leftover, max_leases};
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

  /// OK or OVERWRITTEN.
  Status copy_range(std::uint64_t offset, void* to, std::uint64_t bytes) {
    mmapvideo_error error{};
    return internal::checked(mmapvideo_reader_copy_range(handle_.get(), offset, to, bytes, &error),
                             error);
  }

  /// OK, OVERWRITTEN, NO_LOCKS or TOO_MANY_LEASES. What `lease` held before ends.
  Status lease(Lease& lease) {
    mmapvideo_error error{};
    Lease taken;
    const Status status =
        internal::checked(mmapvideo_reader_lease(handle_.get(), &taken.lease_, &error), error);
    lease = std::move(taken);
    return status;
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
