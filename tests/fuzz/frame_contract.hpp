// SPDX-License-Identifier: MIT
// What a reader may hand out, whatever is in the file: mmapvideo.h's promises, checked by the side
// that gets the frame.
#pragma once

#include <cstring>
#include <vector>

#include "fuzz_target.hpp"
#include "spec_12.hpp"
#include "support/library.hpp"

namespace mmapvideo_fuzz {

inline void check_failure(mmapvideo_status status, const mmapvideo_error& error) {
  using namespace mmapvideo_test;
  require(is_known_status(status), "the status is one of mmapvideo.h");
  if (!is_failure(status)) return;
  const std::size_t length = strnlen(error.message, sizeof error.message);
  require(error.status == status, "the error has the status");
  require(length > 0 && length < sizeof error.message && error.message[length - 1] == '.',
          "a failure has a sentence");
}

inline void check_info(const mmapvideo_frame& frame) {
  const mmapvideo_frame_info& info = *frame.info;
  require(frame.number >= 1 && frame.number <= MMAPVIDEO_MAX_FRAME_NUMBER, "the number is valid");
  require(info.payload_bytes >= 1, "a frame has bytes");
  require(spec::valid_planes(info), "planes lie within the payload");
  require(spec::holds_nul(info.format) && spec::holds_nul(info.colorimetry) &&
              spec::holds_nul(info.chroma_site),
          "texts are terminated");
  require(std::strlen(frame.caps) == info.caps_bytes, "caps have their length");
  require((frame.metadata == nullptr) == (info.metadata_bytes == 0), "metadata is there iff it is");
  if (frame.metadata != nullptr) {
    std::vector<std::byte> metadata(info.metadata_bytes);
    std::memcpy(metadata.data(), frame.metadata, metadata.size());
  }
}

/// Every byte of a lease can be read.
inline void check_lease(mmapvideo_reader* reader, const mmapvideo_frame& frame) {
  mmapvideo_lease lease{};
  mmapvideo_error error{};
  const mmapvideo_status status = mmapvideo_reader_lease(reader, &lease, &error);
  check_failure(status, error);
  if (status != MMAPVIDEO_OK) return;
  require(lease.number == frame.number && lease.payload_bytes == frame.info->payload_bytes,
          "the lease is of the frame");
  std::vector<std::byte> copy(lease.payload_bytes);
  std::memcpy(copy.data(), lease.payload, copy.size());
  mmapvideo_lease_end(&lease);
}

/// One call of next() after a frame of number `position`; 0: none yet. Returns the new position.
inline std::uint64_t check_next(const mmapvideo_test::Reader& reader, std::uint64_t position) {
  mmapvideo_frame frame{};
  mmapvideo_error error{};
  const mmapvideo_status status =
      mmapvideo_reader_next(reader.get(), mmapvideo_test::kNoWait, &frame, &error);
  check_failure(status, error);
  if (status != MMAPVIDEO_OK) return position;
  check_info(frame);
  require(frame.number > position, "numbers increase");
  const std::uint64_t number = frame.number;
  check_lease(reader.get(), frame);
  std::vector<std::byte> payload(frame.info->payload_bytes);
  check_failure(mmapvideo_reader_copy_payload(reader.get(), payload.data(), payload.size(), &error),
                error);
  return number;
}

}  // namespace mmapvideo_fuzz
