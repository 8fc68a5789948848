// SPDX-License-Identifier: MIT
// What cannot work is an error message on the bus that names the path, and harms nobody's file.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>

#include "errors.hpp"
#include "process.hpp"
#include "support/forged_file.hpp"
#include "support/raw_file.hpp"

namespace mmapvideo_test {
namespace {

// ---- Paths ------------------------------------------------------------------------------------

TEST_F(Errors, without_a_location_the_property_is_named) {
  EXPECT_TRUE(mentions(error_of("videotestsrc ! mmapsink").sentence, "location"));
  EXPECT_TRUE(mentions(error_of("mmapsrc ! fakesink").sentence, "location"));
}

TEST_F(Errors, after_an_error_the_element_works_with_another_location) {
  const ReaderPipeline reader(dir_.path());
  reader.set(GST_STATE_PLAYING);
  reader.error();
  reader.set(GST_STATE_NULL);
  const WriterPipeline writer(dir_.path());
  writer.set(GST_STATE_PLAYING);
  writer.error();
  writer.set(GST_STATE_NULL);

  g_object_set(writer.sink(), "location", path_.c_str(), nullptr);
  g_object_set(reader.source(), "location", path_.c_str(), nullptr);
  writer.play();
  writer.set_caps(grey_caps());
  writer.push(grey_bytes(9));
  reader.play();
  EXPECT_EQ(value_of(reader.pull()), 9);
}

TEST_F(Errors, a_directory_is_refused) {
  expect_both_fail(dir_.path(), GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ_WRITE);
}

TEST_F(Errors, a_directory_that_does_not_exist_is_an_error_for_the_writer) {
  const std::string path = dir_ / "nowhere/camera";
  expect_error(error_of(sink_description(path)), path, GST_RESOURCE_ERROR,
               GST_RESOURCE_ERROR_NOT_FOUND);
}

TEST_F(Errors, a_file_as_a_directory_is_an_error_for_both) {
  write_bytes(path_, "");
  expect_both_fail(path_ + "/camera", GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND);
}

// ---- Files ------------------------------------------------------------------------------------

TEST_F(Errors, files_of_other_kinds_are_refused_and_not_changed_by_a_byte) {
  const std::string mp4(
      "\0\0\0\x20"
      "ftypisom\0\0\x02\0isomiso2avc1mp41",
      32);
  for (const std::string& bytes :
       {mp4 + std::string(100'000, 'x'), mp4, std::string("#!/bin/sh\n"), std::string("m4"),
        std::string("mmapvid\r"), std::string(5000, '\0')}) {
    SCOPED_TRACE(bytes.substr(0, 10));
    write_bytes(path_, bytes);
    expect_both_fail(path_, GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE);
    EXPECT_TRUE(read_bytes(path_) == bytes);
  }
}

TEST_F(Errors, another_version_is_refused_and_not_changed) {
  leave_file();
  RawFile(path_).header().version = 2;
  const std::string before = read_bytes(path_);
  expect_both_fail(path_, GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE);
  EXPECT_TRUE(read_bytes(path_) == before);
}

TEST_F(Errors, an_incompatible_flag_nobody_knows_is_refused_and_not_changed) {
  leave_file();
  RawFile(path_).header().incompatible_flags = 1;
  const std::string before = read_bytes(path_);
  expect_both_fail(path_, GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE);
  EXPECT_TRUE(read_bytes(path_) == before);
}

struct Damage {
  const char* field;
  void (*apply)(mmapvideo_file_header&);
};
mmapvideo_ring& ring_in_use(mmapvideo_file_header& header) {
  return header.rings[header.ring_generation % 2];
}
const Damage damages[] = {
    {"header_bytes", [](mmapvideo_file_header& h) { h.header_bytes ^= 1; }},
    {"state", [](mmapvideo_file_header& h) { h.state = 4; }},
    {"head_number", [](mmapvideo_file_header& h) { h.head_number |= 1ull << 63; }},
    {"session_id", [](mmapvideo_file_header& h) { h.session_id = 0; }},
    {"ring_generation", [](mmapvideo_file_header& h) { h.ring_generation += 2; }},
    {"generation", [](mmapvideo_file_header& h) { ring_in_use(h).generation ^= 4; }},
    {"offset", [](mmapvideo_file_header& h) { ring_in_use(h).offset |= 1ull << 40; }},
    {"offset_0", [](mmapvideo_file_header& h) { ring_in_use(h).offset = 0; }},
    {"slot_stride", [](mmapvideo_file_header& h) { ring_in_use(h).slot_stride ^= 1; }},
    {"slot_stride_large", [](mmapvideo_file_header& h) { ring_in_use(h).slot_stride <<= 30; }},
    {"payload_offset", [](mmapvideo_file_header& h) { ring_in_use(h).payload_offset ^= 8; }},
    {"payload_capacity", [](mmapvideo_file_header& h) { ring_in_use(h).payload_capacity <<= 20; }},
    {"metadata_capacity",
     [](mmapvideo_file_header& h) { ring_in_use(h).metadata_capacity = UINT64_MAX; }},
    {"slot_count", [](mmapvideo_file_header& h) { ring_in_use(h).slot_count = 1; }},
    {"slot_count_large", [](mmapvideo_file_header& h) { ring_in_use(h).slot_count = 1024; }},
    {"first_slot_id", [](mmapvideo_file_header& h) { ring_in_use(h).first_slot_id = 1u << 24; }},
};

class DamagedHeader : public Errors, public ::testing::WithParamInterface<Damage> {};

TEST_P(DamagedHeader, is_refused_and_not_changed) {
  leave_file();
  {
    const RawFile file(path_);
    GetParam().apply(file.header());
  }
  const std::string before = read_bytes(path_);
  expect_both_fail(path_, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT);
  EXPECT_TRUE(read_bytes(path_) == before);
}
INSTANTIATE_TEST_SUITE_P(Field, DamagedHeader, ::testing::ValuesIn(damages),
                         [](const auto& parameter) { return parameter.param.field; });

TEST_F(Errors, a_file_that_was_cut_off_behind_its_header_is_refused) {
  leave_file();
  const std::uintmax_t full = std::filesystem::file_size(path_);
  for (std::uintmax_t size :
       {std::uintmax_t{4096}, std::uintmax_t{65536}, full - 65536, full - 1}) {
    SCOPED_TRACE(size);
    std::filesystem::resize_file(path_, size);
    expect_both_fail(path_, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT);
    EXPECT_EQ(std::filesystem::file_size(path_), size);
    std::filesystem::remove(path_);
    leave_file();
  }
}

TEST_F(Errors, a_slot_whose_description_is_hostile_is_an_error_and_not_a_crash) {
  struct {
    const char* name;
    void (*apply)(mmapvideo_slot_header&, char*);
  } const attacks[] = {
      {"payload_bytes", [](mmapvideo_slot_header& s, char*) { s.info.payload_bytes <<= 20; }},
      {"no payload", [](mmapvideo_slot_header& s, char*) { s.info.payload_bytes = 0; }},
      {"short payload",
       [](mmapvideo_slot_header& s, char*) {
         s.info.payload_bytes = 10;
         s.info.planes[0].rows = s.info.planes[0].row_bytes = 1;
       }},
      {"caps_bytes", [](mmapvideo_slot_header& s, char*) { s.info.caps_bytes = 1u << 30; }},
      {"plane_count", [](mmapvideo_slot_header& s, char*) { s.info.plane_count = 5; }},
      {"planes of another format", [](mmapvideo_slot_header& s, char*) { s.info.plane_count = 2; }},
      {"plane offset", [](mmapvideo_slot_header& s, char*) { s.info.planes[0].offset = 1 << 20; }},
      {"tiny stride",
       [](mmapvideo_slot_header& s, char*) {
         s.info.planes[0].stride = 4;
         s.info.planes[0].row_bytes = 4;
         s.info.payload_bytes = 4 * 16;
       }},
      {"larger caps",
       [](mmapvideo_slot_header&, char* caps) {
         char* width = std::strstr(caps, "(int)64");
         std::memcpy(width, "(int)99", 7);
       }},
      {"caps of audio", [](mmapvideo_slot_header&, char* caps) { std::memcpy(caps, "audio", 5); }},
      {"caps of nothing", [](mmapvideo_slot_header&, char* caps) { caps[0] = ';'; }},
  };
  for (const auto& attack : attacks) {
    SCOPED_TRACE(attack.name);
    leave_file();
    {
      const RawFile file(path_);
      const unsigned head = file.head_index();
      attack.apply(file.slot(head), file.caps(head));
    }
    const Problem problem = error_of(src_description(path_));
    EXPECT_TRUE(mentions(problem.sentence, path_)) << problem.sentence;
    std::filesystem::remove(path_);
  }
}

// A hole of a file that is as large as its description says.
TEST_F(Errors, a_frame_that_is_larger_than_a_buffer_can_be_is_an_error_and_not_a_crash) {
  constexpr std::uint64_t beyond_32_bits = (std::uint64_t{1} << 32) + 12288;
  ForgedFile file(path_, {.slot_count = 2, .payload_capacity = beyond_32_bits});
  const std::string caps = grey_caps();
  const unsigned index = file.next_index();
  const std::uint64_t number = file.write_slot(grey_info(64 * 16, caps), caps);
  file.slot(index).info.payload_bytes = beyond_32_bits;
  file.announce_head(number, index);
  const Problem problem = error_of(src_description(path_));
  EXPECT_TRUE(mentions(problem.sentence, path_)) << problem.sentence;
}

TEST_F(Errors, a_second_living_writer_is_refused_and_the_first_goes_on) {
  const WriterPipeline writer(path_);
  writer.play();
  writer.set_caps(grey_caps());
  writer.push(grey_bytes(1));
  writer.wait_for_published(1);
  expect_error(error_of(sink_description(path_)), path_, GST_RESOURCE_ERROR,
               GST_RESOURCE_ERROR_BUSY);
  writer.push(grey_bytes(2));
  writer.wait_for_published(2);
  EXPECT_TRUE(exists(path_));
  Process other({"run", sink_description(path_)});
  EXPECT_TRUE(mentions(other.expect("error"), path_));
  EXPECT_EQ(other.wait(), 1);
}

TEST_F(Errors, a_buffer_without_caps_is_an_error_and_not_a_crash) {
  Process process({"run",
                   "fakesrc num-buffers=3 sizetype=fixed filltype=zero ! mmapsink "
                   "sync=false location=" +
                       path_});
  EXPECT_EQ(process.wait(), 1);
}

}  // namespace
}  // namespace mmapvideo_test
