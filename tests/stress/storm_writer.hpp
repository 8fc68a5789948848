// SPDX-License-Identifier: MIT
// A writer of the storm: one session of frames that tell whose they are, until it is told to end or
// killed.
#pragma once

#include <mmapvideo/mmapvideo.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "header_at.hpp"
#include "storm_state.hpp"
#include "stress_frame.hpp"

namespace mmapvideo_test {

/// A frame's pts_ns is its salt, its offset the tag of the session, its offset_end the file's
/// inode.
class StormWriter {
 public:
  StormWriter(std::string path, const StormSession& session, StormState& state)
      : path_(std::move(path)),
        session_(session),
        random_(session.seed),
        caps_(storm_caps(session.tag, session.caps_bytes)),
        state_(state) {
    open();
  }

  /// The exit status of its process.
  int run() {
    if (writer_ == nullptr) return 1;
    SessionTimes& times = state_.session(session_.tag);
    times.first_publish_ns = now_ns();
    times.tag = session_.tag;
    state_.writer_is_ready = true;
    while (state_.writer_command == WriterCommand::go_on && state_.tally.failures == 0) step();
    mmapvideo_writer_close(writer_, state_.writer_command == WriterCommand::end_and_keep);
    return 0;
  }

 private:
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

  void open() {
    mmapvideo_writer_options options = {};
    options.path = path_.c_str();
    options.slot_count = session_.slot_count;
    options.delivery = session_.delivery;
    options.wait_timeout_ns = session_.wait_timeout_ns;
    mmapvideo_error error = {};
    writer_ = mmapvideo_writer_open(&options, &error);
    if (writer_ == nullptr) return fail("writer_open:", error);
    reserve();
    const auto found = header_at(path_);
    if (!found) return fail("the file is gone", error);
    next_number_ = found->header.session_first_number;
    inode_ = found->inode;
  }
  void reserve() {
    mmapvideo_error error = {};
    if (mmapvideo_writer_reserve(writer_, session_.most_bytes, session_.caps_bytes,
                                 session_.metadata_bytes, 0, &error) != MMAPVIDEO_OK)
      fail("reserve:", error);
  }
  void fail(const char* what, const mmapvideo_error& error) {
    report_failure(state_.tally, what, error.message);
  }

  void step() {
    if (session_.grows && below(200) == 0) grow();
    const std::uint64_t bytes = 64 * (1 + below(session_.most_bytes / 64));
    const FrameKey key = {next_number_, random_()};
    metadata_.resize(session_.metadata_bytes / sizeof metadata_[0]);
    fill_frame(metadata_.data(), session_.metadata_bytes, {key.number, ~key.salt});
    mmapvideo_frame_info info = stress_info(bytes, key.salt);
    info.metadata_bytes = session_.metadata_bytes;
    info.caps_bytes = session_.caps_bytes;
    info.offset = session_.tag;
    info.offset_end = inode_;
    if (below(2) == 0)
      publish_a_copy(info, key);
    else
      fill_a_slot(info, key);
    std::this_thread::sleep_for(std::chrono::microseconds(below(session_.longest_pause_us)));
  }
  /// At once, so that it is one growth and not one for each frame that is larger than those before.
  void grow() {
    state_.tally.growths += 1;
    session_.most_bytes = std::min(session_.most_bytes + 64 * 1024, kMostStormBytes);
    reserve();
  }
  void publish_a_copy(const mmapvideo_frame_info& info, const FrameKey& key) {
    payload_.resize(info.payload_bytes / sizeof payload_[0]);
    fill_frame(payload_.data(), info.payload_bytes, key);
    mmapvideo_error error = {};
    std::uint64_t number = 0;
    const auto status = mmapvideo_writer_publish(writer_, &info, caps_.c_str(), payload_.data(),
                                                 metadata_.data(), &number, &error);
    account(status, error, number);
  }
  void fill_a_slot(const mmapvideo_frame_info& info, const FrameKey& key) {
    mmapvideo_slot_view view = {};
    mmapvideo_error error = {};
    std::uint64_t number = 0;
    auto status = mmapvideo_writer_begin(writer_, info.payload_bytes, info.caps_bytes,
                                         info.metadata_bytes, &view, &error);
    if (status == MMAPVIDEO_OK && below(20) == 0) {
      fill_frame(view.payload, info.payload_bytes, {0, 0xbad});
      state_.tally.aborted += 1;
      return mmapvideo_writer_abort(writer_, &view);
    }
    if (status == MMAPVIDEO_OK) {
      fill_frame(view.payload, info.payload_bytes, key);
      std::copy(metadata_.begin(), metadata_.end(), static_cast<std::uint64_t*>(view.metadata));
      status = mmapvideo_writer_commit(writer_, &view, &info, caps_.c_str(), &number, &error);
    }
    account(status, error, number);
  }
  void account(mmapvideo_status status, const mmapvideo_error& error, std::uint64_t number) {
    if (status == MMAPVIDEO_NO_FREE_SLOT) {
      state_.tally.dropped += 1;
      next_number_ += 1;
      return;
    }
    if (status != MMAPVIDEO_OK) return fail(mmapvideo_status_name(status), error);
    state_.tally.wrong_numbers += number != next_number_;
    state_.tally.published += 1;
    next_number_ = number + 1;
  }

  const std::string path_;
  StormSession session_;
  std::mt19937_64 random_;
  const std::string caps_;
  StormState& state_;
  mmapvideo_writer* writer_ = nullptr;
  std::uint64_t next_number_ = 0;
  std::uint64_t inode_ = 0;
  std::vector<std::uint64_t> payload_, metadata_;
};

}  // namespace mmapvideo_test
