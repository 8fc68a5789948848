// SPDX-License-Identifier: MIT
// The writer of the stress: does at random all that a writer can do, and knows each number
// beforehand.
#pragma once

#include <mmapvideo/mmapvideo.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "delayed_work.hpp"
#include "header_at.hpp"
#include "stress_frame.hpp"
#include "stress_tally.hpp"

namespace mmapvideo_test {

class StressWriter {
 public:
  StressWriter(std::string path, std::uint64_t seed, StressTally& tally)
      : path_(std::move(path)),
        random_(seed),
        tally_(tally),
        later_([this](Out out) { give_back(out); }) {
    open();
  }
  ~StressWriter() { close(true); }

  void run() {
    while (!tally_.stop && tally_.failures == 0) step();
  }

 private:
  static constexpr std::uint64_t kFirstBytes = 8 * 1024, kMostBytes = 192 * 1024;

  /// A slot that is out. Held: the key is that of its frame; taken: without a number.
  struct Out {
    mmapvideo_writer* writer;
    mmapvideo_slot_view view;
    FrameKey key;
    std::uint64_t bytes;
  };

  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  std::chrono::microseconds some_time() {
    const std::uint64_t most = below(300) == 0 ? 30'000 : 600;
    return std::chrono::microseconds(below(most));
  }

  // ---- Sessions and files

  void open() {
    static constexpr std::uint32_t depths[] = {0, 0, 4, 6, 9, 14};
    mmapvideo_writer_options options = {};
    options.path = path_.c_str();
    options.slot_count = depths[below(std::size(depths))];
    mmapvideo_error error = {};
    writer_ = mmapvideo_writer_open(&options, &error);
    if (writer_ == nullptr) return report_failure(tally_, "writer_open:", error.message);
    next_number_ = first_number();
  }
  /// Of the session that has just begun, as the file tells it.
  std::uint64_t first_number() const {
    const auto found = header_at(path_);
    if (!found) report_failure(tally_, "cannot read session_first_number");
    return found ? found->header.session_first_number : 0;
  }
  /// What is lent or held stays out for a while.
  void close(bool keep_file) {
    if (writer_ == nullptr) return;
    for (Out& out : lent_) later_.add(out, some_time());
    lent_.clear();
    mmapvideo_writer_close(writer_, keep_file);
    writer_ = nullptr;
  }
  void reopen(bool keep_file) {
    close(keep_file);
    if (!keep_file) most_bytes_ = kFirstBytes;
    (keep_file ? tally_.closed : tally_.removed) += 1;
    open();
  }

  // ---- Frames

  void step() {
    const std::uint64_t dice = below(20'000);
    if (dice < 4) return reopen(true);
    if (dice < 5) return reopen(false);
    if (dice < 12) {
      tally_.sessions_ended += 1;
      return mmapvideo_writer_end(writer_);
    }
    if (dice < 16) return grow();
    if (dice < 40) return std::this_thread::sleep_for(some_time());
    const std::uint64_t bytes = 64 * (1 + below(most_bytes_ / 64));
    switch (below(10)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return publish_a_copy(bytes);
      case 4:
      case 5:
        return take(mmapvideo_writer_begin, bytes);
      case 6:
      case 7:
        return take(mmapvideo_writer_lend, bytes);
      default:
        return use_a_lent_slot();
    }
  }
  void grow() {
    most_bytes_ = std::min(most_bytes_ + 64 * below(512), kMostBytes);
    mmapvideo_error error = {};
    if (mmapvideo_writer_reserve(writer_, most_bytes_, kStressCapsBytes, 0,
                                 static_cast<std::uint32_t>(below(6)), &error) != MMAPVIDEO_OK) {
      report_failure(tally_, "reserve:", error.message);
    }
    tally_.growths += 1;
  }
  /// Counts what begin, publish or commit said. True: a frame is out.
  bool account(mmapvideo_status status, const mmapvideo_error& error, std::uint64_t number) {
    if (status == MMAPVIDEO_NO_FREE_SLOT) {
      next_number_ += 1;
      tally_.dropped += 1;
      std::this_thread::sleep_for(std::chrono::microseconds(50));
      return false;
    }
    if (status != MMAPVIDEO_OK) {
      report_failure(tally_, mmapvideo_status_name(status), error.message);
      return false;
    }
    if (number != next_number_) {
      tally_.wrong_numbers += 1;
      std::fprintf(stderr, "frame %llu got the number %llu\n", printable(next_number_),
                   printable(number));
    }
    next_number_ = number + 1;
    tally_.published += 1;
    return true;
  }
  void publish_a_copy(std::uint64_t bytes) {
    own_.resize(bytes / sizeof own_[0]);
    const FrameKey key = {next_number_, random_()};
    fill_frame(own_.data(), bytes, key);
    publish_from(own_.data(), bytes, key);
  }
  void publish_from(const void* payload, std::uint64_t bytes, const FrameKey& key) {
    const mmapvideo_frame_info info = stress_info(bytes, key.salt);
    mmapvideo_error error = {};
    std::uint64_t number = 0;
    const auto status =
        mmapvideo_writer_publish(writer_, &info, kStressCaps, payload, nullptr, &number, &error);
    account(status, error, number);
  }
  void take(decltype(&mmapvideo_writer_begin) call, std::uint64_t bytes) {
    Out out = {writer_, {}, {}, bytes};
    mmapvideo_error error = {};
    const auto status = call(writer_, bytes, kStressCapsBytes, 0, &out.view, &error);
    const bool lent = call == &mmapvideo_writer_lend;
    if (status != MMAPVIDEO_OK) {
      if (!lent || status != MMAPVIDEO_NO_FREE_SLOT) account(status, error, 0);
      return;
    }
    if (below(4) == 0) scribble(out);
    if (!lent) return use(out);
    lent_.push_back(out);
    if (lent_.size() > 4) use_a_lent_slot();
  }
  void use_a_lent_slot() {
    if (lent_.empty()) return;
    std::swap(lent_[below(lent_.size())], lent_.back());
    const Out out = lent_.back();
    lent_.pop_back();
    use(out);
  }
  /// Publishes a taken slot, and holds it or not; or gives it back, now or later.
  void use(Out out) {
    const std::uint64_t fate = below(10);
    if (fate == 0) return give_back(out);
    if (fate == 1 && later_.waiting() < 4) return later_.add(out, some_time());
    out.key = {next_number_, random_()};
    fill_frame(out.view.payload, out.bytes, out.key);
    const bool hold = fate < 6 && later_.waiting() < 4;
    const mmapvideo_frame_info info = stress_info(out.bytes, out.key.salt);
    mmapvideo_error error = {};
    std::uint64_t number = 0;
    const auto call = hold ? mmapvideo_writer_commit_and_hold : mmapvideo_writer_commit;
    const auto status = call(writer_, &out.view, &info, kStressCaps, &number, &error);
    if (status == MMAPVIDEO_RING_REPLACED) {
      publish_from(out.view.payload, out.bytes, out.key);
      tally_.copied_from_former_rings += 1;
      out.key = {};
      return give_back(out);
    }
    if (!account(status, error, number) || !hold) return;
    tally_.held += 1;
    later_.add(out, some_time());
  }
  /// Rubbish that no reader may ever see.
  static void scribble(const Out& out) { fill_frame(out.view.payload, out.bytes, {0, 0xbad}); }

  /// From any thread, also after the close.
  void give_back(const Out& out) {
    if (out.key.number == 0) {
      scribble(out);
      tally_.aborted += 1;
      return mmapvideo_writer_abort(out.writer, &out.view);
    }
    check_frame(tally_, out.view.payload, out.bytes, out.key, "while the writer's user held it");
    tally_.held_checked += 1;
    mmapvideo_writer_release(out.writer, &out.view);
  }

  const std::string path_;
  std::mt19937_64 random_;
  StressTally& tally_;
  mmapvideo_writer* writer_ = nullptr;
  std::uint64_t next_number_ = 1;
  std::uint64_t most_bytes_ = kFirstBytes;
  std::vector<Out> lent_;
  std::vector<std::uint64_t> own_;
  DelayedWork<Out> later_;  // last: its thread uses the others, and outlives the close
};

}  // namespace mmapvideo_test
