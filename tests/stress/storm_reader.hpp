// SPDX-License-Identifier: MIT
// A reader of the storm: never gives up, looks at every word it gets, notices when it is told less
// than the truth, and how long it took to get on after a writer came back.
#pragma once

#include <mmapvideo/mmapvideo.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "header_at.hpp"
#include "number_account.hpp"
#include "storm_state.hpp"
#include "stress_frame.hpp"

namespace mmapvideo_test {

struct StormRole {
  const char* name;
  mmapvideo_delivery delivery;
  bool leases;
};

class StormReader {
 public:
  StormReader(std::string path, const StormRole& role, std::uint64_t seed, StormPlace& place,
              StormState& state)
      : path_(std::move(path)),
        role_(role),
        random_(seed),
        place_(place),
        state_(state),
        numbers_(state.tally),
        payload_(kMostStormBytes / sizeof payload_[0]) {
    mmapvideo_reader_options options = {};
    options.path = path_.c_str();
    options.delivery = role.delivery;
    mmapvideo_error error = {};
    reader_ = mmapvideo_reader_open(&options, &error);
    if (reader_ == nullptr) report_failure(state_.tally, "reader_open:", error.message);
  }

  /// The exit status of its process.
  int run() {
    while (!state_.tally.stop && state_.tally.failures == 0) step();
    end_kept();
    mmapvideo_reader_close(reader_);
    return 0;
  }

 private:
  void step() {
    mmapvideo_frame frame = {};
    mmapvideo_error error = {};
    const auto status = mmapvideo_reader_next(reader_, 500'000'000, &frame, &error);
    state_.losses_told += status == MMAPVIDEO_WRITER_LOST;
    state_.ends_told += status == MMAPVIDEO_ENDED;
    if (status > MMAPVIDEO_LAST_OUTCOME)
      return report_failure(state_.tally, mmapvideo_status_name(status), error.message);
    if (status != MMAPVIDEO_OK) return end_kept();
    note_arrival(frame);
    note_number(frame);
    check_description(frame);
    take_payload(frame);
  }

  // ---- What a frame tells of itself

  void note_arrival(const mmapvideo_frame& frame) {
    const std::uint64_t tag = frame.info->offset;
    if (tag == tag_) {
      frames_of_session_ += 1;
    } else {
      note_first_of_session(tag);
      tag_ = tag;
      frames_of_session_ = 1;
      turn_since_ns_ = UINT64_MAX;
    }
    // The first may have come before the reader knew that this writer waits for it.
    if (frames_of_session_ == 2) turn_since_ns_ = now_ns();
    place_.frames_of_session = frames_of_session_;
    place_.session_tag = tag;
  }
  /// How long it took, less the time in which it or the writer was stopped.
  void note_first_of_session(std::uint64_t tag) {
    const SessionTimes& times = state_.session(tag);
    if (times.tag != tag) return;
    const std::uint64_t possible_since =
        std::max({times.first_publish_ns.load(), place_.running_since_ns.load(),
                  state_.writer_running_since_ns.load()});
    const std::uint64_t now = now_ns();
    const std::uint64_t took = now > possible_since ? now - possible_since : 0;
    const bool survived = started_ns_ < times.first_publish_ns;
    state_.recoveries += survived;
    raise_to(survived ? state_.longest_recovery_ns : state_.longest_join_ns, took);
  }

  void note_number(const mmapvideo_frame& frame) {
    numbers_.note(reader_, frame);
    std::uint64_t& last = last_of_file_[frame.info->offset_end];
    if (frame.number <= last) {
      state_.went_back += 1;
      std::fprintf(stderr, "WENT BACK in process %d: frame %llu after %llu of the same file\n",
                   ::getpid(), printable(frame.number), printable(last));
    }
    last = frame.number;
    if (role_.delivery == MMAPVIDEO_DELIVERY_EVERY_FRAME && numbers_.same_file() &&
        frame.skipped != 0)
      look_at_gap(frame);
    former_publish_ns_ = frame.info->publish_time_ns;
  }
  /// What was published after a reader of every frame took its turn reaches it, unless the writer
  /// passes it over or drops frames. What was there before may have holes: slots that others leased
  /// outlive newer ones.
  void look_at_gap(const mmapvideo_frame& frame) {
    const auto found = header_at(path_);
    if (!found || found->header.session_id != frame.session_id) return;
    const mmapvideo_file_header& header = found->header;
    // Forming: the next writer gives back what it does not keep, and its session has no id yet.
    if (header.state == MMAPVIDEO_STATE_FORMING || header.delivery == MMAPVIDEO_DELIVERY_LATEST)
      return;
    state_.lossless_gaps += 1;
    state_.missed_by_lossless += frame.skipped;
    const SessionTimes& times = state_.session(tag_);
    const bool may_be = header.passed_over_count != 0 || header.dropped_count != 0 ||
                        former_publish_ns_ < turn_since_ns_ || times.tag != tag_;
    if (may_be) return;
    state_.unexplained_gaps += 1;
    std::fprintf(stderr,
                 "UNEXPLAINED GAP in process %d (%s): %llu frames before frame %llu of session "
                 "%llu, which drops and passes over nobody\n",
                 ::getpid(), role_.name, printable(frame.skipped), printable(frame.number),
                 printable(tag_));
  }

  void check_description(const mmapvideo_frame& frame) {
    const mmapvideo_frame_info& info = *frame.info;
    const FrameKey key = {frame.number, ~info.pts_ns};
    if (info.metadata_bytes != 0)
      check_frame(state_.tally, frame.metadata, info.metadata_bytes, key, "in the metadata");
    if (frame.caps == storm_caps(info.offset, info.caps_bytes)) return;
    state_.wrong_descriptions += 1;
    std::fprintf(stderr, "WRONG CAPS in process %d: frame %llu has %s\n", ::getpid(),
                 printable(frame.number), frame.caps);
  }

  // ---- Its payload

  void take_payload(const mmapvideo_frame& frame) {
    const FrameKey key = {frame.number, frame.info->pts_ns};
    const std::uint64_t bytes = frame.info->payload_bytes;
    if (!role_.leases || !lease(key)) copy(key, bytes);
  }
  /// False: to be copied instead.
  bool lease(const FrameKey& key) {
    mmapvideo_lease lease = {};
    mmapvideo_error error = {};
    const auto status = mmapvideo_reader_lease(reader_, &lease, &error);
    end_kept();
    if (status == MMAPVIDEO_TOO_MANY_LEASES) {
      state_.tally.too_many += 1;
      return false;
    }
    if (status == MMAPVIDEO_OVERWRITTEN) {
      numbers_.lose();
      return true;
    }
    if (status != MMAPVIDEO_OK) {
      report_failure(state_.tally, mmapvideo_status_name(status), error.message);
      return true;
    }
    state_.tally.leased += 1;
    kept_ = lease;
    kept_key_ = key;
    check_frame(state_.tally, lease.payload, lease.payload_bytes, key, "when it was leased");
    if (random_() % 2 == 0) end_kept();  // or when the next one comes
    return true;
  }
  void end_kept() {
    if (kept_.payload == nullptr) return;
    if (mmapvideo_lease_is_intact(&kept_) == 0)
      report_failure(state_.tally, "the stamp changed under a lease");
    check_frame(state_.tally, kept_.payload, kept_.payload_bytes, kept_key_, "under a lease");
    state_.tally.leases_checked += 1;
    mmapvideo_lease_end(&kept_);
  }
  void copy(const FrameKey& key, std::uint64_t bytes) {
    mmapvideo_error error = {};
    const auto status = mmapvideo_reader_copy_payload(reader_, payload_.data(), bytes, &error);
    if (status == MMAPVIDEO_OVERWRITTEN) return numbers_.lose();
    if (status != MMAPVIDEO_OK)
      return report_failure(state_.tally, mmapvideo_status_name(status), error.message);
    check_frame(state_.tally, payload_.data(), bytes, key, "in a copy");
    state_.tally.copied += 1;
  }

  const std::string path_;
  const StormRole role_;
  std::mt19937_64 random_;
  StormPlace& place_;
  StormState& state_;
  const std::uint64_t started_ns_ = now_ns();
  mmapvideo_reader* reader_ = nullptr;
  NumberAccount numbers_;
  std::map<std::uint64_t, std::uint64_t> last_of_file_;  // by inode
  std::uint64_t tag_ = 0;
  std::uint64_t frames_of_session_ = 0;
  std::uint64_t turn_since_ns_ = UINT64_MAX;  // of this session: at the latest
  std::uint64_t former_publish_ns_ = 0;
  mmapvideo_lease kept_ = {};
  FrameKey kept_key_;
  std::vector<std::uint64_t> payload_;
};

}  // namespace mmapvideo_test
