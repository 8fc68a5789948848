// SPDX-License-Identifier: MIT
// Files with any one bit flipped, and files of random bytes: a status, never a crash, and a refused
// file keeps every byte.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "support/every_bit.hpp"
#include "support/file_test.hpp"
#include "support/forged_file.hpp"
#include "support/library.hpp"

using namespace mmapvideo_test;

/// One body tries thousands of files, and a sanitizer takes its time over each.
class FlippedBitsTest : public FileTest {
 protected:
  Watchdog patient_watchdog_{600};
};

namespace {

#define HEADER_AT(field) offsetof(struct mmapvideo_file_header, field)

__extension__ typedef __int128 Wide;  // no product of two fields overflows it

/// SPEC 12 on what a reader handed out, checked again here.
std::string problem_of_frame(const Taken& taken, std::uint64_t payload_capacity) {
  const mmapvideo_frame_info& info = taken.info;
  if (taken.number == 0 || taken.number > MMAPVIDEO_MAX_FRAME_NUMBER) return "number";
  if (info.payload_bytes == 0 || info.payload_bytes > payload_capacity) return "payload_bytes";
  if (info.caps_bytes != taken.caps.size()) return "caps_bytes";
  if (info.plane_count > 4) return "plane_count";
  if (std::memchr(info.format, 0, sizeof info.format) == nullptr) return "format";
  if (std::memchr(info.colorimetry, 0, sizeof info.colorimetry) == nullptr) return "colorimetry";
  if (std::memchr(info.chroma_site, 0, sizeof info.chroma_site) == nullptr) return "chroma_site";
  for (unsigned i = 0; i < info.plane_count; ++i) {
    const mmapvideo_plane& plane = info.planes[i];
    if (plane.rows == 0) continue;
    Wide first = plane.offset;
    Wide last = first + static_cast<Wide>(plane.stride) * (plane.rows - 1);
    if (std::min(first, last) < 0) return "plane before the payload";
    if (std::max(first, last) + plane.row_bytes > info.payload_bytes) return "plane beyond";
  }
  return "";
}

std::string problem_of_reader(const std::string& path, std::uint64_t payload_capacity) {
  for (auto delivery : {MMAPVIDEO_DELIVERY_LATEST, MMAPVIDEO_DELIVERY_EVERY_FRAME}) {
    Reader reader = open_reader(path, delivery);
    for (int call = 0; call < 3; ++call) {
      Taken taken = take(reader, kNoWait);
      if (!is_known_status(taken.status)) return "unknown status";
      if (is_failure(taken.status) && taken.error.message[0] == '\0') return "no message";
      if (taken.status != MMAPVIDEO_OK) continue;
      if (!is_known_status(taken.copy_status)) return "unknown status of copy";
      std::string problem = problem_of_frame(taken, payload_capacity);
      if (!problem.empty()) return problem;
    }
  }
  return "";
}

/// Opens and publishes. A refusal must leave the bytes alone.
std::string problem_of_writer(const std::string& path, const std::string& bytes) {
  write_bytes(path, bytes);
  WriterAttempt attempt = try_writer(path, 0);
  if (!attempt.writer) {
    if (!is_failure(attempt.error.status)) return "refused without a failure status";
    return read_bytes(path) == bytes ? "" : "refused but changed";
  }
  mmapvideo_frame_info info = grey_info();
  std::vector<std::byte> payload(kFrameBytes);
  std::uint64_t number = 0;
  mmapvideo_status status = mmapvideo_writer_publish(
      attempt.writer.get(), &info, kCaps.c_str(), payload.data(), nullptr, &number, &attempt.error);
  if (!is_known_status(status)) return "unknown status";
  if (status != MMAPVIDEO_OK) return "";
  if (number == 0 || number > MMAPVIDEO_MAX_FRAME_NUMBER) return "published an invalid number";
  Taken taken = take(open_reader(path), kNoWait);
  return taken.status == MMAPVIDEO_OK ? "" : std::string("unreadable: ") + taken.error.message;
}

}  // namespace

TEST_F(FlippedBitsTest, reader_survives_every_flipped_bit_of_header_and_descriptors) {
  write_bytes(path_, valid_bytes(dir_ / "scratch"));
  RawFile raw(path_);
  for_each_bit(0, HEADER_AT(reserved_616), [&](std::size_t byte, int bit) {
    raw.bytes()[byte] ^= static_cast<std::byte>(1 << bit);
    std::string problem = problem_of_reader(path_, 65536);
    raw.bytes()[byte] ^= static_cast<std::byte>(1 << bit);
    return problem;
  });
}

TEST_F(FlippedBitsTest, reader_survives_every_flipped_bit_of_slot_headers_and_caps) {
  write_bytes(path_, valid_bytes(dir_ / "scratch"));
  RawFile raw(path_);
  std::size_t head = raw.ring().offset + raw.ring().slot_stride * raw.head_index();
  for_each_bit(head, head + 512 + kCaps.size() + 1, [&](std::size_t byte, int bit) {
    raw.bytes()[byte] ^= static_cast<std::byte>(1 << bit);
    std::string problem = problem_of_reader(path_, raw.ring().payload_capacity);
    raw.bytes()[byte] ^= static_cast<std::byte>(1 << bit);
    return problem;
  });
}

TEST_F(FlippedBitsTest, writer_survives_every_flipped_bit_of_header_and_descriptors) {
  std::string whole = valid_bytes(dir_ / "scratch");
  for_each_bit(0, HEADER_AT(reserved_616), [&](std::size_t byte, int bit) {
    std::string bytes = whole;
    flip(bytes, byte, bit);
    return problem_of_writer(path_, bytes);
  });
}

TEST_F(FlippedBitsTest, writer_survives_every_flipped_bit_of_the_first_words_of_slots) {
  std::string whole = valid_bytes(dir_ / "scratch");
  for (std::size_t slot : {65536u, 131072u}) {
    for_each_bit(slot, slot + 24, [&](std::size_t byte, int bit) {
      std::string bytes = whole;
      flip(bytes, byte, bit);
      return problem_of_writer(path_, bytes);
    });
  }
}

TEST_F(FlippedBitsTest, random_bytes_after_the_magic_harm_nobody) {
  std::string whole = valid_bytes(dir_ / "scratch");
  const unsigned seed = std::random_device{}();
  std::printf("seed %u\n", seed);
  for_each_bit(0, 50, [&](std::size_t byte, int bit) {
    std::mt19937 random(seed + static_cast<unsigned>(byte * 8) + static_cast<unsigned>(bit));
    std::string bytes = whole;
    // Mostly valid files get further than noise: spoil a few words behind the preamble.
    for (int i = 0; i < 4; ++i)
      poke(bytes, 48 + random() % 568, static_cast<std::uint32_t>(random()));
    write_bytes(path_, bytes);
    std::string problem = problem_of_reader(path_, UINT64_MAX);
    return problem.empty() ? problem_of_writer(path_, bytes) : problem;
  });
}
