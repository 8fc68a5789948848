// SPDX-License-Identifier: MIT
// A reader of the C++ library in the storm: looks at the same things as reader.py.
#pragma once

#include <mmapvideo/mmapvideo.h>

#include <cstdint>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "board.hpp"
#include "stress/header_at.hpp"
#include "stress/stress_frame.hpp"

namespace python_storm {

using mmapvideo_test::FrameKey;

class PeerReader {
 public:
  PeerReader(const std::string& path, const Board& board, char** words)
      : path_(path),
        board_(board),
        random_(std::stoull(words[0])),
        lossless_(std::stoul(words[1]) != 0),
        leases_(std::stoul(words[2]) != 0),
        payload_(kMostRows * kWidth / 8) {
    mmapvideo_reader_options options = {};
    options.path = path_.c_str();
    options.delivery = lossless_ ? MMAPVIDEO_DELIVERY_EVERY_FRAME : MMAPVIDEO_DELIVERY_LATEST;
    mmapvideo_error error = {};
    reader_ = mmapvideo_reader_open(&options, &error);
    if (reader_ == nullptr) board_.report(error.message);
  }

  void run() {
    while (board_[kStop] == 0 && !board_.has_problems()) step();
    end_kept();
    mmapvideo_reader_close(reader_);
  }

 private:
  void step() {
    mmapvideo_frame frame = {};
    mmapvideo_error error = {};
    const auto status = mmapvideo_reader_next(reader_, 500'000'000, &frame, &error);
    if (status > MMAPVIDEO_LAST_OUTCOME) return board_.report(error.message);
    if (status != MMAPVIDEO_OK) return end_kept();
    Origin origin = {};
    if (frame.info->metadata_bytes < sizeof origin) return board_.report("no origin");
    std::memcpy(&origin, frame.metadata, sizeof origin);
    note_arrival(origin.tag);
    note_number(frame, origin.inode);
    const FrameKey key = {frame.number, frame.info->pts_ns};
    check(static_cast<const char*>(frame.metadata) + sizeof origin,
          frame.info->metadata_bytes - sizeof origin, {key.number, ~key.salt}, "in the metadata");
    if (!leases_ || !lease(key)) copy(key, frame.info->payload_bytes);
  }

  void note_arrival(std::uint64_t tag) {
    if (tag != tag_) {
      tag_ = tag;
      frames_of_session_ = 0;
      turn_since_ns_ = UINT64_MAX;
    }
    // The first may have come before the reader knew that this writer waits for it.
    if (++frames_of_session_ == 2) turn_since_ns_ = now_ns();
    board_.row(kFramesOfSession) = frames_of_session_;
    board_.row(kSessionTag) = tag;
  }

  void note_number(const mmapvideo_frame& frame, std::uint64_t inode) {
    mmapvideo_reader_stats stats = {};
    mmapvideo_reader_get_stats(reader_, &stats);
    const bool same_file = last_number_ != 0 && stats.attach_count == attach_count_;
    const std::uint64_t expected = frame.number - last_number_ - 1 + (lost_ ? 1 : 0);
    if (same_file && frame.skipped != expected) board_.report("WRONG GAP " + gap_text(frame));
    std::uint64_t& last = last_of_file_[inode];
    if (frame.number <= last) board_.report("WENT BACK " + gap_text(frame));
    if (same_file && frame.skipped != 0 && lossless_) look_at_gap(frame);
    last = last_number_ = frame.number;
    attach_count_ = stats.attach_count;
    lost_ = false;
    former_publish_ns_ = frame.info->publish_time_ns;
    board_.count(kDelivered);
    board_.count(kSkipped, frame.skipped);
  }
  std::string gap_text(const mmapvideo_frame& frame) const {
    return "before frame " + std::to_string(frame.number) + " after " +
           std::to_string(last_number_) + ", " + std::to_string(frame.skipped) +
           " skipped, session " + std::to_string(tag_);
  }
  /// As in reader.py.
  void look_at_gap(const mmapvideo_frame& frame) {
    const auto found = mmapvideo_test::header_at(path_);
    if (!found || found->header.session_id != frame.session_id) return;
    const mmapvideo_file_header& header = found->header;
    if (header.state == MMAPVIDEO_STATE_FORMING || header.delivery == MMAPVIDEO_DELIVERY_LATEST)
      return;
    board_.count(kGaps);
    board_.count(kMissed, frame.skipped);
    const Word* session = board_.session(tag_);
    const bool may_be = header.passed_over_count != 0 || header.dropped_count != 0 ||
                        former_publish_ns_ < turn_since_ns_ || session[kTag] != tag_ ||
                        session[kSessionGrowths] > 1;
    if (!may_be) board_.report("UNEXPLAINED GAP " + gap_text(frame));
  }

  /// False: to be copied instead.
  bool lease(const FrameKey& key) {
    mmapvideo_lease lease = {};
    mmapvideo_error error = {};
    const auto status = mmapvideo_reader_lease(reader_, &lease, &error);
    end_kept();
    if (status == MMAPVIDEO_TOO_MANY_LEASES) return false;
    lost_ = status == MMAPVIDEO_OVERWRITTEN;
    if (lost_) return true;
    if (status != MMAPVIDEO_OK) {
      board_.report(error.message);
      return true;
    }
    board_.count(kLeased);
    kept_ = lease;
    kept_key_ = key;
    check(lease.payload, lease.payload_bytes, key, "when it was leased");
    if (random_() % 2 == 0) end_kept();  // or when the next one comes
    return true;
  }
  void end_kept() {
    if (kept_.payload == nullptr) return;
    check(kept_.payload, kept_.payload_bytes, kept_key_, "under a lease");
    board_.count(kCheckedAgain);
    mmapvideo_lease_end(&kept_);
  }
  void copy(const FrameKey& key, std::uint64_t bytes) {
    mmapvideo_error error = {};
    const auto status = mmapvideo_reader_copy_payload(reader_, payload_.data(), bytes, &error);
    lost_ = status == MMAPVIDEO_OVERWRITTEN;
    if (lost_) return;
    if (status != MMAPVIDEO_OK) return board_.report(error.message);
    check(payload_.data(), bytes, key, "in a copy");
    board_.count(kCopied);
  }
  void check(const void* data, std::uint64_t bytes, const FrameKey& key, const char* where) {
    const auto index = mmapvideo_test::first_difference(data, bytes, key);
    if (index)
      board_.report("TORN " + std::string(where) + ": frame " + std::to_string(key.number) + ", " +
                    std::to_string(bytes) + " bytes, word " + std::to_string(*index));
  }

  const std::string path_;
  const Board& board_;
  std::mt19937_64 random_;
  const bool lossless_, leases_;
  mmapvideo_reader* reader_ = nullptr;
  std::uint64_t last_number_ = 0, attach_count_ = 0;
  bool lost_ = false;
  std::map<std::uint64_t, std::uint64_t> last_of_file_;  // by inode
  std::uint64_t tag_ = 0, frames_of_session_ = 0;
  std::uint64_t turn_since_ns_ = UINT64_MAX, former_publish_ns_ = 0;
  mmapvideo_lease kept_ = {};
  FrameKey kept_key_;
  std::vector<std::uint64_t> payload_;
};

}  // namespace python_storm
