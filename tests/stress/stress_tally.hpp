// SPDX-License-Identifier: MIT
// What all processes of the stress counted, in memory that outlives those that are killed.
#pragma once

#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <string>

#include "stress_frame.hpp"
#include "support/shared_memory.hpp"

namespace mmapvideo_test {

using Count = std::atomic<std::uint64_t>;

struct StressTally {
  std::atomic<bool> stop;
  // Writer
  Count published, dropped, held, aborted, copied_from_former_rings;
  Count sessions_ended, growths, closed, removed, held_checked;
  // Readers
  Count delivered, skipped, leased, leases_checked, shares_checked, copied, overwritten, too_many;
  Count readers_closed;
  // What must not be
  Count torn, wrong_gaps, wrong_numbers, failures;

  std::uint64_t problems() const { return torn + wrong_gaps + wrong_numbers + failures; }
};

using SharedTally = Shared<StressTally>;

inline unsigned long long printable(std::uint64_t value) { return value; }

inline void report_failure(StressTally& tally, const std::string& what, const char* message = "") {
  tally.failures += 1;
  std::fprintf(stderr, "FAILURE in process %d: %s %s\n", ::getpid(), what.c_str(), message);
}

/// Looks at every word. False: it is not the frame; counted and told.
inline bool check_frame(StressTally& tally, const void* payload, std::uint64_t bytes,
                        const FrameKey& key, const char* when) {
  const auto index = first_difference(payload, bytes, key);
  if (!index) return true;
  tally.torn += 1;
  std::uint64_t found = 0;
  if (*index < bytes / sizeof found) {
    std::memcpy(&found, static_cast<const std::byte*>(payload) + *index * sizeof found,
                sizeof found);
  }
  std::fprintf(stderr,
               "TORN %s in process %d: frame %llu, %llu bytes, word %llu is %016llx instead of "
               "%016llx\n",
               when, ::getpid(), printable(key.number), printable(bytes), printable(*index),
               printable(found), printable(key.word(*index)));
  return false;
}

inline void print_tally(const StressTally& tally) {
  std::printf(
      "writer: %llu published, %llu dropped, %llu held, %llu aborted, %llu copied out of former "
      "rings,\n        %llu growths, %llu sessions ended, %llu times closed, %llu files removed, "
      "%llu checked at the end of a hold\n",
      printable(tally.published), printable(tally.dropped), printable(tally.held),
      printable(tally.aborted), printable(tally.copied_from_former_rings), printable(tally.growths),
      printable(tally.sessions_ended), printable(tally.closed), printable(tally.removed),
      printable(tally.held_checked));
  std::printf(
      "readers: %llu delivered, %llu skipped, %llu leased, %llu checked when the lease ended, %llu "
      "when a share ended,\n         %llu copied, %llu overwritten and noticed, %llu times at the "
      "lease limit, %llu times closed\n",
      printable(tally.delivered), printable(tally.skipped), printable(tally.leased),
      printable(tally.leases_checked), printable(tally.shares_checked), printable(tally.copied),
      printable(tally.overwritten), printable(tally.too_many), printable(tally.readers_closed));
  std::printf("torn %llu, wrong gaps %llu, wrong numbers %llu, failures %llu\n",
              printable(tally.torn), printable(tally.wrong_gaps), printable(tally.wrong_numbers),
              printable(tally.failures));
}

}  // namespace mmapvideo_test
