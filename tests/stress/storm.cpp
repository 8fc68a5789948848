// SPDX-License-Identifier: MIT
// A storm: a writer and readers of all kinds are killed, stopped, continued and restarted otherwise
// at random points, and the file is removed or left. No frame is ever torn, no number goes back
// within a file, nobody hangs, and nothing grows or stays behind.
//
//   storm [--seconds N] [--seed S]
//
// Calm follows each squall: all run, a new writer has a new file, and each reader has to deliver
// its frames. What the survivors occupy then is compared with what they occupied in the first calm.
// The seed fixes what happens in which order, not how the processes interleave.
#include <chrono>
#include <cstdlib>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>

#include "storm_crew.hpp"
#include "support/temp_dir.hpp"
#include "support/watchdog.hpp"

namespace {

using namespace mmapvideo_test;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr auto kSquall = milliseconds(1500);
constexpr std::uint64_t kCalmFrames = 100;
// How long a reader may take is printed, and not judged: a machine may be slow.
constexpr auto kHung = std::chrono::seconds(60);
constexpr unsigned kHungAltogether = 180;

struct Request {
  unsigned seconds = 20;
  std::uint64_t seed = 1;
};

Request parse(int argc, char** argv) {
  Request request;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--seconds" && i + 1 < argc)
      request.seconds = static_cast<unsigned>(std::stoul(argv[++i]));
    else if (word == "--seed" && i + 1 < argc)
      request.seed = std::stoull(argv[++i]);
    else
      throw std::invalid_argument("storm [--seconds N] [--seed S]");
  }
  return request;
}

class Storm {
 public:
  Storm(const std::string& path, std::uint64_t seed, const Shared<StormState>& state)
      : random_(seed), state_(*state), crew_(path, random_(), state) {}

  void run(std::chrono::seconds duration) {
    const auto end = Clock::now() + duration;
    do {
      const Watchdog watchdog(kHungAltogether);
      squall();
      calm();
      if (calms_++ == 0) first_ = measure();
      last_ = measure();
    } while (Clock::now() < end && state_.problems() == 0);
    judge_growth();
    if (state_.problems() != 0) return;  // some have ended themselves by now
    const Watchdog watchdog(kHungAltogether);
    crew_.finish();
  }
  void print() const;

 private:
  using Footprints = std::array<Footprint, kStormRoles.size()>;

  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  StormSession some_session() { return draw_session(random_, ++last_tag_); }

  void squall() {
    const auto end = Clock::now() + kSquall;
    while (Clock::now() < end && state_.problems() == 0) {
      std::this_thread::sleep_for(milliseconds(1 + below(25)));
      crew_.continue_who_is_due();
      crew_.expect_all_alive();
      if (!crew_.has_writer() && Clock::now() >= writer_due_) crew_.start_writer(some_session());
      disturb();
    }
  }
  void disturb() {
    const std::uint64_t dice = below(72);
    if (dice < 6) {
      crew_.kill_and_restart_reader(kStormRoles.size() + below(kStormRoles.size()));
    } else if (dice < 10) {
      crew_.kill_writer();
      replace_writer();
    } else if (dice < 12) {
      crew_.end_writer(WriterCommand::end_and_keep);
      replace_writer();
    } else if (dice < 13) {
      crew_.end_writer(WriterCommand::end_and_remove);
      replace_writer();
    } else if (dice < 14) {
      crew_.remove_file();  // its writer, if there is one, does not know
    } else if (dice < 24) {
      crew_.stop_reader(below(kStormPlaces), some_stop_ns());
    } else if (dice < 26) {
      crew_.stop_writer(some_stop_ns());
    }
  }
  /// Some stops are longer than a writer waits.
  std::uint64_t some_stop_ns() { return below(below(4) == 0 ? 400 : 50) * 1'000'000; }
  /// At once, or after a time in which its readers notice that it is gone.
  void replace_writer() {
    if (below(5) == 0) crew_.remove_file();
    writer_due_ = Clock::now() + milliseconds(below(3) == 0 ? below(300) : 0);
  }

  /// Everybody runs and delivers what a new writer publishes into a new file.
  void calm() {
    crew_.continue_all();
    crew_.kill_writer();
    crew_.remove_file();
    const std::uint64_t tag = ++last_tag_;
    crew_.start_writer(calm_session(tag));
    const auto since = Clock::now();
    for (std::size_t place = 0; place < kStormPlaces; ++place) {
      while (!delivers(place, tag) && state_.problems() == 0) {
        crew_.expect_all_alive();
        if (Clock::now() - since > kHung)
          report_failure(state_.tally, crew_.name_of(place) + " hangs");
        std::this_thread::sleep_for(milliseconds(1));
      }
    }
  }
  bool delivers(std::size_t place, std::uint64_t tag) const {
    const StormPlace& reader = state_.places[place];
    return reader.session_tag == tag && reader.frames_of_session >= kCalmFrames;
  }

  Footprints measure() const {
    Footprints found;
    for (std::size_t place = 0; place < found.size(); ++place)
      found[place] = crew_.footprint_of_reader(place);
    return found;
  }
  void judge_growth() {
    for (std::size_t place = 0; place < first_.size(); ++place) {
      if (has_grown(first_[place], last_[place]))
        report_failure(state_.tally, crew_.name_of(place) + " has grown");
    }
  }

  std::mt19937_64 random_;
  StormState& state_;
  StormCrew crew_;
  std::uint64_t last_tag_ = 0;
  Clock::time_point writer_due_;
  std::uint64_t calms_ = 0;
  Footprints first_, last_;
};

double in_ms(std::uint64_t ns) { return static_cast<double>(ns) / 1e6; }

void Storm::print() const {
  const StressTally& tally = state_.tally;
  const StormCrew::Counts& counts = crew_.counts();
  std::printf(
      "storm: %llu squalls; %llu readers killed, %llu writers killed, %llu ended, %llu stops, %llu "
      "files removed\n",
      printable(calms_), printable(counts.reader_kills), printable(counts.writer_kills),
      printable(counts.writer_ends), printable(counts.stops), printable(counts.files_removed));
  std::printf(
      "writers: %llu sessions of latest, %llu of every-frame, %llu of acknowledged; %llu frames "
      "published,\n         %llu dropped, %llu aborted, %llu growths, %llu waits, %llu times "
      "passed over\n",
      printable(counts.sessions[0]), printable(counts.sessions[1]), printable(counts.sessions[2]),
      printable(tally.published), printable(tally.dropped), printable(tally.aborted),
      printable(tally.growths), printable(counts.waits), printable(counts.passed_over));
  std::printf(
      "readers: %llu delivered, %llu skipped, %llu leased, %llu checked when the lease ended, %llu "
      "copied,\n         %llu overwritten and noticed, %llu losses and %llu ends told; %llu gaps "
      "with %llu frames\n         in lossless sessions\n",
      printable(tally.delivered), printable(tally.skipped), printable(tally.leased),
      printable(tally.leases_checked), printable(tally.copied), printable(tally.overwritten),
      printable(state_.losses_told), printable(state_.ends_told), printable(state_.lossless_gaps),
      printable(state_.missed_by_lossless));
  std::printf(
      "recovery: %llu times a survivor met the next session; the longest took %.1f ms, the longest "
      "join %.1f ms\n",
      printable(state_.recoveries), in_ms(state_.longest_recovery_ns),
      in_ms(state_.longest_join_ns));
  for (std::size_t place = 0; place < first_.size(); ++place) {
    const Footprint &from = first_[place], &to = last_[place];
    std::printf(
        "survivor %zu, %-17s %5llu -> %5llu KiB, %llu -> %llu descriptors, %llu -> %llu mappings\n",
        place, role_at(place).name, printable(from.resident_kib), printable(to.resident_kib),
        printable(from.descriptors), printable(to.descriptors), printable(from.mappings),
        printable(to.mappings));
  }
  std::printf(
      "torn %llu, wrong gaps %llu, wrong numbers %llu, wrong descriptions %llu, went back %llu, "
      "unexplained gaps %llu, failures %llu\n",
      printable(tally.torn), printable(tally.wrong_gaps), printable(tally.wrong_numbers),
      printable(state_.wrong_descriptions), printable(state_.went_back),
      printable(state_.unexplained_gaps), printable(tally.failures));
}

}  // namespace

int main(int argc, char** argv) try {
  become_child_if_told();
  const Request request = parse(argc, argv);
  std::printf("seed %llu, %u s\n", printable(request.seed), request.seconds);
  std::fflush(stdout);
  const Shared<StormState> state;
  {
    const TempDir dir;
    Storm storm(dir / "camera", request.seed, state);
    storm.run(std::chrono::seconds(request.seconds));
    storm.print();
  }
  return state->problems() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
} catch (const std::exception& problem) {
  std::fprintf(stderr, "%s\n", problem.what());
  return EXIT_FAILURE;
}
