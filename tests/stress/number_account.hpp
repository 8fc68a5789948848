// SPDX-License-Identifier: MIT
// What a reader is told of the numbers: every one is either delivered or counted as skipped, and
// they only increase.
#pragma once

#include <mmapvideo/mmapvideo.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>

#include "stress_tally.hpp"

namespace mmapvideo_test {

/// Of one reader, from its opening. Numbers of another file say nothing about those of this one.
class NumberAccount {
 public:
  explicit NumberAccount(StressTally& tally) : tally_(&tally) {}

  /// Call after each next() that returned a frame.
  void note(mmapvideo_reader* reader, const mmapvideo_frame& frame) {
    mmapvideo_reader_stats stats = {};
    mmapvideo_reader_get_stats(reader, &stats);
    const std::uint64_t expected = frame.number - last_number_ - 1 + (lost_ ? 1 : 0);
    same_file_ = last_number_ != 0 && stats.attach_count == attach_count_;
    if (same_file_ && (frame.number <= last_number_ || frame.skipped != expected)) {
      tally_->wrong_gaps += 1;
      std::fprintf(stderr, "WRONG GAP in process %d: frame %llu after %llu, %llu skipped%s\n",
                   ::getpid(), printable(frame.number), printable(last_number_),
                   printable(frame.skipped), lost_ ? ", the former one lost" : "");
    }
    tally_->delivered += 1;
    tally_->skipped += frame.skipped;
    last_number_ = frame.number;
    attach_count_ = stats.attach_count;
    lost_ = false;
  }
  /// Is the noted frame of the same file as the one before?
  bool same_file() const { return same_file_; }
  /// The noted frame was found overwritten.
  void lose() {
    tally_->overwritten += 1;
    lost_ = true;
  }

 private:
  StressTally* tally_;
  std::uint64_t last_number_ = 0;
  std::uint64_t attach_count_ = 0;
  bool same_file_ = false;
  bool lost_ = false;
};

}  // namespace mmapvideo_test
