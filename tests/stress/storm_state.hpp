// SPDX-License-Identifier: MIT
// What the processes of the storm know of each other, in shared memory, and what a session of its
// writers is like.
#pragma once

#include <mmapvideo/mmapvideo.h>
#include <time.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <random>
#include <string>

#include "stress_tally.hpp"

namespace mmapvideo_test {

inline std::uint64_t now_ns() {
  timespec time = {};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(time.tv_nsec);
}

inline void raise_to(Count& most, std::uint64_t value) {
  std::uint64_t before = most;
  while (before < value && !most.compare_exchange_weak(before, value)) {
  }
}

// ---- Sessions

/// One start of a writer. The tag counts them, and travels with each frame.
struct StormSession {
  std::uint64_t tag = 0;
  std::uint64_t seed = 0;
  std::uint32_t slot_count = 0;
  std::uint32_t delivery = 0;
  std::int64_t wait_timeout_ns = 0;
  std::uint64_t most_bytes = 0;
  std::uint64_t metadata_bytes = 0;
  std::uint32_t caps_bytes = 0;
  unsigned longest_pause_us = 0;
  bool grows = false;
};

inline constexpr std::uint64_t kMostStormBytes = 512 * 1024;
inline constexpr std::uint32_t kFewestCapsBytes = 100;

inline StormSession draw_session(std::mt19937_64& random, std::uint64_t tag) {
  const auto below = [&](std::uint64_t limit) { return random() % limit; };
  static constexpr std::uint32_t depths[] = {0, 0, 3, 4, 6, 9, 16};
  StormSession session;
  session.tag = tag;
  session.seed = random();
  session.slot_count = depths[below(std::size(depths))];
  session.delivery = static_cast<std::uint32_t>(below(3));
  session.wait_timeout_ns = static_cast<std::int64_t>(5 + below(60)) * 1'000'000;
  session.most_bytes = 64 * (1 + below((below(6) == 0 ? kMostStormBytes : 48 * 1024) / 64));
  session.metadata_bytes = below(2) == 0 ? 0 : 64 * below(64);
  session.caps_bytes =
      static_cast<std::uint32_t>(kFewestCapsBytes + below(below(8) == 0 ? 6000 : 200));
  session.longest_pause_us = static_cast<unsigned>(1 + below(below(2) == 0 ? 200 : 4000));
  session.grows = below(4) == 0;
  return session;
}

/// In calm weather all are the same, so that what their readers occupy can be compared.
inline StormSession calm_session(std::uint64_t tag) {
  StormSession session;
  session.tag = session.seed = tag;
  session.slot_count = 6;
  session.delivery = MMAPVIDEO_DELIVERY_EVERY_FRAME;
  session.wait_timeout_ns = 100'000'000;
  session.most_bytes = 16 * 1024;
  session.caps_bytes = kFewestCapsBytes;
  session.longest_pause_us = 1000;
  return session;
}

/// Of exactly that many bytes; those of two sessions differ in many of them.
inline std::string storm_caps(std::uint64_t tag, std::size_t bytes) {
  std::string caps = "video/x-raw, format=(string)GRAY8, storm=(guint64)" + std::to_string(tag) +
                     ", filler=(string)";
  caps.resize(bytes, static_cast<char>('a' + tag % 26));
  return caps;
}

// ---- Shared memory

enum class WriterCommand { go_on, end_and_keep, end_and_remove };

/// Of a session that has begun.
struct SessionTimes {
  Count tag, first_publish_ns;
};

/// One place for a reader; what is in it outlives the readers that had it.
struct StormPlace {
  Count running_since_ns;  // last started or continued
  Count session_tag;       // of the last frame delivered
  Count frames_of_session;
};

inline constexpr std::size_t kRememberedSessions = 4096;
inline constexpr std::size_t kStormPlaces = 8;

struct StormState {
  StressTally tally;
  std::atomic<WriterCommand> writer_command = WriterCommand::go_on;
  std::atomic<bool> writer_is_ready = false;
  Count writer_running_since_ns;
  std::array<SessionTimes, kRememberedSessions> sessions;
  std::array<StormPlace, kStormPlaces> places;

  Count recoveries, longest_recovery_ns, longest_join_ns;
  Count losses_told, ends_told;
  Count lossless_gaps, missed_by_lossless;
  Count went_back, unexplained_gaps, wrong_descriptions;

  std::uint64_t problems() const {
    return tally.problems() + went_back + unexplained_gaps + wrong_descriptions;
  }
  SessionTimes& session(std::uint64_t tag) { return sessions[tag % kRememberedSessions]; }
};

}  // namespace mmapvideo_test
