// SPDX-License-Identifier: MIT
// y4m: what is valid is read, what is not is refused, and nothing else happens.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "clips.hpp"
#include "frame_layout.hpp"
#include "y4m_header.hpp"
#include "y4m_reader.hpp"
#include "y4m_writer.hpp"

namespace mmapvideo::tools {
namespace {

using mmapvideo_test::clip;
using mmapvideo_test::clip_frame;
using mmapvideo_test::ClipShape;

/// Bytes in pieces of a given size.
Y4mReader::Source source_of(const std::string& bytes, std::size_t piece = SIZE_MAX) {
  return [&bytes, piece, at = std::size_t{0}](char* to, std::size_t room) mutable {
    const std::size_t count = std::min({room, piece, bytes.size() - at});
    std::memcpy(to, bytes.data() + at, count);
    at += count;
    return count;
  };
}

/// Reads all of a stream: how many frames, or what is wrong.
struct Reading {
  unsigned frames = 0;
  std::string error;
  std::size_t most_memory = 0;
};
Reading read_all(const std::string& bytes, std::size_t piece = SIZE_MAX) {
  Reading reading;
  std::string frame;
  try {
    Y4mReader reader(source_of(bytes, piece));
    while (reader.next(frame)) ++reading.frames;
  } catch (const Y4mError& error) {
    reading.error = error.what();
  }
  reading.most_memory = frame.capacity();
  return reading;
}

Y4mHeader parsed(const std::string& line) {
  const auto result = parse_y4m_header(line);
  if (const auto* problem = std::get_if<std::string>(&result)) ADD_FAILURE() << line << *problem;
  return std::holds_alternative<Y4mHeader>(result) ? std::get<Y4mHeader>(result) : Y4mHeader{};
}
std::string refusal(const std::string& line) {
  const auto result = parse_y4m_header(line);
  return std::holds_alternative<Y4mHeader>(result) ? "" : std::get<std::string>(result);
}

TEST(Y4mHeader, all_parameters_are_read) {
  const Y4mHeader header = parsed(
      "YUV4MPEG2 W720 H576 F30000:1001 It A16:15 C420mpeg2 XYSCSS=420MPEG2 XCOLORRANGE=FULL");
  EXPECT_EQ(header.width, 720u);
  EXPECT_EQ(header.height, 576u);
  EXPECT_EQ(header.fps_numerator, 30000u);
  EXPECT_EQ(header.fps_denominator, 1001u);
  EXPECT_EQ(header.par_numerator, 16u);
  EXPECT_EQ(header.par_denominator, 15u);
  EXPECT_EQ(header.scan, Y4mScan::top_first);
  EXPECT_EQ(header.colour_space, "420mpeg2");
  EXPECT_EQ(header.range, Y4mRange::full);
}

TEST(Y4mHeader, what_is_left_out_has_its_default) {
  const Y4mHeader header = parsed("YUV4MPEG2 H2  W4");
  EXPECT_EQ(header.fps_numerator, 0u);
  EXPECT_EQ(header.colour_space, "420jpeg");
  EXPECT_EQ(header.range, Y4mRange::unknown);
  EXPECT_EQ(parsed("YUV4MPEG2 W4 H2 F0:0 A0:0").fps_denominator, 1u);
}

TEST(Y4mHeader, written_and_read_it_is_the_same) {
  for (const char* colour_space : {"420jpeg", "420mpeg2", "420paldv", "422", "444", "411", "mono",
                                   "mono16", "420p10", "422p10", "444p10"}) {
    Y4mHeader header{1920,        1080, 60000, 1001, 4, 3, Y4mScan::bottom_first, Y4mRange::limited,
                     colour_space};
    std::string line = y4m_header_line(header);
    // ffmpeg before version 5 takes no more.
    EXPECT_LT(line.size(), 96u);
    ASSERT_EQ(line.back(), '\n');
    line.pop_back();
    EXPECT_EQ(parsed(line), header);
  }
}

TEST(Y4mHeader, hostile_lines_are_refused) {
  for (const std::string line : {"",
                                 "YUV4MPEG",
                                 "YUV4MPEG2",
                                 "YUV4MPEG2W4 H4",
                                 "yuv4mpeg2 W4 H4",
                                 "YUV4MPEG2 W4",
                                 "YUV4MPEG2 H4",
                                 "YUV4MPEG2 W0 H4",
                                 "YUV4MPEG2 W4 H0",
                                 "YUV4MPEG2 W-4 H4",
                                 "YUV4MPEG2 W4x H4",
                                 "YUV4MPEG2 W H4",
                                 "YUV4MPEG2 W+4 H4",
                                 "YUV4MPEG2 W 4 H4",
                                 "YUV4MPEG2 W99999999999999999999 H4",
                                 "YUV4MPEG2 W4294967297 H4",
                                 "YUV4MPEG2 W65536 H4",
                                 "YUV4MPEG2 W65535 H65535",
                                 "YUV4MPEG2 W32768 H32768 C444p10",
                                 "YUV4MPEG2 W4 H4 F30",
                                 "YUV4MPEG2 W4 H4 F:",
                                 "YUV4MPEG2 W4 H4 F30:",
                                 "YUV4MPEG2 W4 H4 F",
                                 "YUV4MPEG2 W4 H4 F-1:1",
                                 "YUV4MPEG2 W4 H4 F4294967295:1",
                                 "YUV4MPEG2 W4 H4 F1:1:1",
                                 "YUV4MPEG2 W4 H4 I",
                                 "YUV4MPEG2 W4 H4 Iq",
                                 "YUV4MPEG2 W4 H4 Ipp",
                                 "YUV4MPEG2 W4 H4 C",
                                 "YUV4MPEG2 W4 H4 C420p16",
                                 "YUV4MPEG2 W4 H4 C444alpha",
                                 "YUV4MPEG2 W4 H4 C420jpegs",
                                 "YUV4MPEG2 W4 H4 Q",
                                 "YUV4MPEG2\tW4\tH4"}) {
    EXPECT_NE(refusal(line), "") << line;
  }
  EXPECT_NE(refusal(std::string("YUV4MPEG2 W4 H4\0", 16)), "");
  EXPECT_NE(refusal("YUV4MPEG2 W4 H4 X" + std::string(y4m_max_line, 'x')), "");
  EXPECT_EQ(refusal("YUV4MPEG2 W4 H4 C\033[2J").find('\033'), std::string::npos);
}

TEST(Y4mReader, frames_come_whole_however_the_bytes_arrive) {
  const ClipShape shape;
  const std::string bytes = clip(3, shape);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1000}, SIZE_MAX}) {
    Y4mReader reader(source_of(bytes, piece));
    std::string frame;
    for (unsigned i = 0; i < 3; ++i) {
      ASSERT_TRUE(reader.next(frame));
      EXPECT_EQ("FRAME\n" + frame, clip_frame(shape, i));
    }
    EXPECT_FALSE(reader.next(frame));
    EXPECT_FALSE(reader.next(frame));
  }
}

TEST(Y4mReader, parameters_of_frames_are_passed_over) {
  EXPECT_EQ(read_all("YUV4MPEG2 W2 H1 Cmono\nFRAME Ixyz\nabFRAME\ncd").frames, 2u);
}

TEST(Y4mReader, damaged_streams_are_errors) {
  const std::string head = "YUV4MPEG2 W2 H1 Cmono\n";
  EXPECT_NE(read_all("").error, "");
  EXPECT_NE(read_all("YUV4MPEG2 W2 H1").error, "") << "no newline";
  EXPECT_EQ(read_all(head).error, "") << "no frame is for the caller to judge";
  EXPECT_NE(read_all(head + "FRAM").error, "");
  EXPECT_NE(read_all(head + "FRAMES\nab").error, "");
  EXPECT_NE(read_all(head + "\nab").error, "");
  EXPECT_NE(read_all(head + "FRAME\na").error, "");
  EXPECT_NE(read_all(head + "FRAME\nabc").error, "");
  EXPECT_NE(read_all(head + "FRAME " + std::string(5000, ' ') + "\nab").error, "");
  EXPECT_NE(read_all(std::string(1 << 20, 'Y')).error, "");
}

TEST(Y4mReader, a_giant_frame_that_does_not_come_takes_no_memory) {
  const Reading reading = read_all("YUV4MPEG2 W32768 H21845 C420jpeg\nFRAME\nabc");
  EXPECT_NE(reading.error, "");
  EXPECT_LT(reading.most_memory, std::size_t{4} << 20);
}

TEST(Y4mReader, whatever_bytes_are_changed_the_answer_is_frames_or_an_error) {
  const std::string good = clip(2, {.width = 6, .height = 4, .frame_bytes = 36});
  std::minstd_rand random(1);
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = good;
    for (unsigned change = random() % 4 + 1; change > 0 && !bytes.empty(); --change) {
      // Mostly in the header.
      const std::size_t at = random() % (random() % 4 == 0 ? bytes.size() : 60);
      if (at >= bytes.size()) continue;
      switch (random() % 4) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes.erase(at, random() % 9);
          break;
        case 2:
          bytes.insert(at, 1, "0123456789 :\nWHFICAX"[random() % 20]);
          break;
        default:
          bytes.resize(at + 1);
      }
    }
    EXPECT_LE(read_all(bytes, random() % 50 + 1).frames, 40u);
  }
}

TEST(FrameLayout, strides_are_those_of_gstreamer) {
  const auto layout = frame_layout_of(parsed("YUV4MPEG2 W37 H23 F25:1"));
  EXPECT_EQ(layout.info.planes[0].stride, 40);
  EXPECT_EQ(layout.info.planes[1].offset, 40u * 24);
  EXPECT_EQ(layout.info.planes[1].stride, 20);
  EXPECT_EQ(layout.info.planes[2].offset, 40u * 24 + 20 * 12);
  EXPECT_EQ(layout.info.payload_bytes, 40u * 24 + 2 * 20 * 12);
  EXPECT_EQ(layout.caps,
            "video/x-raw, format=(string)I420, width=(int)37, height=(int)23, "
            "interlace-mode=(string)progressive, pixel-aspect-ratio=(fraction)1/1, "
            "chroma-site=(string)jpeg, colorimetry=(string)bt601, framerate=(fraction)25/1");
}

TEST(FrameLayout, a_frame_laid_out_and_read_again_is_the_same) {
  struct Case {
    const char* colour_space;
    std::size_t frame_bytes;
  };
  for (const auto& [colour_space, frame_bytes] :
       {Case{"420jpeg", 37 * 23 + 2 * 19 * 12}, Case{"422", 37 * 23 + 2 * 19 * 23},
        Case{"444", 3 * 37 * 23}, Case{"411", 37 * 23 + 2 * 10 * 23}, Case{"mono", 37 * 23},
        Case{"mono16", 2 * 37 * 23}, Case{"420p10", 2 * (37 * 23 + 2 * 19 * 12)},
        Case{"444p10", 6 * 37 * 23}}) {
    const std::string line = std::string("YUV4MPEG2 W37 H23 F25:1 C") + colour_space;
    const Y4mHeader header = parsed(line);
    ASSERT_EQ(y4m_frame_bytes(header), frame_bytes) << colour_space;
    const std::string frame = mmapvideo_test::noise(frame_bytes, 7);
    const auto layout = frame_layout_of(header);
    std::vector<std::byte> payload(layout.info.payload_bytes, std::byte{0xee});
    lay_out_frame(layout, frame, payload.data());
    const auto picture = picture_of(layout.info, payload.data());
    ASSERT_TRUE(std::holds_alternative<Picture>(picture)) << std::get<std::string>(picture);
    std::string back;
    append_y4m_frame(std::get<Picture>(picture), back);
    EXPECT_EQ(back, "FRAME\n" + frame) << colour_space;
    const auto again = y4m_header_of(layout.info, std::get<Picture>(picture));
    EXPECT_EQ(std::get<Y4mHeader>(again).colour_space, colour_space);
  }
}

TEST(Y4mWriter, chroma_sites_and_scans_have_their_words) {
  auto picture =
      mmapvideo_test::test_picture("I420", 2, 2, {{std::string(4, 'y'), 2}, {"u", 1}, {"v", 1}});
  const auto header = [&] {
    return std::get<Y4mHeader>(
        y4m_header_of(picture.info, std::get<Picture>(picture_of(picture.info, picture.data()))));
  };
  EXPECT_EQ(header().colour_space, "420jpeg");
  mmapvideo_test::set_text(picture.info.chroma_site, 32, "mpeg2");
  EXPECT_EQ(header().colour_space, "420mpeg2");
  mmapvideo_test::set_text(picture.info.chroma_site, 32, "dv");
  EXPECT_EQ(header().colour_space, "420paldv");
  EXPECT_EQ(header().range, Y4mRange::limited);
  mmapvideo_test::set_text(picture.info.colorimetry, 64, "1:4:0:0");
  EXPECT_EQ(header().range, Y4mRange::full);
  picture.info.interlace_mode = MMAPVIDEO_INTERLACE_INTERLEAVED;
  picture.info.field_order = MMAPVIDEO_FIELD_ORDER_BOTTOM_FIRST;
  EXPECT_EQ(header().scan, Y4mScan::bottom_first);
}

TEST(Y4mWriter, fields_are_refused) {
  auto picture = mmapvideo_test::test_picture("GRAY8", 2, 4, {{"abcd", 2}});
  picture.info.interlace_mode = MMAPVIDEO_INTERLACE_ALTERNATE;
  const auto field = std::get<Picture>(picture_of(picture.info, picture.data()));
  EXPECT_EQ(field.height, 2u);
  EXPECT_TRUE(std::holds_alternative<std::string>(y4m_header_of(picture.info, field)));
}

TEST(Y4mWriter, rgb_becomes_444_of_limited_range) {
  // Black, white and red: BT.601.
  auto picture = mmapvideo_test::test_picture(
      "RGB", 3, 1, {{std::string("\x00\x00\x00\xff\xff\xff\xff\x00\x00", 9), 1}});
  std::string frame;
  append_y4m_frame(std::get<Picture>(picture_of(picture.info, picture.data())), frame);
  EXPECT_EQ(frame, "FRAME\n" + std::string("\x10\xeb\x51\x80\x80\x5a\x80\x80\xf0", 9));
}

}  // namespace
}  // namespace mmapvideo::tools
