// SPDX-License-Identifier: MIT
// A writer of the C++ library in the storm: does the same things as writer.py.
#pragma once

#include <mmapvideo/mmapvideo.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "board.hpp"
#include "stress/header_at.hpp"
#include "stress/stress_frame.hpp"

namespace python_storm {

using mmapvideo_test::FrameKey;

class PeerWriter {
 public:
  PeerWriter(const std::string& path, const Board& board, char** words)
      : path_(path), board_(board), random_(std::stoull(words[0])), tag_(std::stoull(words[1])) {
    mmapvideo_writer_options options = {};
    options.path = path_.c_str();
    options.slot_count = static_cast<std::uint32_t>(std::stoul(words[2]));
    options.delivery = static_cast<std::uint32_t>(std::stoul(words[3]));
    options.wait_timeout_ns = std::stoll(words[4]) * 1'000'000;
    most_rows_ = std::stoull(words[5]);
    metadata_.resize(std::stoull(words[6]) / 8);
    longest_pause_us_ = std::stoull(words[7]);
    grows_ = std::stoul(words[8]) != 0;
    keeps_file_ = std::stoi(words[9]);
    open(options);
  }

  void run() {
    if (writer_ == nullptr) return;
    Word* times = board_.session(tag_);
    times[kSessionGrowths] = 0;
    times[kFirstPublishNs] = now_ns();
    times[kTag] = tag_;
    board_[kWriterIsReady] = 1;
    while (board_[kWriterCommand] == 0 && !board_.has_problems()) step();
    mmapvideo_writer_close(writer_, keeps_file_);
  }

 private:
  void open(const mmapvideo_writer_options& options) {
    mmapvideo_error error = {};
    writer_ = mmapvideo_writer_open(&options, &error);
    if (writer_ == nullptr) return board_.report(error.message);
    reserve();
    const auto found = mmapvideo_test::header_at(path_);
    if (!found) return board_.report("the file is gone");
    next_number_ = found->header.session_first_number;
    inode_ = found->inode;
  }

  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  std::uint64_t metadata_bytes() const { return sizeof(Origin) + metadata_.size() * 8; }

  void reserve() {
    mmapvideo_error error = {};
    if (mmapvideo_writer_reserve(writer_, most_rows_ * kWidth, kMostCapsBytes, metadata_bytes(), 0,
                                 &error) != MMAPVIDEO_OK)
      board_.report(error.message);
  }

  void step() {
    if (grows_ && below(200) == 0) grow();
    const std::uint64_t rows = 1 + below(most_rows_);
    const FrameKey key = {next_number_, random_() >> 1};
    const std::string caps = "video/x-raw, format=(string)GRAY8, width=(int)64, height=(int)" +
                             std::to_string(rows) + ", framerate=(fraction)0/1";
    const mmapvideo_frame_info info = describe(rows, key.salt, caps);
    if (below(2) == 0)
      publish_a_copy(info, caps, key);
    else
      fill_a_slot(info, caps, key);
    std::this_thread::sleep_for(std::chrono::microseconds(below(longest_pause_us_)));
  }
  mmapvideo_frame_info describe(std::uint64_t rows, std::uint64_t salt, const std::string& caps) {
    mmapvideo_frame_info info = mmapvideo_test::stress_info(rows * kWidth, salt);
    info.caps_bytes = static_cast<std::uint32_t>(caps.size());
    info.metadata_bytes = metadata_bytes();
    info.width = kWidth;
    info.height = static_cast<std::uint32_t>(rows);
    std::memcpy(info.format, "GRAY8", 6);
    info.plane_count = 1;
    info.planes[0].stride = kWidth;
    info.planes[0].row_bytes = kWidth;
    info.planes[0].rows = info.height;
    return info;
  }
  void grow() {
    Word* times = board_.session(tag_);
    times[kSessionGrowths] = times[kSessionGrowths] + 1;
    board_.count(kGrowths);
    most_rows_ = std::min(most_rows_ + 1024, kMostRows);
    reserve();
  }
  void fill_metadata(void* to, const FrameKey& key) const {
    const Origin origin = {tag_, inode_};
    std::memcpy(to, &origin, sizeof origin);
    mmapvideo_test::fill_frame(static_cast<char*>(to) + sizeof origin, metadata_.size() * 8,
                               {key.number, ~key.salt});
  }
  void publish_a_copy(const mmapvideo_frame_info& info, const std::string& caps,
                      const FrameKey& key) {
    std::vector<std::uint64_t> payload(info.payload_bytes / 8), metadata(metadata_bytes() / 8);
    mmapvideo_test::fill_frame(payload.data(), info.payload_bytes, key);
    fill_metadata(metadata.data(), key);
    mmapvideo_error error = {};
    std::uint64_t number = 0;
    const auto status = mmapvideo_writer_publish(writer_, &info, caps.c_str(), payload.data(),
                                                 metadata.data(), &number, &error);
    account(status, error, number);
  }
  void fill_a_slot(const mmapvideo_frame_info& info, const std::string& caps, const FrameKey& key) {
    mmapvideo_slot_view view = {};
    mmapvideo_error error = {};
    std::uint64_t number = 0;
    auto status = mmapvideo_writer_begin(writer_, info.payload_bytes, info.caps_bytes,
                                         info.metadata_bytes, &view, &error);
    if (status == MMAPVIDEO_OK && below(20) == 0) {
      mmapvideo_test::fill_frame(view.payload, info.payload_bytes, {0, 0xbad});
      board_.count(kAborted);
      return mmapvideo_writer_abort(writer_, &view);
    }
    if (status == MMAPVIDEO_OK) {
      mmapvideo_test::fill_frame(view.payload, info.payload_bytes, key);
      fill_metadata(view.metadata, key);
      status = mmapvideo_writer_commit(writer_, &view, &info, caps.c_str(), &number, &error);
    }
    account(status, error, number);
  }
  void account(mmapvideo_status status, const mmapvideo_error& error, std::uint64_t number) {
    if (status == MMAPVIDEO_NO_FREE_SLOT) {
      board_.count(kDropped);
      next_number_ += 1;
      return;
    }
    if (status != MMAPVIDEO_OK) return board_.report(error.message);
    if (number != next_number_) board_.report("WRONG NUMBER " + std::to_string(number));
    board_.count(kPublished);
    next_number_ = number + 1;
  }

  static constexpr std::uint32_t kMostCapsBytes = 200;

  const std::string path_;
  const Board& board_;
  std::mt19937_64 random_;
  const std::uint64_t tag_;
  std::uint64_t most_rows_ = 0, longest_pause_us_ = 0;
  bool grows_ = false;
  int keeps_file_ = 0;
  mmapvideo_writer* writer_ = nullptr;
  std::uint64_t next_number_ = 0, inode_ = 0;
  std::vector<std::uint64_t> metadata_;  // beside the origin: only its size matters
};

}  // namespace python_storm
