// SPDX-License-Identifier: MIT
// Hand-over between real processes: acknowledged requests and answers through two files, and a
// writer that waits until its readers are there.
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include "support/child.hpp"
#include "support/file_test.hpp"
#include "support/library.hpp"
#include "support/order.hpp"
#include "support/raw_file.hpp"
#include "support/turns.hpp"

using namespace mmapvideo_test;

namespace {

constexpr std::uint64_t kRoundTrips = 5000;

std::uint64_t answer_to(std::uint64_t request) { return request * 0x9e3779b97f4a7c15u + 1; }

struct Exchange {
  std::uint64_t done = 0;
  std::uint64_t wrong = 0;
  mmapvideo_writer_stats stats = {};
};

/// The next frame, finished: the writer of an acknowledged frame waits until its reader asks for
/// the one after it, and both sides would wait for each other if they wrote first.
Taken take_and_finish(const Reader& reader, Exchange& exchange) {
  Taken taken = take(reader);
  if (taken.status != MMAPVIDEO_OK) return taken;
  exchange.wrong += next_frame(reader, kNoWait).status != MMAPVIDEO_TIMEOUT;
  exchange.wrong += taken.copy_status != MMAPVIDEO_OK || taken.skipped != 0 ||
                    !all_words_are(taken.payload, first_word(taken.payload));
  return taken;
}

int request(const std::string& requests, const std::string& answers, const Results& results) {
  Writer writer = open_waiting_writer(requests, 4, kForever, kAcknowledged);
  Reader reader = open_reader(answers, kEveryFrame);
  Exchange exchange;
  for (std::uint64_t number = 1; number <= kRoundTrips; ++number) {
    exchange.wrong += publish(writer, number) != number;
    const Taken answer = take_and_finish(reader, exchange);
    if (answer.status != MMAPVIDEO_OK) break;
    exchange.wrong += answer.number != number || first_word(answer.payload) != answer_to(number);
    exchange.done += 1;
  }
  exchange.stats = stats_of(writer);
  results.send(exchange);
  close_and_keep(writer);
  return 0;
}

int answer(const std::string& requests, const std::string& answers, const Results& results) {
  Writer writer = open_waiting_writer(answers, 4, kForever, kAcknowledged);
  Reader reader = open_reader(requests, kEveryFrame);
  Exchange exchange;
  for (;;) {
    const Taken found = take_and_finish(reader, exchange);
    if (found.status != MMAPVIDEO_OK) break;
    exchange.wrong += publish(writer, answer_to(first_word(found.payload))) != found.number;
    exchange.done += 1;
  }
  exchange.stats = stats_of(writer);
  results.send(exchange);
  return 0;
}

void check(const Exchange& exchange) {
  EXPECT_EQ(exchange.done, kRoundTrips);
  EXPECT_EQ(exchange.wrong, 0u);
  EXPECT_EQ(exchange.stats.passed_over_count, 0u);
  EXPECT_EQ(exchange.stats.dropped_count, 0u);
}

/// A reader that is there after the order, and until it is killed.
std::unique_ptr<Child> reader_after(const std::string& path, const Order& order,
                                    mmapvideo_delivery delivery) {
  return std::make_unique<Child>(
      [](const Results& results, const std::string& file, const Order& begin,
         mmapvideo_delivery wanted) {
        begin.await();
        Reader reader = open_reader(file, wanted);
        wait_until_attached(reader);
        results.send(true);
        while (next_frame(reader).status != MMAPVIDEO_CANCELLED) {
        }
        return 0;
      },
      path, order, delivery);
}

}  // namespace

// ---- Requests and answers ---------------------------------------------------------------------

using HandoverTest = FileTest;

TEST_F(HandoverTest, each_answer_belongs_to_its_request) {
  const Watchdog watchdog(300);
  const std::string answers = dir_ / "answers";
  Child answering([](const Results& results, const std::string& asked,
                     const std::string& answered) { return answer(asked, answered, results); },
                  path_, answers);
  Child requesting([](const Results& results, const std::string& asked,
                      const std::string& answered) { return request(asked, answered, results); },
                   path_, answers);
  Exchange exchange;
  ASSERT_TRUE(requesting.receive(exchange));
  check(exchange);
  std::printf("%llu of %llu requests were waited for\n",
              static_cast<unsigned long long>(exchange.stats.wait_count),
              static_cast<unsigned long long>(kRoundTrips));
  ASSERT_TRUE(answering.receive(exchange));
  check(exchange);
  EXPECT_EQ(requesting.exit_status(), 0);
  EXPECT_EQ(answering.exit_status(), 0);
}

// ---- Waiting for readers ----------------------------------------------------------------------

using RendezvousTest = FileTest;

TEST_F(RendezvousTest, writer_waits_for_readers_that_start_later) {
  Order orders[3];
  std::vector<std::unique_ptr<Child>> readers;
  for (auto& order : orders)
    readers.push_back(reader_after(path_, order, readers.size() % 2 == 0 ? kEveryFrame : kLatest));
  Child writer(
      [](const Results& results, const std::string& path) {
        Writer own = open_waiting_writer(path, 4);
        results.send(true);
        results.send(mmapvideo_writer_wait_for_readers(own.get(), 3, kForever, nullptr));
        results.send(stats_of(own).reader_count);
        sleep_for_ever();
        return 0;
      },
      path_);
  bool ready = false;
  ASSERT_TRUE(writer.receive(ready));
  for (std::size_t i = 0; i < readers.size(); ++i) {
    EXPECT_EQ(attached_readers(path_), i);
    until_writer_waits(path_);
    orders[i].give();
    ASSERT_TRUE(readers[i]->receive(ready));
  }
  mmapvideo_status status = MMAPVIDEO_SYSTEM;
  ASSERT_TRUE(writer.receive(status));
  EXPECT_EQ(status, MMAPVIDEO_OK);
  std::uint32_t counted = 0;
  ASSERT_TRUE(writer.receive(counted));
  EXPECT_EQ(counted, 3u);
  EXPECT_EQ(turns_in(path_), (std::vector<std::uint64_t>{1, 1})) << "of the two of every frame";
}

TEST_F(RendezvousTest, killed_reader_does_not_count) {
  constexpr std::uint32_t kWanted = 2;
  Order orders[3];
  std::vector<std::unique_ptr<Child>> readers;
  for (auto& order : orders) readers.push_back(reader_after(path_, order, kEveryFrame));
  Child writer(
      [](const Results& results, const std::string& path) {
        Writer own = open_waiting_writer(path, 4);
        results.send(true);
        results.send(mmapvideo_writer_wait_for_readers(own.get(), kWanted, kForever, nullptr));
        return 0;
      },
      path_);
  bool ready = false;
  ASSERT_TRUE(writer.receive(ready));
  until_writer_waits(path_);
  orders[0].give();
  ASSERT_TRUE(readers[0]->receive(ready));
  readers[0]->kill_and_reap();
  EXPECT_EQ(attached_readers(path_), 0u);
  orders[1].give();
  ASSERT_TRUE(readers[1]->receive(ready));
  ::usleep(20'000);  // time to be wrong in
  EXPECT_EQ(load(RawFile(path_, O_RDONLY).header().released) % 2, 1u) << "it waits";
  orders[2].give();
  mmapvideo_status status = MMAPVIDEO_SYSTEM;
  ASSERT_TRUE(writer.receive(status));
  EXPECT_EQ(status, MMAPVIDEO_OK);
}

TEST_F(RendezvousTest, time_limit_ends_the_wait_when_the_readers_were_killed) {
  Order order;
  std::vector<std::unique_ptr<Child>> readers;
  for (int i = 0; i < 2; ++i) readers.push_back(reader_after(path_, order, kEveryFrame));
  Writer writer = open_waiting_writer(path_, 4);
  for (int i = 0; i < 2; ++i) order.give();
  EXPECT_EQ(mmapvideo_writer_wait_for_readers(writer.get(), 2, kForever, nullptr), MMAPVIDEO_OK);
  for (auto& reader : readers) reader->kill_and_reap();
  EXPECT_EQ(stats_of(writer).reader_count, 0u);
  EXPECT_EQ(mmapvideo_writer_wait_for_readers(writer.get(), 1, 20'000'000, nullptr),
            MMAPVIDEO_TIMEOUT);
  EXPECT_EQ(publish(writer), 1u) << "nobody is left to wait for";
}
