// SPDX-License-Identifier: MIT
// Every call that a writer makes to the system fails once, at every place: a status with a
// sentence, never a hang, a leak or a crash, and the file can be used.
#include "support/fault_runs.hpp"
#include "support/forged_file.hpp"

using namespace mmapvideo_test;
using FaultsWriterTest = FaultsTest;

namespace {

/// What a writer that was killed left: frames, a claimed slot, a slot half written, an odd
/// `released`.
void leave_dead_file(const std::string& path) {
  ForgedFile file(path, {.slot_count = 4});
  for (int i = 0; i < 3; ++i) file.publish();
  store(file.slot(0).stamp, 3);
  file.start_slot(3);
  store(file.header().released, 1);
}

void leave_grown_file(const std::string& path) {
  ForgedFile file(path, {.slot_count = 2});
  file.publish();
  file.publish();
  file.grow({.slot_count = 3, .payload_capacity = 80'000});
  file.publish();
  file.publish();
}

}  // namespace

TEST_F(FaultsWriterTest, starting_and_ending_survive_every_failing_call) {
  Writer writer;
  every_call_fails_once([](FaultRun&) {},
                        [&](FaultRun& run) {
                          writer = run.writer();
                          run.reserve(writer);
                          run.publish(writer);
                          if (writer) mmapvideo_writer_end(writer.get());
                          run.publish(writer);
                          writer.reset();
                        },
                        [](FaultRun&) {});
}

TEST_F(FaultsWriterTest, taking_over_survives_every_failing_call_and_loses_no_frame) {
  Writer writer;
  every_call_fails_once([&](FaultRun& run) { leave_dead_file(run.path()); },
                        [&](FaultRun& run) { writer = run.writer(); },
                        [&](FaultRun& run) {
                          if (writer) close_and_keep(writer);
                          // It was taken over or it was not: the newest frame is there.
                          const Reader reader = open_reader(run.path(), kLatest, true);
                          const Taken taken = take(reader, kNoWait);
                          run.require(taken.number == 3 && all_words_are(taken.payload, 3),
                                      "the newest frame can be read");
                        });
}

TEST_F(FaultsWriterTest, taking_over_a_grown_file_survives_every_failing_call) {
  Writer writer;
  every_call_fails_once([&](FaultRun& run) { leave_grown_file(run.path()); },
                        [&](FaultRun& run) {
                          writer = run.writer(3);
                          run.publish(writer);
                          if (writer) close_and_keep(writer);
                        },
                        [&](FaultRun& run) {
                          const Reader reader = open_reader(run.path(), kLatest, true);
                          const Taken taken = take(reader, kNoWait);
                          run.require(taken.number >= 4, "the newest frame can be read");
                        });
}

TEST_F(FaultsWriterTest, publishing_survives_every_failing_call) {
  Writer writer;
  every_call_fails_once(
      [&](FaultRun& run) {
        writer = run.writer();
        run.reserve(writer);
      },
      [&](FaultRun& run) {
        for (int i = 0; i < 9; ++i) run.publish(writer);
        mmapvideo_slot_view view = {};
        if (run.lend(writer, view) == MMAPVIDEO_OK) mmapvideo_writer_abort(writer.get(), &view);
      },
      [&](FaultRun&) { writer.reset(); });
}

TEST_F(FaultsWriterTest, growing_survives_every_failing_call) {
  Writer writer;
  Reader reader;
  every_call_fails_once(
      [&](FaultRun& run) {
        writer = run.writer();
        run.publish(writer);
        reader = open_reader(run.path(), kEveryFrame);
        run.take(reader);
      },
      [&](FaultRun& run) {
        for (const unsigned bytes : {100'032, 100'032, 300'032, 64})
          for (int i = 0; i < 5; ++i) run.publish(writer, bytes);
      },
      [&](FaultRun& run) {
        while (run.take(reader) == MMAPVIDEO_OK) continue;
        reader.reset();
        writer.reset();
      });
}

TEST_F(FaultsWriterTest, waiting_for_turns_survives_every_failing_call) {
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
        for (int i = 0; i < 7; ++i) run.publish(writer);
        run.reserve(writer, 100'032);
        for (int i = 0; i < 5; ++i) run.publish(writer, 100'032);
        run.reserve(writer, 300'032);
      },
      [&](FaultRun& run) {
        while (run.take(reader) == MMAPVIDEO_OK) continue;
        reader.reset();
        writer.reset();
      });
}

TEST_F(FaultsWriterTest, waiting_for_an_acknowledgement_survives_every_failing_call) {
  Writer writer;
  Reader reader;
  every_call_fails_once(
      [&](FaultRun& run) {
        writer = run.writer(4, MMAPVIDEO_DELIVERY_ACKNOWLEDGED);
        run.publish(writer);
        reader = open_reader(run.path(), kEveryFrame);
        run.take(reader);
      },
      [&](FaultRun& run) {
        for (int i = 0; i < 3; ++i) run.publish(writer);
        run.wait_for_readers(writer, 1);
        run.wait_for_readers(writer, 2);
      },
      [&](FaultRun&) {
        reader.reset();
        writer.reset();
      });
}

TEST_F(FaultsWriterTest, closing_with_slots_out_survives_every_failing_call) {
  mmapvideo_writer* closed = nullptr;
  mmapvideo_slot_view held = {};
  mmapvideo_slot_view taken = {};
  every_call_fails_once(
      [&](FaultRun& run) {
        Writer writer = run.writer(8);
        run.publish(writer);
        run.begin(writer, held);
        run.commit_and_hold(writer, held);
        run.begin(writer, taken);
        closed = writer.release();
      },
      [&](FaultRun&) {
        mmapvideo_writer_close(closed, 1);
        mmapvideo_writer_release(closed, &held);
        mmapvideo_writer_abort(closed, &taken);
      },
      [](FaultRun&) {});
}

// Without it, a call that the library made under another name would never fail.
TEST_F(FaultsWriterTest, every_kind_of_call_is_led_to_the_faults) {
  for (std::size_t kind = 0; kind < static_cast<std::size_t>(faults::Call::count); ++kind) {
    const auto call = static_cast<faults::Call>(kind);
    faults::arm({call, 0}, 0);
    FaultRun run(path_);
    Writer writer = run.writer(4, kEveryFrame);
    run.publish(writer);
    Reader reader = open_reader(path_, kEveryFrame);
    run.take(reader);
    run.take(reader, 1000);
    for (const unsigned bytes : {64, 100'032, 100'032, 100'032, 100'032, 100'032})
      run.publish(writer, bytes);
    reader.reset();
    for (int i = 0; i < 8; ++i) run.publish(writer, 100'032);
    writer.reset();
    EXPECT_GT(faults::disarm(), 0u) << faults::name_of(call);
    EXPECT_EQ(run.problem(), "");
  }
}
