// SPDX-License-Identifier: MIT
// A reader of the stress with its threads: leases, shares, copies and closes at random, looks at
// every word, and accounts for every number.
#pragma once

#include <mmapvideo/mmapvideo.h>

#include <array>
#include <chrono>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "delayed_work.hpp"
#include "number_account.hpp"
#include "stress_frame.hpp"
#include "stress_tally.hpp"

namespace mmapvideo_test {

class StressReader {
 public:
  StressReader(std::string path, std::uint64_t seed, StressTally& tally)
      : path_(std::move(path)), random_(seed), tally_(tally), numbers_(tally) {
    for (auto& holder : holders_) {
      holder = std::make_unique<DelayedWork<Part>>([this](Part part) { end(part); });
    }
    open();
  }
  ~StressReader() { mmapvideo_reader_close(reader_); }

  void run() {
    while (!tally_.stop && tally_.failures == 0) step();
    while (!own_.empty()) end_own();
  }

 private:
  /// One lease, or a share of one.
  struct Part {
    mmapvideo_lease lease;
    FrameKey key;
    bool shared;
  };

  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  std::chrono::microseconds some_time() {
    const std::uint64_t most = below(200) == 0 ? 20'000 : 300;
    return std::chrono::microseconds(below(most));
  }

  void open() {
    mmapvideo_reader_options options = {};
    options.path = path_.c_str();
    options.delivery = static_cast<std::uint32_t>(below(2));
    options.accept_leftover = static_cast<std::uint32_t>(below(2));
    options.max_leases = static_cast<std::uint32_t>(1 + below(6));
    mmapvideo_error error = {};
    reader_ = mmapvideo_reader_open(&options, &error);
    if (reader_ == nullptr) report_failure(tally_, "reader_open:", error.message);
    numbers_ = NumberAccount(tally_);
  }

  void step() {
    if (below(1500) == 0) {
      mmapvideo_reader_close(reader_);  // its leases go on
      tally_.readers_closed += 1;
      open();
    }
    mmapvideo_frame frame = {};
    mmapvideo_error error = {};
    const auto status = mmapvideo_reader_next(reader_, 2'000'000, &frame, &error);
    if (status > MMAPVIDEO_LAST_OUTCOME) {
      return report_failure(tally_, mmapvideo_status_name(status), error.message);
    }
    while (own_.size() > below(5)) end_own();
    if (status != MMAPVIDEO_OK) return;
    numbers_.note(reader_, frame);
    const FrameKey key = {frame.number, frame.info->pts_ns};
    const std::uint64_t bytes = frame.info->payload_bytes;
    const std::uint64_t dice = below(100);
    if (dice < 3) return;
    if (dice < 20 || !lease(key, bytes)) copy(key, bytes);
  }
  /// False: to be copied instead.
  bool lease(const FrameKey& key, std::uint64_t bytes) {
    Part part = {{}, key, false};
    mmapvideo_error error = {};
    const auto status = mmapvideo_reader_lease(reader_, &part.lease, &error);
    if (status == MMAPVIDEO_TOO_MANY_LEASES) {
      tally_.too_many += 1;
      return false;
    }
    if (status == MMAPVIDEO_OVERWRITTEN) {
      numbers_.lose();
      return true;
    }
    if (status != MMAPVIDEO_OK) {
      report_failure(tally_, mmapvideo_status_name(status), error.message);
      return true;
    }
    tally_.leased += 1;
    if (part.lease.number != key.number || part.lease.payload_bytes != bytes) {
      report_failure(tally_, "the lease is of another frame");
    }
    check_frame(tally_, part.lease.payload, bytes, key, "when it was leased");
    for (std::uint64_t shares = below(4); shares > 1; --shares) {
      Part share = {{}, key, true};
      mmapvideo_lease_share(&part.lease, &share.lease);
      some_holder().add(share, some_time());
    }
    const std::uint64_t fate = below(10);
    if (fate < 3) return end(part), true;
    if (fate < 7) return some_holder().add(part, some_time()), true;
    own_.push_back(part);
    return true;
  }
  void copy(const FrameKey& key, std::uint64_t bytes) {
    buffer_.resize(bytes / sizeof buffer_[0]);
    mmapvideo_error error = {};
    const auto status = mmapvideo_reader_copy_payload(reader_, buffer_.data(), bytes, &error);
    if (status == MMAPVIDEO_OVERWRITTEN) return numbers_.lose();
    if (status != MMAPVIDEO_OK) {
      return report_failure(tally_, mmapvideo_status_name(status), error.message);
    }
    check_frame(tally_, buffer_.data(), bytes, key, "in a copy");
    tally_.copied += 1;
  }

  DelayedWork<Part>& some_holder() { return *holders_[below(holders_.size())]; }
  void end_own() {
    end(own_.front());
    own_.pop_front();
  }
  /// From any thread. The whole frame is looked at before the lease ends.
  void end(Part part) {
    if (mmapvideo_lease_is_intact(&part.lease) == 0) {
      report_failure(tally_, "the stamp changed under a lease");
    }
    check_frame(tally_, part.lease.payload, part.lease.payload_bytes, part.key, "under a lease");
    (part.shared ? tally_.shares_checked : tally_.leases_checked) += 1;
    mmapvideo_lease_end(&part.lease);
  }

  const std::string path_;
  std::mt19937_64 random_;
  StressTally& tally_;
  mmapvideo_reader* reader_ = nullptr;
  NumberAccount numbers_;
  std::deque<Part> own_;
  std::vector<std::uint64_t> buffer_;
  std::array<std::unique_ptr<DelayedWork<Part>>, 2> holders_;  // last: their threads use the others
};

}  // namespace mmapvideo_test
