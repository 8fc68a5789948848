// SPDX-License-Identifier: MIT
// Every call that a reader or a tool makes to the system fails once, at every place: a status with
// a sentence, never a hang, a leak or a crash, and no frame twice.
#include <set>

#include "failure.hpp"
#include "inspector.hpp"
#include "support/fault_runs.hpp"
#include "support/forged_file.hpp"
#include "support/turns.hpp"

using namespace mmapvideo_test;
using FaultsReaderTest = FaultsTest;

namespace {

constexpr std::int64_t kLongWait = 700'000'000;

void inspect(FaultRun& run) {
  mmapvideo_error error = {};
  try {
    mmapvideo::core::inspect(run.path());
  } catch (const mmapvideo::core::Failure& failure) {
    error.status = failure.status();
    std::snprintf(error.message, sizeof error.message, "%s", failure.message().c_str());
  }
  run.note("inspect", error.status, error);
}

}  // namespace

TEST_F(FaultsReaderTest, attaching_and_reading_survive_every_failing_call) {
  Writer writer;
  for (const auto delivery : {kLatest, kEveryFrame}) {
    every_call_fails_once(
        [&](FaultRun& run) {
          writer = run.writer(4, kEveryFrame);
          for (int i = 0; i < 3; ++i) run.publish(writer);
        },
        [&](FaultRun& run) {
          const Reader reader = open_reader(run.path(), delivery);
          run.take(reader);
          run.take(reader, kLongWait);
          run.take(reader);
        },
        [&](FaultRun&) { writer.reset(); });
  }
}

TEST_F(FaultsReaderTest, following_growth_survives_every_failing_call) {
  Writer writer;
  Reader reader;
  for (const auto delivery : {kLatest, kEveryFrame}) {
    every_call_fails_once(
        [&](FaultRun& run) {
          writer = run.writer(4, kEveryFrame);
          run.publish(writer);
          reader = open_reader(run.path(), delivery);
          run.take(reader);
          run.publish(writer);
          run.publish(writer, 100'032);
          run.publish(writer, 100'032);
        },
        [&](FaultRun& run) {
          for (int i = 0; i < 4; ++i) run.take(reader);
          run.take(reader, kLongWait);
        },
        [&](FaultRun&) {
          reader.reset();
          writer.reset();
        });
  }
}

TEST_F(FaultsReaderTest, leasing_survives_every_failing_call) {
  Writer writer;
  Reader reader;
  mmapvideo_lease lease = {};
  mmapvideo_lease shared = {};
  every_call_fails_once(
      [&](FaultRun& run) {
        writer = run.writer();
        run.publish(writer);
        reader = open_reader(run.path());
        run.take(reader);
      },
      [&](FaultRun& run) {
        if (run.lease(reader, lease) == MMAPVIDEO_OK) {
          mmapvideo_lease_share(&lease, &shared);
          mmapvideo_lease_end(&lease);
          run.require(mmapvideo_lease_is_intact(&shared), "a lease is intact");
        }
        reader.reset();
        mmapvideo_lease_end(&shared);
      },
      [&](FaultRun&) { writer.reset(); });
}

TEST_F(FaultsReaderTest, waiting_for_a_file_survives_every_failing_call) {
  every_call_fails_once([](FaultRun&) {},
                        [](FaultRun& run) { run.take(open_reader(run.path()), kLongWait); },
                        [](FaultRun&) {});
}

TEST_F(FaultsReaderTest, waiting_at_a_session_that_ended_survives_every_failing_call) {
  Reader reader;
  every_call_fails_once(
      [&](FaultRun& run) {
        Writer writer = run.writer();
        run.publish(writer);
        reader = open_reader(run.path());
        run.take(reader);
        close_and_keep(writer);
      },
      [&](FaultRun& run) {
        for (int i = 0; i < 3; ++i) run.take(reader, kLongWait);
      },
      [&](FaultRun&) { reader.reset(); });
}

TEST_F(FaultsReaderTest, losing_the_writer_survives_every_failing_call) {
  Reader reader;
  every_call_fails_once(
      [&](FaultRun& run) {
        ForgedFile file(run.path());
        file.publish();
        reader = open_reader(run.path());
        run.take(reader);
      },
      [&](FaultRun& run) {
        for (int i = 0; i < 3; ++i) run.take(reader, kLongWait);
      },
      [&](FaultRun&) { reader.reset(); });
}

TEST_F(FaultsReaderTest, going_to_another_file_survives_every_failing_call) {
  Writer writer;
  Reader reader;
  every_call_fails_once(
      [&](FaultRun& run) {
        Writer former = run.writer();
        run.publish(former);
        reader = open_reader(run.path(), kEveryFrame);
        run.take(reader);
        former.reset();  // removes the file
        writer = run.writer(4, kEveryFrame);
        run.publish(writer);
        run.publish(writer);
        run.forget_position();
      },
      [&](FaultRun& run) {
        for (int i = 0; i < 4; ++i) run.take(reader, kLongWait);
      },
      [&](FaultRun&) {
        reader.reset();
        writer.reset();
      });
}

TEST_F(FaultsReaderTest, inspecting_and_listing_survive_every_failing_call) {
  Writer writer;
  Reader reader;
  every_call_fails_once(
      [&](FaultRun& run) {
        writer = run.writer(4, kEveryFrame);
        run.publish(writer);
        reader = open_reader(run.path(), kEveryFrame);
        run.take(reader);
      },
      [&](FaultRun& run) {
        inspect(run);
        run.list_readers();
        run.look();
        stats_of(writer);
      },
      [&](FaultRun&) {
        reader.reset();
        writer.reset();
      });
}

// So that a file that is cut meanwhile does no harm, and its writer and readers notice nothing.
TEST_F(FaultsReaderTest, who_only_looks_maps_nothing_and_takes_no_lock) {
  const Writer writer = open_writer(path_);
  publish(writer);
  for (const auto call : {faults::Call::map, faults::Call::lock}) {
    faults::arm({call, 0}, 0);
    const auto inspected = mmapvideo::core::inspect(path_);
    mmapvideo_file_info glanced{};
    mmapvideo_inspect(path_.c_str(), &glanced, nullptr, 0, nullptr);
    EXPECT_EQ(faults::disarm(), 0u) << faults::name_of(call);
    EXPECT_TRUE(inspected.newest_slot);
    EXPECT_EQ(glanced.has_newest, 1u);
  }
}

TEST_F(FaultsReaderTest, reader_that_waits_for_a_ring_takes_no_lock) {
  const Writer writer = open_writer(path_);
  faults::arm({faults::Call::lock, 0}, 0);
  const Reader reader = open_reader(path_, kEveryFrame);
  EXPECT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
  EXPECT_EQ(faults::disarm(), 0u);
}

// A turn keeps 4096 frames; a writer may publish more before it is there.
TEST_F(FaultsReaderTest, frames_that_come_while_a_reader_joins_are_no_gap) {
  const Writer writer = open_waiting_writer(path_, 4, 1'000'000);
  publish(writer);
  faults::before_next(faults::Call::lock, [&] {
    for (int i = 0; i < 5000; ++i) publish(writer, 0, 64);
    // Once the turn is there: whether somebody else has the same lane.
    faults::before_next(faults::Call::query_lock, [&] {
      for (int i = 0; i < 8; ++i) publish(writer, 0, 64);
    });
  });
  const Reader reader = open_reader(path_, kEveryFrame);
  const Taken taken = next_frame(reader);
  EXPECT_EQ(taken.number, 5001u);
  EXPECT_EQ(taken.skipped, 0u);
  EXPECT_EQ(stats_of(writer).passed_over_count, 1u) << "the writer knew of it";
}
