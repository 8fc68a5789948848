// SPDX-License-Identifier: MIT
// The C interface in a shape that suits tests: handles that close themselves, and one call that
// takes a frame with its payload.
#pragma once

#include <gtest/gtest.h>
#include <mmapvideo/mmapvideo.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/frames.hpp"

namespace mmapvideo_test {

inline constexpr std::int64_t kForever = -1;
inline constexpr std::int64_t kNoWait = 0;
/// Long enough for a reader to look after its file (SPEC 8.3: after 100 ms) a few times.
inline constexpr std::int64_t kQuiet = 350'000'000;

inline constexpr auto kLatest = MMAPVIDEO_DELIVERY_LATEST;
inline constexpr auto kEveryFrame = MMAPVIDEO_DELIVERY_EVERY_FRAME;

struct CloseWriter {
  void operator()(mmapvideo_writer* writer) const { mmapvideo_writer_close(writer, 0); }
};
struct CloseReader {
  void operator()(mmapvideo_reader* reader) const { mmapvideo_reader_close(reader); }
};
using Writer = std::unique_ptr<mmapvideo_writer, CloseWriter>;
using Reader = std::unique_ptr<mmapvideo_reader, CloseReader>;

/// Ends the session cleanly and leaves the file.
inline void close_and_keep(Writer& writer) { mmapvideo_writer_close(writer.release(), 1); }

/// Keeps a pointer into `path`, which has to outlive the options.
inline mmapvideo_writer_options writer_options(const std::string& path, unsigned slot_count) {
  mmapvideo_writer_options options = {};
  options.path = path.c_str();
  options.slot_count = slot_count;
  return options;
}

struct WriterAttempt {
  Writer writer;
  mmapvideo_error error = {};
};
inline WriterAttempt try_writer(const std::string& path, unsigned slot_count = 4) {
  WriterAttempt attempt;
  mmapvideo_writer_options options = writer_options(path, slot_count);
  attempt.writer.reset(mmapvideo_writer_open(&options, &attempt.error));
  return attempt;
}
inline Writer open_writer(const std::string& path, unsigned slot_count = 4) {
  WriterAttempt attempt = try_writer(path, slot_count);
  if (!attempt.writer) throw std::runtime_error(attempt.error.message);
  return std::move(attempt.writer);
}

/// With a ring, so that readers can attach before the first frame.
inline Writer open_reserved_writer(const std::string& path, unsigned slot_count = 4) {
  Writer writer = open_writer(path, slot_count);
  if (mmapvideo_writer_reserve(writer.get(), kFrameBytes, 100, 0, 0, nullptr) != MMAPVIDEO_OK)
    throw std::runtime_error("reserve");
  return writer;
}

inline Reader open_reader(const std::string& path,
                          mmapvideo_delivery delivery = MMAPVIDEO_DELIVERY_LATEST,
                          bool accept_leftover = false) {
  mmapvideo_reader_options options = {};
  options.path = path.c_str();
  options.delivery = delivery;
  options.accept_leftover = accept_leftover;
  mmapvideo_error error = {};
  Reader reader(mmapvideo_reader_open(&options, &error));
  if (!reader) throw std::runtime_error(error.message);
  return reader;
}

/// A frame with everything copied, and how the call ended.
struct Taken {
  mmapvideo_status status = MMAPVIDEO_OK;
  mmapvideo_status copy_status = MMAPVIDEO_OK;
  std::uint64_t number = 0;
  std::uint64_t skipped = 0;
  std::uint64_t session_id = 0;
  bool new_session = false;
  mmapvideo_frame_info info = {};
  std::string caps;
  std::string metadata;
  std::vector<std::byte> payload;
  mmapvideo_error error = {};
};

inline void describe(Taken& taken, const mmapvideo_frame& frame) {
  taken.number = frame.number;
  taken.skipped = frame.skipped;
  taken.session_id = frame.session_id;
  taken.new_session = frame.new_session != 0;
  taken.info = *frame.info;
  taken.caps = frame.caps;
  if (frame.metadata != nullptr) {
    taken.metadata.assign(static_cast<const char*>(frame.metadata), frame.info->metadata_bytes);
  }
}

/// next() alone.
inline Taken next_frame(const Reader& reader, std::int64_t timeout_ns = kForever) {
  Taken taken;
  mmapvideo_frame frame = {};
  taken.status = mmapvideo_reader_next(reader.get(), timeout_ns, &frame, &taken.error);
  if (taken.status == MMAPVIDEO_OK) describe(taken, frame);
  return taken;
}
inline mmapvideo_status copy_payload(const Reader& reader, Taken& taken) {
  taken.payload.resize(taken.info.payload_bytes);
  taken.copy_status = mmapvideo_reader_copy_payload(reader.get(), taken.payload.data(),
                                                    taken.payload.size(), &taken.error);
  return taken.copy_status;
}
/// next() and the payload.
inline Taken take(const Reader& reader, std::int64_t timeout_ns = kForever) {
  Taken taken = next_frame(reader, timeout_ns);
  if (taken.status == MMAPVIDEO_OK) copy_payload(reader, taken);
  return taken;
}

/// Attaches, so that what is published from now on is new to the reader.
inline void attach(const Reader& reader) {
  mmapvideo_reader_stats stats = {};
  ASSERT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
  mmapvideo_reader_get_stats(reader.get(), &stats);
  ASSERT_EQ(stats.attached, 1u);
}

/// Publishes one grey frame; every word of it is `word`. Returns its number, 0 if that failed.
inline std::uint64_t publish(const Writer& writer, std::uint64_t word = 0,
                             std::uint64_t bytes = kFrameBytes) {
  std::vector<std::byte> payload(bytes);
  fill_words(payload.data(), bytes, word);
  mmapvideo_frame_info info = grey_info(bytes);
  mmapvideo_error error = {};
  std::uint64_t number = 0;
  mmapvideo_status status = mmapvideo_writer_publish(writer.get(), &info, kCaps.c_str(),
                                                     payload.data(), nullptr, &number, &error);
  EXPECT_EQ(status, MMAPVIDEO_OK) << error.message;
  return status == MMAPVIDEO_OK ? number : 0;
}
/// The status alone, for frames that may fail.
inline mmapvideo_status try_publish(const Writer& writer, mmapvideo_frame_info info,
                                    const std::string& caps = kCaps,
                                    const std::string& metadata = "",
                                    mmapvideo_error* error = nullptr) {
  std::vector<std::byte> payload(info.payload_bytes);
  return mmapvideo_writer_publish(writer.get(), &info, caps.c_str(), payload.data(),
                                  metadata.data(), nullptr, error);
}

inline mmapvideo_writer_stats stats_of(const Writer& writer) {
  mmapvideo_writer_stats stats = {};
  mmapvideo_writer_get_stats(writer.get(), &stats);
  return stats;
}
inline mmapvideo_reader_stats stats_of(const Reader& reader) {
  mmapvideo_reader_stats stats = {};
  mmapvideo_reader_get_stats(reader.get(), &stats);
  return stats;
}
/// Returns when the reader has its place in a file that may come later; its READER lock alone does
/// not tell that. What was published before then may be taken.
inline void wait_until_attached(const Reader& reader) {
  while (stats_of(reader).attached == 0) next_frame(reader, 1'000'000);
}

inline bool is_failure(mmapvideo_status status) { return status > MMAPVIDEO_LAST_OUTCOME; }

inline bool is_known_status(mmapvideo_status status) {
  return (status >= MMAPVIDEO_OK && status <= MMAPVIDEO_LAST_OUTCOME) ||
         (status >= MMAPVIDEO_INVALID_ARGUMENT && status <= MMAPVIDEO_SYSTEM);
}

inline ::testing::AssertionResult names(const mmapvideo_error& error, const std::string& text) {
  if (std::string(error.message).find(text) != std::string::npos) {
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure() << "\"" << error.message << "\" does not name " << text;
}

inline std::chrono::nanoseconds elapsed_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::steady_clock::now() - start;
}

}  // namespace mmapvideo_test
