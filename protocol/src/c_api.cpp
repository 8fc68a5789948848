// SPDX-License-Identifier: MIT
// The C interface: argument checks, the barrier that turns exceptions into statuses, forwarding.
#include <mmapvideo/mmapvideo.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include "failure.hpp"
#include "frame_format.hpp"
#include "glance.hpp"
#include "inspector.hpp"
#include "metadata_records.hpp"
#include "payload_copy.hpp"
#include "reader.hpp"
#include "reader_ring.hpp"
#include "seqlock.hpp"
#include "writer.hpp"

using mmapvideo::core::Failure;
using mmapvideo::core::Reader;
using mmapvideo::core::ReaderRing;
using mmapvideo::core::Writer;

struct mmapvideo_writer {
  explicit mmapvideo_writer(Writer::Options options) : core(std::move(options)) {}
  Writer core;
};

struct mmapvideo_reader {
  explicit mmapvideo_reader(Reader::Options options) : core(std::move(options)) {}
  Reader core;
};

namespace {

template <std::size_t N>
void copy_text(char (&to)[N], const std::string& from) noexcept {
  const std::size_t length = std::min(from.size(), N - 1);
  std::memcpy(to, from.data(), length);
  to[length] = '\0';
}

mmapvideo_status report(mmapvideo_error* error, const Failure& failure) noexcept {
  if (error != nullptr) {
    error->status = failure.status();
    error->os_error = failure.os_error();
    copy_text(error->message, failure.message());
    copy_text(error->detail, failure.detail());
  }
  return failure.status();
}

/// Runs `body`; no exception leaves it.
template <typename Body>
mmapvideo_status guarded(mmapvideo_error* error, Body body) noexcept {
  try {
    return body();
  } catch (const Failure& failure) {
    return report(error, failure);
  } catch (const std::bad_alloc&) {
    return report(error, Failure(MMAPVIDEO_OUT_OF_MEMORY, "Out of memory."));
  } catch (const std::exception& unexpected) {
    return report(error, Failure(MMAPVIDEO_SYSTEM, "An unexpected failure.", unexpected.what()));
  }
}

void require(bool condition, const char* sentence) {
  if (!condition) throw Failure(MMAPVIDEO_INVALID_ARGUMENT, sentence, "argument check");
}

void require_path(const char* path) {
  require(path != nullptr && *path != '\0', "No path was given: name the file to share frames in.");
}

Writer::Options writer_options(const mmapvideo_writer_options* options) {
  require(options != nullptr, "No options were given.");
  require_path(options->path);
  require((options->permissions & ~07777u) == 0, "permissions is not a file mode.");
  if (options->slot_count == 1 || options->slot_count > MMAPVIDEO_MAX_SLOTS)
    throw Failure(MMAPVIDEO_INVALID_ARGUMENT,
                  "\"" + std::string(options->path) + "\" cannot have " +
                      std::to_string(options->slot_count) +
                      " slots: from 2 to 1024 are possible, or 0 to let the frame size choose.",
                  "argument check");
  require(options->delivery <= MMAPVIDEO_DELIVERY_ACKNOWLEDGED, "delivery is unknown.");
  return {
      options->path, options->permissions == 0 ? 0600u : options->permissions, options->slot_count,
      options->delivery,
      options->wait_timeout_ns == 0 ? MMAPVIDEO_DEFAULT_WAIT_TIMEOUT_NS : options->wait_timeout_ns};
}

Reader::Options reader_options(const mmapvideo_reader_options* options) {
  require(options != nullptr, "No options were given.");
  require_path(options->path);
  require(options->delivery == MMAPVIDEO_DELIVERY_LATEST ||
              options->delivery == MMAPVIDEO_DELIVERY_EVERY_FRAME,
          "delivery is unknown.");
  return {options->path, static_cast<mmapvideo_delivery>(options->delivery),
          options->accept_leftover != 0,
          options->max_leases == 0 ? MMAPVIDEO_DEFAULT_MAX_LEASES : options->max_leases};
}

mmapvideo_status commit(mmapvideo_writer* writer, const mmapvideo_slot_view* view,
                        const mmapvideo_frame_info* info, const char* caps, bool hold,
                        uint64_t* number, mmapvideo_error* error) noexcept {
  return guarded(error, [&] {
    require(writer != nullptr && view != nullptr && info != nullptr,
            "writer, view or info is NULL.");
    require(caps != nullptr || info->caps_bytes == 0, "caps is NULL.");
    const auto published = writer->core.commit(*view, *info, caps, hold);
    if (!published) return MMAPVIDEO_RING_REPLACED;
    if (number != nullptr) *number = *published;
    return MMAPVIDEO_OK;
  });
}

/// Gives a slot back by `call`; frees a writer that was closed, with its last slot.
template <typename Call>
void give_back(mmapvideo_writer* writer, const mmapvideo_slot_view* view, Call call) noexcept {
  if (writer == nullptr || view == nullptr) return;
  bool last = false;
  guarded(nullptr, [&] {
    last = (writer->core.*call)(*view);
    return MMAPVIDEO_OK;
  });
  if (last) delete writer;
}

}  // namespace

const char* mmapvideo_status_name(mmapvideo_status status) {
  switch (status) {
    case MMAPVIDEO_OK:
      return "ok";
    case MMAPVIDEO_TIMEOUT:
      return "timeout";
    case MMAPVIDEO_CANCELLED:
      return "cancelled";
    case MMAPVIDEO_ENDED:
      return "ended";
    case MMAPVIDEO_WRITER_LOST:
      return "writer lost";
    case MMAPVIDEO_OVERWRITTEN:
      return "overwritten";
    case MMAPVIDEO_NO_FREE_SLOT:
      return "no free slot";
    case MMAPVIDEO_RING_REPLACED:
      return "ring replaced";
    case MMAPVIDEO_NO_LOCKS:
      return "no locks";
    case MMAPVIDEO_TOO_MANY_LEASES:
      return "too many leases";
    case MMAPVIDEO_INVALID_ARGUMENT:
      return "invalid argument";
    case MMAPVIDEO_NOT_FOUND:
      return "not found";
    case MMAPVIDEO_PERMISSION_DENIED:
      return "permission denied";
    case MMAPVIDEO_READ_ONLY:
      return "read-only file system";
    case MMAPVIDEO_NOT_A_REGULAR_FILE:
      return "not a regular file";
    case MMAPVIDEO_FOREIGN_FILE:
      return "foreign file";
    case MMAPVIDEO_UNSUPPORTED_VERSION:
      return "unsupported version";
    case MMAPVIDEO_BROKEN_FILE:
      return "broken file";
    case MMAPVIDEO_ALREADY_WRITING:
      return "already being written";
    case MMAPVIDEO_NO_SPACE:
      return "no space";
    case MMAPVIDEO_OUT_OF_MEMORY:
      return "out of memory";
    case MMAPVIDEO_SYSTEM:
      return "system error";
  }
  return "unknown status";
}

uint64_t mmapvideo_clock_now_ns(void) { return mmapvideo::core::platform::monotonic_ns(); }

// ---- Writer -----------------------------------------------------------------------------------

mmapvideo_status mmapvideo_frame_info_init(mmapvideo_frame_info* info, const char* format,
                                           uint32_t width, uint32_t height, uint32_t fps_numerator,
                                           uint32_t fps_denominator, mmapvideo_error* error) {
  return guarded(error, [&] {
    require(info != nullptr, "info is NULL.");
    *info = mmapvideo::core::describe_frame(format, width, height, fps_numerator, fps_denominator);
    return MMAPVIDEO_OK;
  });
}

uint32_t mmapvideo_frame_info_caps(const mmapvideo_frame_info* info, char* caps,
                                   uint32_t capacity) {
  if (info == nullptr || caps == nullptr) return 0;
  try {
    const std::string text = mmapvideo::core::caps_of(*info);
    if (text.size() >= capacity) return 0;
    std::memcpy(caps, text.c_str(), text.size() + 1);
    return static_cast<uint32_t>(text.size());
  } catch (const std::exception&) {
    return 0;
  }
}

mmapvideo_writer* mmapvideo_writer_open(const mmapvideo_writer_options* options,
                                        mmapvideo_error* error) {
  mmapvideo_writer* writer = nullptr;
  guarded(error, [&] {
    writer = new mmapvideo_writer(writer_options(options));
    return MMAPVIDEO_OK;
  });
  return writer;
}

mmapvideo_status mmapvideo_writer_reserve(mmapvideo_writer* writer, uint64_t payload_bytes,
                                          uint32_t caps_bytes, uint64_t metadata_bytes,
                                          uint32_t held_slots, mmapvideo_error* error) {
  return guarded(error, [&] {
    require(writer != nullptr, "writer is NULL.");
    return writer->core.reserve({payload_bytes, caps_bytes, metadata_bytes}, held_slots);
  });
}

mmapvideo_status mmapvideo_writer_begin(mmapvideo_writer* writer, uint64_t payload_bytes,
                                        uint32_t caps_bytes, uint64_t metadata_bytes,
                                        mmapvideo_slot_view* view, mmapvideo_error* error) {
  return guarded(error, [&] {
    require(writer != nullptr && view != nullptr, "writer or view is NULL.");
    return writer->core.begin({payload_bytes, caps_bytes, metadata_bytes}, *view);
  });
}

mmapvideo_status mmapvideo_writer_lend(mmapvideo_writer* writer, uint64_t payload_bytes,
                                       uint32_t caps_bytes, uint64_t metadata_bytes,
                                       mmapvideo_slot_view* view, mmapvideo_error* error) {
  return guarded(error, [&] {
    require(writer != nullptr && view != nullptr, "writer or view is NULL.");
    return writer->core.lend({payload_bytes, caps_bytes, metadata_bytes}, *view);
  });
}

mmapvideo_status mmapvideo_writer_wait_for_readers(mmapvideo_writer* writer, uint32_t count,
                                                   int64_t timeout_ns, mmapvideo_error* error) {
  return guarded(error, [&] {
    require(writer != nullptr, "writer is NULL.");
    return writer->core.wait_for_readers(count, timeout_ns);
  });
}

mmapvideo_status mmapvideo_list_readers(const char* path, mmapvideo_reader_info* readers,
                                        uint32_t capacity, uint32_t* count,
                                        mmapvideo_error* error) {
  return guarded(error, [&] {
    require_path(path);
    require(count != nullptr && (readers != nullptr || capacity == 0), "readers or count is NULL.");
    const auto found = mmapvideo::core::inspect(path).readers;
    std::copy_n(found.begin(), std::min<std::size_t>(capacity, found.size()), readers);
    *count = static_cast<uint32_t>(found.size());
    return MMAPVIDEO_OK;
  });
}

mmapvideo_status mmapvideo_inspect(const char* path, mmapvideo_file_info* info, char* caps,
                                   uint32_t caps_capacity, mmapvideo_error* error) {
  return guarded(error, [&] {
    require_path(path);
    require(info != nullptr && (caps != nullptr || caps_capacity == 0), "info or caps is NULL.");
    const auto found = mmapvideo::core::glance(path);
    *info = found.info;
    const bool fits = found.newest_caps.size() < caps_capacity;
    if (fits) std::memcpy(caps, found.newest_caps.data(), found.newest_caps.size());
    if (caps_capacity != 0) caps[fits ? found.newest_caps.size() : 0] = '\0';
    return MMAPVIDEO_OK;
  });
}

void mmapvideo_writer_cancel(mmapvideo_writer* writer) {
  if (writer != nullptr) writer->core.cancel();
}

void mmapvideo_writer_resume(mmapvideo_writer* writer) {
  if (writer != nullptr) writer->core.resume();
}

mmapvideo_status mmapvideo_writer_commit(mmapvideo_writer* writer, const mmapvideo_slot_view* view,
                                         const mmapvideo_frame_info* info, const char* caps,
                                         uint64_t* number, mmapvideo_error* error) {
  return commit(writer, view, info, caps, false, number, error);
}

mmapvideo_status mmapvideo_writer_commit_and_hold(mmapvideo_writer* writer,
                                                  const mmapvideo_slot_view* view,
                                                  const mmapvideo_frame_info* info,
                                                  const char* caps, uint64_t* number,
                                                  mmapvideo_error* error) {
  return commit(writer, view, info, caps, true, number, error);
}

void mmapvideo_writer_abort(mmapvideo_writer* writer, const mmapvideo_slot_view* view) {
  give_back(writer, view, &Writer::abort);
}

void mmapvideo_writer_release(mmapvideo_writer* writer, const mmapvideo_slot_view* view) {
  give_back(writer, view, &Writer::release);
}

mmapvideo_status mmapvideo_writer_publish(mmapvideo_writer* writer,
                                          const mmapvideo_frame_info* info, const char* caps,
                                          const void* payload, const void* metadata,
                                          uint64_t* number, mmapvideo_error* error) {
  if (info == nullptr || payload == nullptr || (metadata == nullptr && info->metadata_bytes != 0))
    return report(error, Failure(MMAPVIDEO_INVALID_ARGUMENT, "info, payload or metadata is NULL.",
                                 "argument check"));
  mmapvideo_status status = MMAPVIDEO_RING_REPLACED;
  // Another thread may make a larger ring between begin and commit.
  while (status == MMAPVIDEO_RING_REPLACED) {
    mmapvideo_slot_view view{};
    // Giving a slot back frees the handle only after close, which nobody calls while it is in use.
    // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDelete)
    status = mmapvideo_writer_begin(writer, info->payload_bytes, info->caps_bytes,
                                    info->metadata_bytes, &view, error);
    if (status != MMAPVIDEO_OK) return status;
    mmapvideo::core::copy_racing_into_mapping(view.payload, payload, info->payload_bytes);
    if (info->metadata_bytes != 0)
      mmapvideo::core::copy_racing_into_mapping(view.metadata, metadata, info->metadata_bytes);
    status = mmapvideo_writer_commit(writer, &view, info, caps, number, error);
    if (status != MMAPVIDEO_OK) mmapvideo_writer_abort(writer, &view);
  }
  return status;
}

void mmapvideo_writer_get_stats(mmapvideo_writer* writer, mmapvideo_writer_stats* stats) {
  if (writer == nullptr || stats == nullptr) return;
  guarded(nullptr, [&] {
    *stats = writer->core.stats();
    return MMAPVIDEO_OK;
  });
}

void mmapvideo_writer_end(mmapvideo_writer* writer) {
  if (writer != nullptr) writer->core.end();
}

void mmapvideo_writer_close(mmapvideo_writer* writer, int keep_file) {
  if (writer == nullptr) return;
  if (writer->core.close(keep_file != 0)) delete writer;
}

// ---- Reader -----------------------------------------------------------------------------------

mmapvideo_reader* mmapvideo_reader_open(const mmapvideo_reader_options* options,
                                        mmapvideo_error* error) {
  mmapvideo_reader* reader = nullptr;
  guarded(error, [&] {
    reader = new mmapvideo_reader(reader_options(options));
    return MMAPVIDEO_OK;
  });
  return reader;
}

mmapvideo_status mmapvideo_reader_next(mmapvideo_reader* reader, int64_t timeout_ns,
                                       mmapvideo_frame* frame, mmapvideo_error* error) {
  return guarded(error, [&] {
    require(reader != nullptr && frame != nullptr, "reader or frame is NULL.");
    return reader->core.next(timeout_ns, *frame);
  });
}

mmapvideo_status mmapvideo_reader_copy_payload(mmapvideo_reader* reader, void* to, uint64_t bytes,
                                               mmapvideo_error* error) {
  return mmapvideo_reader_copy_range(reader, 0, to, bytes, error);
}

mmapvideo_status mmapvideo_reader_copy_range(mmapvideo_reader* reader, uint64_t offset, void* to,
                                             uint64_t bytes, mmapvideo_error* error) {
  return guarded(error, [&] {
    require(reader != nullptr && to != nullptr, "reader or destination is NULL.");
    return reader->core.copy_range(offset, to, bytes);
  });
}

mmapvideo_status mmapvideo_reader_lease(mmapvideo_reader* reader, mmapvideo_lease* lease,
                                        mmapvideo_error* error) {
  return guarded(error, [&] {
    require(reader != nullptr && lease != nullptr, "reader or lease is NULL.");
    return reader->core.lease(*lease);
  });
}

void mmapvideo_lease_share(const mmapvideo_lease* from, mmapvideo_lease* to) {
  if (from == nullptr || to == nullptr) return;
  *to = *from;
  if (from->ring != nullptr) static_cast<ReaderRing*>(from->ring)->share(from->slot_index);
}

int mmapvideo_lease_is_intact(const mmapvideo_lease* lease) {
  if (lease == nullptr || lease->ring == nullptr) return 0;
  const auto& slot = static_cast<const ReaderRing*>(lease->ring)->slot(lease->slot_index);
  return mmapvideo::core::slot_unchanged(slot.stamp, 2 * lease->number);
}

void mmapvideo_lease_end(mmapvideo_lease* lease) {
  if (lease == nullptr) return;
  const mmapvideo_lease ended = std::exchange(*lease, mmapvideo_lease{});
  if (ended.ring != nullptr) static_cast<ReaderRing*>(ended.ring)->end_lease(ended.slot_index);
}

mmapvideo_status mmapvideo_metadata_next(const void* metadata, uint64_t bytes, uint64_t* position,
                                         mmapvideo_record* record) {
  if (metadata == nullptr || position == nullptr || record == nullptr)
    return MMAPVIDEO_INVALID_ARGUMENT;
  return mmapvideo::core::next_record(metadata, bytes, *position, *record);
}

void mmapvideo_reader_cancel(mmapvideo_reader* reader) {
  if (reader != nullptr) reader->core.cancel();
}

void mmapvideo_reader_resume(mmapvideo_reader* reader) {
  if (reader != nullptr) reader->core.resume();
}

void mmapvideo_reader_get_stats(mmapvideo_reader* reader, mmapvideo_reader_stats* stats) {
  if (reader != nullptr && stats != nullptr) *stats = reader->core.stats();
}

void mmapvideo_reader_close(mmapvideo_reader* reader) { delete reader; }
