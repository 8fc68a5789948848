// SPDX-License-Identifier: MIT
// `mmapvideo watch`: lines, JSON, and the picture on a terminal.
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <termios.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <sstream>
#include <thread>

#include "command.hpp"
#include "support/file_test.hpp"
#include "support/forged_file.hpp"
#include "support/library.hpp"
#include "support/ofd_lock.hpp"
#include "support/turns.hpp"

namespace mmapvideo_test {
namespace {

/// A frame every few milliseconds while it lives.
class Camera {
 public:
  explicit Camera(const std::string& path) : writer_(open_reserved_writer(path, 8)) {
    thread_ = std::thread([this] {
      while (!stop_) {
        publish(writer_);
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
    });
  }
  ~Camera() {
    stop_ = true;
    thread_.join();
  }

 private:
  Writer writer_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

/// The command on a terminal of that size and kind; all it writes there.
std::string on_a_terminal(const std::string& arguments, unsigned short columns, unsigned short rows,
                          const std::string& kind = "xterm") {
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal < 0 || ::grantpt(terminal) != 0 || ::unlockpt(terminal) != 0)
    throw std::runtime_error("posix_openpt");
  const std::string name = ::ptsname(terminal);
  const int keeper = ::open(name.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
  winsize size{};
  size.ws_col = columns;
  size.ws_row = rows;
  ::ioctl(terminal, TIOCSWINSZ, &size);
  std::string text;
  std::thread listener([&] {
    char bytes[4096];
    for (ssize_t got; (got = ::read(terminal, bytes, sizeof bytes)) > 0;)
      text.append(bytes, static_cast<std::size_t>(got));
  });
  Background("TERM=" + kind + " " + command_line(arguments) + " >" + name).wait();
  ::close(keeper);  // the last one: the listener's read fails
  listener.join();
  ::close(terminal);
  return text;
}

/// The last whole line of JSON; null if there is none yet.
nlohmann::json last_json(const std::string& text) {
  const std::size_t end = text.rfind('\n');
  if (end == std::string::npos) return {};
  const std::size_t before = end == 0 ? std::string::npos : text.rfind('\n', end - 1);
  return nlohmann::json::parse(text.substr(before + 1, end - before - 1));
}

bool saw_frames(const nlohmann::json& json) {
  return !json.is_null() && json["fps"] > 1.0 && json["seen_count"] > 1;
}

class WatchTest : public FileTest {
 protected:
  Answer watch(const std::string& options) { return run("watch " + path_ + ' ' + options); }
  /// Interrupts it as soon as `is_enough` of what it has printed.
  template <typename IsEnough>
  Answer watch_until(const std::string& options, IsEnough is_enough, int signal = SIGINT) {
    const std::string log = dir_ / "log";
    ::unlink(log.c_str());
    Background watcher(command_line("watch " + path_ + ' ' + options + " >" + log));
    until([&] { return exists(log) && is_enough(Answer{0, read_bytes(log)}); });
    watcher.signal(signal);
    return {watcher.wait().status, read_bytes(log)};
  }
  void expect_clean_end_by(int signal) {
    Camera camera(path_);
    // The first line: the signals are caught by then.
    const auto has_begun = [](const Answer& said) { return !said.text.empty(); };
    EXPECT_EQ(watch_until("--json", has_begun, signal).status, 0) << signal;
  }
};

TEST_F(WatchTest, elsewhere_than_on_a_terminal_it_prints_a_line_a_second) {
  Camera camera(path_);
  const Answer said = watch("-n 2");
  std::istringstream lines(said.text);
  unsigned count = 0;
  for (std::string line; std::getline(lines, line); ++count)
    EXPECT_NE(line.find("writer alive"), std::string::npos) << line;
  EXPECT_EQ(count, 2u);
  EXPECT_FALSE(said.says("\033"));
  const auto shows_latency = [](const Answer& seen) { return seen.says(" fps  latency p50 "); };
  EXPECT_EQ(watch_until("", shows_latency).status, 0);
}

TEST_F(WatchTest, json_lines_have_the_same_facts) {
  Camera camera(path_);
  const auto saw = [](const Answer& said) { return saw_frames(last_json(said.text)); };
  const auto json = last_json(watch_until("--json", saw).text);
  EXPECT_GT(json["latency_ns"]["p50"], 0);
  EXPECT_GE(json["latency_ns"]["max"], json["latency_ns"]["p99"]);
  EXPECT_EQ(json["writer"], "alive");
  EXPECT_TRUE(json["readers"].empty());
}

TEST_F(WatchTest, readers_are_shown_with_their_lag) {
  Writer writer = open_waiting_writer(path_);
  const HandTurn turn(path_, 2, 0xab);
  for (int i = 0; i < 4; ++i) publish(writer);
  EXPECT_TRUE(watch("-n 0.1").says("readers 0, lag 3"));
  EXPECT_EQ(watch("-n 0.1 --json").json()["readers"][0]["lag"], 3);
  const std::string picture = on_a_terminal("watch -n 0.1 " + path_, 80, 24);
  EXPECT_NE(picture.find("000000ab, detached, leases 0, next frame 2, 3 behind"), std::string::npos)
      << picture;
}

TEST_F(WatchTest, it_is_no_reader) {
  Camera camera(path_);
  watch_until("", [&](const Answer& said) {
    EXPECT_EQ(attached_readers(path_), 0u);
    return said.says("latency p50");
  });
}

TEST_F(WatchTest, interrupts_end_it_cleanly) { expect_clean_end_by(SIGINT); }

TEST_F(WatchTest, termination_ends_it_cleanly) {
  for (const int signal : {SIGTERM, SIGHUP}) expect_clean_end_by(signal);
}

TEST_F(WatchTest, seconds_without_a_frame_are_a_finding) {
  Writer writer = open_writer(path_);
  publish(writer);
  EXPECT_EQ(watch("-n 0.2").status, 1);
}

TEST_F(WatchTest, a_file_that_is_not_there_is_status_3_or_waited_for) {
  EXPECT_EQ(watch("-n 0.1").status, 3);
  EXPECT_EQ(watch("-n 0.1 --json").json()["error"], "not found");
  const Answer waited = watch("-n 0.1 --wait");
  EXPECT_EQ(waited.status, 1);
  EXPECT_TRUE(waited.says("no file"));
  std::optional<Camera> camera;
  const Answer found = watch_until("--wait --json", [&](const Answer& said) {
    if (!camera && !said.text.empty()) camera.emplace(path_);
    return saw_frames(last_json(said.text));
  });
  EXPECT_EQ(found.status, 0);
}

TEST_F(WatchTest, a_foreign_file_is_a_finding) {
  write_bytes(path_, "something else, longer than a magic");
  EXPECT_EQ(watch("-n 0.1").status, 1);
  EXPECT_TRUE(watch("-n 0.1").says("another kind"));
}

TEST_F(WatchTest, a_writer_that_is_killed_and_returns_is_followed) {
  ForgedFile file(path_);
  file.publish();
  file.drop_writer_lock();
  std::optional<Camera> camera;
  const Answer followed = watch_until("", [&](const Answer& said) {
    if (!camera && said.says("writer crashed")) camera.emplace(path_);
    return said.says("writer alive");
  });
  EXPECT_EQ(followed.status, 0);
}

TEST_F(WatchTest, nobody_reading_it_any_more_ends_it) {
  Camera camera(path_);
  EXPECT_EQ(shell(command() + " watch " + path_ + " | head -n 1 >/dev/null").status, 0);
}

TEST_F(WatchTest, on_a_terminal_it_draws_latency_in_place) {
  Camera camera(path_);
  const std::string text = on_a_terminal("watch -n 3 " + path_, 80, 24);
  EXPECT_NE(text.find("p50 "), std::string::npos) << text;
  EXPECT_NE(text.find("┤"), std::string::npos) << text;
  EXPECT_NE(text.find("s ago"), std::string::npos) << text;
  EXPECT_NE(text.find("\033[?25l"), std::string::npos) << "the cursor is hidden";
  EXPECT_NE(text.rfind("\033[?25h"), std::string::npos) << "and comes back";
  EXPECT_GT(text.rfind("\033[?25h"), text.rfind("fps"));
}

TEST_F(WatchTest, on_a_terminal_that_cannot_move_its_cursor_it_prints_lines) {
  Camera camera(path_);
  const std::string text = on_a_terminal("watch -n 3 " + path_, 80, 24, "dumb");
  EXPECT_NE(text.find("fps"), std::string::npos) << text;
  EXPECT_EQ(text.find('\033'), std::string::npos) << text;
}

TEST_F(WatchTest, lines_fit_the_terminal) {
  Camera camera(path_);
  for (const unsigned short columns : {10, 33, 80}) {
    const std::string text = on_a_terminal("watch -n 0.3 " + path_, columns, 6);
    unsigned width = 0, widest = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\033') {
        while (i < text.size() && std::isalpha(static_cast<unsigned char>(text[i])) == 0) ++i;
      } else if (text[i] == '\r' || text[i] == '\n') {
        width = 0;
      } else if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) {
        widest = std::max(widest, ++width);
      }
    }
    EXPECT_LT(widest, columns);
  }
}

}  // namespace
}  // namespace mmapvideo_test
