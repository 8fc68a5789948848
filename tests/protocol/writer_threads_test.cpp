// SPDX-License-Identifier: MIT
// One writer used by several threads at a time, in every way there is: each number is given once,
// each frame is whole.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <functional>
#include <mutex>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "support/file_test.hpp"
#include "support/library.hpp"
#include "support/raw_file.hpp"
#include "support/slots.hpp"

using namespace mmapvideo_test;
using WriterThreadsTest = FileTest;

namespace {

constexpr int kThreads = 4;
constexpr int kRounds = 3000;

/// What one thread did.
struct Done {
  std::vector<std::uint64_t> numbers;
  std::uint64_t dropped = 0;
  std::uint64_t spoiled = 0;  // slots that somebody else wrote to while they were this thread's
  std::uint64_t failures = 0;
};

/// One thread at the writer. Every word of its frames is a tag of its own, also told in pts_ns.
class User {
 public:
  User(const Writer& writer, std::uint64_t id, std::uint32_t seed)
      : writer_(writer), tag_(id << 32), random_(seed) {}

  Done work() {
    for (int round = 0; round < kRounds; ++round) {
      switch (random_() % 8) {
        case 0:
        case 1:
          publish_a_copy();
          break;
        case 2:
          take(mmapvideo_writer_begin, Fate::commit);
          break;
        case 3:
          take(mmapvideo_writer_begin, Fate::hold);
          break;
        case 4:
          take(mmapvideo_writer_lend, Fate::commit);
          break;
        case 5:
          take(mmapvideo_writer_lend, Fate::hold);
          break;
        case 6:
          take(mmapvideo_writer_lend, Fate::abort);
          break;
        default:
          release_one();
          break;
      }
      if (held_.size() > 2) release_one();
    }
    while (!held_.empty()) release_one();
    return std::move(done_);
  }

 private:
  enum class Fate { commit, hold, abort };
  struct Held {
    mmapvideo_slot_view view;
    std::uint64_t tag;
  };

  mmapvideo_frame_info next_info() {
    mmapvideo_frame_info info = grey_info();
    info.pts_ns = ++tag_;
    return info;
  }
  void count(mmapvideo_status status, std::uint64_t number) {
    if (status == MMAPVIDEO_OK) done_.numbers.push_back(number);
    if (status == MMAPVIDEO_NO_FREE_SLOT) done_.dropped += 1;
    if (status != MMAPVIDEO_OK && status != MMAPVIDEO_NO_FREE_SLOT) done_.failures += 1;
  }
  void publish_a_copy() {
    const mmapvideo_frame_info info = next_info();
    std::vector<std::byte> payload(kFrameBytes);
    fill_words(payload.data(), kFrameBytes, info.pts_ns);
    std::uint64_t number = 0;
    const auto status = mmapvideo_writer_publish(writer_.get(), &info, kCaps.c_str(),
                                                 payload.data(), nullptr, &number, nullptr);
    count(status, number);
  }
  void take(decltype(&mmapvideo_writer_begin) call, Fate fate) {
    mmapvideo_slot_view view = {};
    const auto status = call(writer_.get(), kFrameBytes, kCapsBytes, 0, &view, nullptr);
    if (status != MMAPVIDEO_OK) {
      if (call == &mmapvideo_writer_begin || status != MMAPVIDEO_NO_FREE_SLOT) count(status, 0);
      return;
    }
    const mmapvideo_frame_info info = next_info();
    fill_words(view.payload, kFrameBytes, info.pts_ns);
    if (random_() % 4 == 0) std::this_thread::yield();
    done_.spoiled += !memory_is(view.payload, info.pts_ns);
    if (fate == Fate::abort) return abort_slot(writer_, view);
    const auto commit =
        fate == Fate::hold ? mmapvideo_writer_commit_and_hold : mmapvideo_writer_commit;
    std::uint64_t number = 0;
    const auto committed = commit(writer_.get(), &view, &info, kCaps.c_str(), &number, nullptr);
    count(committed, number);
    if (fate == Fate::hold) held_.push_back({view, info.pts_ns});
  }
  void release_one() {
    if (held_.empty()) return;
    std::swap(held_[random_() % held_.size()], held_.back());
    done_.spoiled += !memory_is(held_.back().view.payload, held_.back().tag);
    release_slot(writer_, held_.back().view);
    held_.pop_back();
  }

  const Writer& writer_;
  std::uint64_t tag_;
  std::mt19937 random_;
  std::vector<Held> held_;
  Done done_;
};

/// Reads every frame until the writer ends, and counts those that are not what their pts says.
struct Watched {
  std::uint64_t delivered = 0, skipped = 0, spoiled = 0, last = 0;
};
Watched watch(const Reader& every) {
  Watched watched;
  for (Taken taken; (taken = take(every)).status == MMAPVIDEO_OK;) {
    watched.skipped += taken.skipped;
    watched.spoiled += taken.number <= watched.last;
    watched.last = taken.number;
    if (taken.copy_status == MMAPVIDEO_OVERWRITTEN) continue;
    watched.delivered += 1;
    watched.spoiled += !all_words_are(taken.payload, taken.info.pts_ns);
  }
  return watched;
}

std::vector<Done> work_together(const Writer& writer) {
  std::vector<Done> all(kThreads);
  std::vector<std::thread> threads;
  for (std::uint32_t id = 0; id < kThreads; ++id) {
    threads.emplace_back([&, id] { all[id] = User(writer, id + 1, 4711 + id).work(); });
  }
  for (auto& thread : threads) thread.join();
  return all;
}

}  // namespace

TEST_F(WriterThreadsTest, every_number_is_given_once_and_every_frame_is_whole) {
  for (unsigned slot_count : {4u, 8u, 24u}) {
    Writer writer = open_reserved_writer(path_, slot_count);
    Reader every = open_reader(path_, kEveryFrame);
    attach(every);
    Watched watched;
    std::thread watcher([&] { watched = watch(every); });
    std::vector<Done> all = work_together(writer);
    std::uint64_t last = publish(writer, 0);
    mmapvideo_writer_end(writer.get());
    watcher.join();

    std::set<std::uint64_t> numbers = {last};
    std::uint64_t published = 1, dropped = 0;
    for (const Done& done : all) {
      EXPECT_EQ(done.spoiled, 0u);
      EXPECT_EQ(done.failures, 0u);
      EXPECT_TRUE(std::is_sorted(done.numbers.begin(), done.numbers.end()));
      numbers.insert(done.numbers.begin(), done.numbers.end());
      published += done.numbers.size();
      dropped += done.dropped;
    }
    EXPECT_EQ(numbers.size(), published) << "a number was given twice";
    EXPECT_EQ(*numbers.rbegin(), last);
    EXPECT_EQ(published + dropped, last) << "a number was given to nobody";
    EXPECT_EQ(stats_of(writer).frame_count, published);
    EXPECT_EQ(stats_of(writer).dropped_count, dropped);
    EXPECT_EQ(stats_of(writer).slots_out, 0u);
    EXPECT_EQ(slot_lock_count(path_), 0u);
    EXPECT_EQ(watched.delivered + watched.skipped, last);
    EXPECT_EQ(watched.last, last);
    EXPECT_EQ(watched.spoiled, 1u) << "only the last frame, which has no pts";
    EXPECT_EQ(free_slots(writer), slot_count - 1);
  }
}

TEST_F(WriterThreadsTest, slots_are_given_back_by_threads_that_did_not_take_them) {
  Writer writer = open_writer(path_, 16);
  std::mutex mutex;
  std::vector<mmapvideo_slot_view> taken, held;
  std::atomic<bool> done = false;
  auto give_back = [&](std::vector<mmapvideo_slot_view>& from, auto call) {
    std::lock_guard lock(mutex);
    if (from.empty()) return;
    call(writer.get(), &from.back());
    from.pop_back();
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      while (!done) {
        give_back(taken, mmapvideo_writer_abort);
        give_back(held, mmapvideo_writer_release);
      }
    });
  }
  for (int round = 0; round < kRounds; ++round) {
    mmapvideo_slot_view view = {};
    if (begin_slot(writer, view) == MMAPVIDEO_OK) {
      std::lock_guard lock(mutex);
      taken.push_back(view);
    }
    if (begin_slot(writer, view) == MMAPVIDEO_OK) {
      ASSERT_EQ(commit_and_hold_slot(writer, view), MMAPVIDEO_OK);
      std::lock_guard lock(mutex);
      held.push_back(view);
    }
  }
  done = true;
  for (auto& thread : threads) thread.join();
  while (!taken.empty()) give_back(taken, mmapvideo_writer_abort);
  while (!held.empty()) give_back(held, mmapvideo_writer_release);
  EXPECT_EQ(stats_of(writer).slots_out, 0u);
  EXPECT_EQ(slot_lock_count(path_), 0u);
  EXPECT_EQ(free_slots(writer), 15u);
}
