// SPDX-License-Identifier: MIT
// `mmapvideo dump`: y4m and raw bytes, ends and exit statuses.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "clips.hpp"
#include "command.hpp"
#include "support/file_test.hpp"
#include "support/forged_file.hpp"
#include "support/later.hpp"
#include "support/library.hpp"
#include "support/ofd_lock.hpp"
#include "support/turns.hpp"

namespace mmapvideo_test {
namespace {

class DumpTest : public FileTest {
 protected:
  Answer dump(const std::string& options) { return run("dump " + path_ + ' ' + options); }
  void expect_clean_end_by(int signal) {
    Writer writer = open_writer(path_);
    publish(writer);
    Background dumper(command_line("dump " + path_ + " --timeout -1 --json -o " + out_));
    until([&] { return read_bytes(out_).size() > kFrameBytes; });
    dumper.signal(signal);
    const Answer said = dumper.wait();
    EXPECT_EQ(said.status, 0);
    EXPECT_EQ(said.json()["end"], "interrupted");
  }
  const std::string out_ = dir_ / "out.y4m";
};

TEST_F(DumpTest, raw_bytes_are_those_of_the_payload) {
  Writer writer = open_writer(path_);
  publish(writer, 0x0102030405060708);
  const Answer said = dump("--raw -n 1 -");
  EXPECT_EQ(said.status, 0);
  std::string expected(kFrameBytes, '\0');
  fill_words(expected.data(), expected.size(), 0x0102030405060708);
  EXPECT_EQ(said.text, expected);
  EXPECT_EQ(dump("--raw -n 1 -o " + (dir_ / "bytes")).status, 0);
  EXPECT_EQ(read_bytes(dir_ / "bytes"), expected);
}

TEST_F(DumpTest, raw_takes_formats_that_nothing_else_takes) {
  Writer writer = open_writer(path_);
  publish(writer, test_picture("v210", 2, 2, {{"0123456789abcdef", 2}}));
  EXPECT_EQ(dump("--raw -n 1 -").text, "0123456789abcdef");
  const Answer refused = dump("-n 1 -o " + out_);
  EXPECT_EQ(refused.status, 1);
  EXPECT_TRUE(refused.says("v210")) << refused.text;
}

TEST_F(DumpTest, y4m_on_stdout_has_a_header_and_frames) {
  Writer writer = open_writer(path_);
  publish(writer, test_picture("NV12", 2, 2, {{"abcd", 2}, {"ei", 1}}));
  EXPECT_EQ(dump("-n 1 -").text,
            "YUV4MPEG2 W2 H2 F0:0 Ip A1:1 C420jpeg XCOLORRANGE=LIMITED\nFRAME\nabcdei");
}

TEST_F(DumpTest, the_output_may_be_named_either_way) {
  Writer writer = open_writer(path_);
  publish(writer);
  EXPECT_EQ(dump(out_ + " -n 1").status, 0);
  const std::string bytes = read_bytes(out_);
  EXPECT_EQ(dump("-n 1 -o " + (dir_ / "other.y4m")).status, 0);
  EXPECT_EQ(read_bytes(dir_ / "other.y4m"), bytes);
}

TEST_F(DumpTest, every_frame_in_order_until_the_writer_ends) {
  Writer writer = open_waiting_writer(path_);
  Background dumper(command_line("dump " + path_ + " --every-frame --json -o " + out_));
  until([&] { return attached_readers(path_) == 1; });
  std::string expected = "YUV4MPEG2 W64 H64 F0:0 Ip A1:1 Cmono XCOLORRANGE=FULL\n";
  for (std::uint64_t i = 1; i <= 40; ++i) {
    publish(writer, i);
    std::string frame(kFrameBytes, '\0');
    fill_words(frame.data(), frame.size(), i);
    expected += "FRAME\n" + frame;
  }
  writer.reset();
  const Answer said = dumper.wait();
  EXPECT_EQ(said.status, 0) << said.text;
  EXPECT_EQ(said.json()["frames"], 40);
  EXPECT_EQ(said.json()["skipped"], 0);
  EXPECT_EQ(said.json()["end"], "session ended");
  EXPECT_EQ(read_bytes(out_), expected);
}

TEST_F(DumpTest, frames_that_every_frame_missed_are_a_finding) {
  ForgedFile file(path_);
  Background dumper(command_line("dump " + path_ + " --every-frame -n 2 -o " + out_));
  until([&] { return attached_readers(path_) == 1; });
  file.publish();
  until([&] { return !read_bytes(out_).empty(); });
  file.spend_a_number();
  file.publish();
  const Answer said = dumper.wait();
  EXPECT_EQ(said.status, 1);
  EXPECT_TRUE(said.says("1 frame of ")) << said.text;
}

TEST_F(DumpTest, a_frame_that_comes_later_is_waited_for) {
  Writer writer = open_writer(path_);
  Later later([&] { publish(writer); });
  EXPECT_EQ(dump("-n 1 -o " + out_).status, 0);
}

TEST_F(DumpTest, a_file_that_comes_later_is_waited_for) {
  Background dumper(command_line("dump " + path_ + " -n 1 --timeout -1 -o " + out_));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  Writer writer = open_writer(path_);
  publish(writer);
  EXPECT_EQ(dumper.wait().status, 0);
}

TEST_F(DumpTest, no_file_in_time_is_status_3_and_no_frame_status_1) {
  const Answer nothing = dump("--timeout 0.1 -o " + out_);
  EXPECT_EQ(nothing.status, 3);
  EXPECT_TRUE(nothing.says("does not exist"));
  EXPECT_EQ(dump("--timeout 0.1 --json -o " + out_).json()["error"], "not found");
  Writer writer = open_writer(path_);
  const Answer late = dump("--timeout 0.1 -o " + out_);
  EXPECT_EQ(late.status, 1);
  EXPECT_TRUE(late.says("no frame came")) << late.text;
  EXPECT_FALSE(exists(out_)) << "nothing to write, nothing created";
}

TEST_F(DumpTest, a_single_frame_of_a_crashed_writer_can_be_had) {
  ForgedFile file(path_);
  file.publish();
  file.drop_writer_lock();
  EXPECT_EQ(dump("-n 1 -o " + out_).status, 0);
  EXPECT_EQ(dump("--timeout 0.1 -o " + out_).status, 1) << "a stream needs a writer";
}

TEST_F(DumpTest, a_writer_that_is_killed_is_a_finding) {
  ForgedFile file(path_);
  Background dumper(command_line("dump " + path_ + " -o " + out_));
  until([&] { return attached_readers(path_) == 1; });
  file.publish();
  until([&] { return !read_bytes(out_).empty(); });
  file.drop_writer_lock();
  const Answer said = dumper.wait();
  EXPECT_EQ(said.status, 1);
  EXPECT_TRUE(said.says("gone without ending")) << said.text;
}

TEST_F(DumpTest, a_change_of_format_ends_y4m_and_not_raw) {
  ForgedFile file(path_);
  Background y4m(command_line("dump " + path_ + " --every-frame -o " + out_));
  Background raw(command_line("dump " + path_ + " --every-frame --raw -o " + (dir_ / "raw")));
  until([&] { return attached_readers(path_) == 2; });
  file.publish();
  until([&] { return !read_bytes(out_).empty() && !read_bytes(dir_ / "raw").empty(); });
  file.publish(grey_info(64));
  const Answer said = y4m.wait();
  EXPECT_EQ(said.status, 1);
  EXPECT_TRUE(said.says("changed at frame 2")) << said.text;
  until([&] { return read_bytes(dir_ / "raw").size() == kFrameBytes + 64; });
  file.end_session();
  EXPECT_EQ(raw.wait().status, 0);
}

TEST_F(DumpTest, an_interrupt_ends_it_cleanly) { expect_clean_end_by(SIGINT); }

TEST_F(DumpTest, termination_ends_it_cleanly) { expect_clean_end_by(SIGTERM); }

TEST_F(DumpTest, an_interrupt_ends_a_write_that_nobody_takes) {
  Writer writer = open_writer(path_);
  publish(writer, 1, std::uint64_t{1} << 20);
  ASSERT_EQ(::mkfifo((dir_ / "fifo.y4m").c_str(), 0600), 0);
  const int reader = ::open((dir_ / "fifo.y4m").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  Background dumper(command_line("dump " + path_ + " -o " + (dir_ / "fifo.y4m")));
  char byte;
  until([&] { return ::read(reader, &byte, 1) == 1; });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  dumper.signal(SIGINT);
  EXPECT_EQ(dumper.wait().status, 0);
  ::close(reader);
}

TEST_F(DumpTest, an_output_that_is_closed_ends_it_cleanly) {
  Writer writer = open_writer(path_);
  publish(writer, 1, std::uint64_t{1} << 20);
  EXPECT_EQ(shell("{ " + command() + " dump " + path_ + " -; echo $? >" + (dir_ / "status") +
                  "; } | head -c 100000 >/dev/null")
                .status,
            0);
  EXPECT_EQ(read_bytes(dir_ / "status"), "0\n");
}

TEST_F(DumpTest, a_mapped_file_is_no_output) {
  Writer writer = open_writer(path_);
  publish(writer);
  const std::string before = read_bytes(path_);
  const Answer said = dump("--raw -n 1 -o " + path_);
  EXPECT_EQ(said.status, 1);
  EXPECT_TRUE(said.says("left as it is")) << said.text;
  EXPECT_EQ(read_bytes(path_).size(), before.size());
}

TEST_F(DumpTest, an_output_that_cannot_be_written_is_a_sentence) {
  Writer writer = open_writer(path_);
  publish(writer);
  EXPECT_EQ(dump("-n 1 -o " + (dir_ / "nowhere/out.y4m")).status, 3);
  const Answer full = dump("-n 1 --raw -o /dev/full");
  EXPECT_EQ(full.status, 1);
  EXPECT_TRUE(full.says("/dev/full")) << full.text;
}

TEST_F(DumpTest, wrong_usage_is_status_2) {
  for (const char* options : {"", "-o frame.jpg", "--raw --png -", "-n 0 -", "-n -1 -",
                              "- -o x.png", "--json -", "--timeout soon -"})
    EXPECT_EQ(dump(options).status, 2) << options;
}

TEST_F(DumpTest, frames_do_not_go_to_a_terminal) {
  for (const std::string kind : {"xterm", "dumb"}) {
    const Answer said =
        shell("TERM=" + kind + " script -qec '" + command() + " dump " + path_ + " -' /dev/null");
    if (said.status == 127) GTEST_SKIP() << "there is no script(1) here";
    EXPECT_EQ(said.status, 2);
    EXPECT_TRUE(said.says("not for a terminal")) << said.text;
  }
}

}  // namespace
}  // namespace mmapvideo_test
