// SPDX-License-Identifier: MIT
// Metadata that contradicts SPEC.md 3.7 costs the frame its metas, is counted, and nothing else.
#include <gtest/gtest.h>

#include <cstring>
#include <mmapvideo/mmapvideo.hpp>
#include <random>
#include <string>

#include "metas.hpp"
#include "support/file_test.hpp"
#include "support/forged_file.hpp"

namespace mmapvideo_test {
namespace {

template <typename Number>
std::string bytes_of_number(Number number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}
std::string u32(std::uint32_t number) { return bytes_of_number(number); }
std::string text(const std::string& text) {
  return u32(static_cast<std::uint32_t>(text.size())) + text;
}
std::string value_u32(std::uint32_t number) { return '\3' + u32(number); }

std::string record(const std::string& kind, const std::string& content, std::uint32_t version = 1) {
  std::string padded = kind;
  padded.resize(24);
  return u32(static_cast<std::uint32_t>(32 + content.size())) + u32(version) + padded + content;
}
std::string metadata(const std::string& records) { return "mmapmet\n" + u32(1) + u32(0) + records; }

std::string crop() { return record("video-crop", u32(1) + u32(2) + u32(3) + u32(4)); }
/// A custom meta with one field.
std::string note(const std::string& value) {
  return record("custom", text("TestNote") + u32(1) + text("field") + value);
}
std::string nested(const char* opening, int depth) {
  std::string value;
  for (int i = 0; i < depth; ++i) value += opening + u32(1);
  return value + value_u32(1);
}
std::string nested_structures(int depth) {
  std::string value;
  for (int i = 0; i < depth; ++i) value += '\14' + text("s") + u32(1) + text("f");
  return value + value_u32(1);
}

struct Attack {
  const char* name;
  std::string bytes;
  unsigned metas = 0;  // that are good all the same
};

std::vector<Attack> attacks() {
  const std::string far = u32(0xffffffff);
  return {
      {"not_records", "the user's own bytes"},
      {"magic_only", "mmapmet\n"},
      {"another_version", "mmapmet\n" + u32(2) + u32(0) + crop()},
      {"cut_in_a_header", metadata(crop() + crop().substr(0, 31)), 1},
      {"cut_in_a_content", metadata(crop() + crop().substr(0, 40)), 1},
      {"endless_record", metadata(crop() + far + record("x", "").substr(4)), 1},
      {"empty_record", metadata(u32(0) + record("x", "").substr(4))},
      {"record_shorter_than_its_header", metadata(u32(31) + record("x", "").substr(4))},
      {"kind_without_an_end", metadata(record("abcdefghijklmnopqrstuvwx", ""))},
      {"kind_of_other_characters", metadata(record("V\n", ""))},
      {"no_kind", metadata(record("", ""))},
      {"unknown_kind", metadata(record("hologram", "abc") + crop()), 1},
      {"unknown_version", metadata(record("video-crop", crop().substr(32), 2) + crop()), 1},
      {"content_too_short", metadata(record("video-crop", u32(1)) + crop()), 1},
      {"content_too_long", metadata(record("video-crop", crop().substr(32) + "x") + crop()), 1},
      {"text_beyond_the_end", metadata(record("custom", far + "abc"))},
      {"text_not_utf8", metadata(note('\10' + text("\xff\xfe")))},
      {"text_with_a_nul", metadata(note('\10' + text(std::string("a\0b", 3))))},
      {"no_such_type", metadata(note("\x63"))},
      {"name_of_nothing", metadata(record("custom", text("") + u32(0)))},
      {"name_with_a_space", metadata(record("custom", text("a b") + u32(0)))},
      {"meta_nobody_registered", metadata(record("custom", text("NeverHeard") + u32(0)))},
      {"meta_that_is_not_custom", metadata(record("custom", text("GstVideoMeta") + u32(0)))},
      {"endless_fields", metadata(record("custom", text("TestNote") + far))},
      {"endless_list", metadata(note('\15' + far))},
      {"list_of_different_types",
       metadata(note('\15' + u32(2) + value_u32(1) + '\10' + text("a")))},
      {"list_of_different_lists", metadata(note('\15' + u32(2) + '\15' + u32(1) + value_u32(1) +
                                                '\15' + u32(1) + '\10' + text("a")))},
      {"lists_too_deep", metadata(note(nested("\15", 17)))},
      {"arrays_without_end", metadata(note(nested("\16", 50'000)))},
      {"structures_without_end", metadata(note(nested_structures(20'000)))},
      {"fraction_of_nothing", metadata(note('\11' + u32(1) + u32(0)))},
      {"fraction_out_of_range", metadata(note('\11' + u32(0x80000000) + u32(0x80000000)))},
      {"type_nobody_knows", metadata(note('\17' + text("NoType") + text("1")))},
      {"type_of_pointers", metadata(note('\17' + text("gpointer") + text("1")))},
      {"type_of_caps", metadata(note('\17' + text("GstCaps") + text("a, b={{{{{{{{{")))},
      {"date_that_is_none", metadata(note('\17' + text("GDate") + text("9999999-99-99")))},
      {"time_that_is_none",
       metadata(note('\17' + text("GstDateTime") + text("2024-99-99T99:99:99Z")))},
      {"enumeration_that_is_none",
       metadata(note('\17' + text("GstVideoMultiviewMode") + text("sideways")))},
      {"region_with_endless_parameters",
       metadata(record("region-of-interest",
                       u32(0) + u32(0) + u32(0) + u32(0) + u32(0) + u32(0) + text("t") + far))},
      {"timecode_without_rate", metadata(record("timecode", std::string(32, '\0') + text("")))},
      {"timecode_of_impossible_time",
       metadata(
           record("timecode", u32(30) + u32(1) + u32(0) + far + far + far + far + far + text("")))},
      {"timecode_with_a_false_jam",
       metadata(record("timecode", u32(30) + u32(1) + std::string(24, '\0') + text("yesterday")))},
      {"caption_of_no_type", metadata(record("caption", far + text("abc")))},
      {"caption_of_nothing", metadata(record("caption", u32(1) + u32(0)))},
      {"clock_without_time",
       metadata(record("reference-timestamp",
                       far + far + far + far + text("timestamp/x-ntp") + u32(0)))},
      {"format_description_out_of_range", metadata(record("afd", u32(2) + u32(9) + u32(99)))},
      {"format_description_undefined", metadata(record("afd", u32(0) + u32(1) + u32(5)))},
      {"bars_of_no_field", metadata(record("bar", u32(2) + u32(1) + u32(1) + u32(1)))},
      {"overlay_of_nothing", metadata(record("overlay", u32(0)))},
      {"overlay_without_pixels",
       metadata(record("overlay", u32(1) + u32(0) + u32(0) + u32(9) + u32(9) + u32(0) +
                                      bytes_of_number(1.0f) + text("BGRA") + u32(0x10000) +
                                      u32(0x10000) + u32(0)))},
      {"overlay_of_no_format",
       metadata(record("overlay", u32(1) + u32(0) + u32(0) + u32(1) + u32(1) + u32(0) +
                                      bytes_of_number(1.0f) + text("I420") + u32(1) + u32(1) +
                                      text("abcd")))},
      {"overlay_as_wide_as_can_be",
       metadata(record("overlay", u32(1) + u32(0) + u32(0) + far + far + u32(0) +
                                      bytes_of_number(1.0f) + text("BGRA") + u32(1) + u32(1) +
                                      text("abcd")))},
      {"gst_meta_too_long", metadata(record("gst-meta", text(u32(0xffffffff) + far + "x")))},
      {"gst_meta_endless_name",
       metadata(record("gst-meta", text(u32(16) + u32(0xfffffff7) + "abcdefgh")))},
      {"gst_meta_of_planes",
       metadata(record("gst-meta", text(u32(23) + u32(12) + "GstVideoMeta" + '\0' + '\0' + "x")))},
      {"tags_of_nothing", metadata(record("tags", u32(0) + text("taglist") + u32(0)))},
      {"tag_nobody_knows",
       metadata(record("tags", u32(0) + text("taglist") + u32(1) + text("x-new") + value_u32(1)))},
      {"tag_of_another_type",
       metadata(record("tags", u32(0) + text("taglist") + u32(1) + text("title") + value_u32(1)))},
      {"tag_without_text", metadata(record("tags", u32(0) + text("taglist") + u32(1) +
                                                       text("title") + '\10' + u32(0)))},
      {"event_of_nothing", metadata(record("event", ""))},
  };
}

class HostileMetadata : public FileTest, public ::testing::WithParamInterface<Attack> {
 protected:
  void SetUp() override {
    FileTest::SetUp();
    register_custom_meta("TestNote");
  }
};

/// A frame with this metadata, the newest of the file.
void publish_with(ForgedFile& file, const std::string& bytes) {
  const std::string caps = grey_caps();
  mmapvideo_frame_info info = grey_info(64 * 16, caps);
  info.metadata_bytes = bytes.size();
  const unsigned index = file.next_index();
  std::memcpy(file.raw().metadata(index), bytes.data(), bytes.size());
  file.announce_head(file.write_slot(info, caps), index);
}

TEST_P(HostileMetadata, costs_the_frame_its_metas_and_is_counted) {
  const Attack& attack = GetParam();
  ForgedFile file(path_, {.payload_capacity = 64 * 16, .metadata_capacity = 1 << 20});
  publish_with(file, attack.bytes);
  const ReaderPipeline reader(path_);
  reader.play();
  const Sample sample = reader.pull();
  ASSERT_TRUE(sample) << reader.error().sentence;
  EXPECT_EQ(gst_buffer_get_size(buffer_in(sample)), 64u * 16u);
  EXPECT_EQ(meta_count(buffer_in(sample)), 1 + attack.metas);
  EXPECT_EQ(stat(reader.source(), "metas"), attack.metas);
  EXPECT_EQ(stat(reader.source(), "metas-dropped"), 1u);
}
INSTANTIATE_TEST_SUITE_P(Attack, HostileMetadata, ::testing::ValuesIn(attacks()),
                         [](const auto& parameter) { return parameter.param.name; });

/// All good kinds in one, to be damaged.
std::string rich() {
  return metadata(
      crop() + note(nested("\15", 5)) + note('\10' + text("text")) + note('\11' + u32(1) + u32(2)) +
      note('\17' + text("GDate") + text("2024-02-29")) +
      record("region-of-interest", u32(1) + u32(2) + u32(3) + u32(4) + u32(5) + u32(6) +
                                       text("face") + u32(1) + text("d") + u32(1) + text("v") +
                                       value_u32(9)) +
      record("timecode", u32(30) + u32(1) + std::string(24, '\0') + text("2024-02-29T10:00:00Z")) +
      record("caption", u32(3) + text("abc")) +
      record("reference-timestamp", std::string(16, '\1') + text("timestamp/x-ntp") + u32(0)) +
      record("afd", u32(0) + u32(1) + u32(8)) + record("bar", u32(0) + u32(1) + u32(1) + u32(1)) +
      record("overlay", u32(1) + u32(0) + u32(0) + u32(2) + u32(2) + u32(2) +
                            bytes_of_number(0.5f) + text("BGRA") + u32(1) + u32(1) + text("abcd")) +
      record("tags", u32(0) + text("taglist") + u32(1) + text("title") + '\10' + text("t")) +
      record("event", u32(1) + text("cue") + u32(0)));
}

TEST_F(HostileMetadata, that_is_not_hostile_is_used_whole) {
  ForgedFile file(path_, {.payload_capacity = 64 * 16, .metadata_capacity = 1 << 20});
  publish_with(file, rich());
  const ReaderPipeline reader(path_);
  reader.play();
  ASSERT_TRUE(reader.pull());
  EXPECT_EQ(stat(reader.source(), "metas-dropped"), 0u);
  EXPECT_EQ(stat(reader.source(), "metas"), 12u);
  EXPECT_EQ(stat(reader.source(), "events"), 2u);
}

TEST_F(HostileMetadata, damaged_anywhere_delivers_the_frame) {
  ForgedFile file(path_, {.payload_capacity = 64 * 16, .metadata_capacity = 1 << 20});
  const ReaderPipeline reader(path_, "delivery=every-frame");
  reader.play();
  std::mt19937 random(1);
  const std::string good = rich();
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = good;
    for (unsigned damage = 1 + random() % 4; damage > 0; --damage) {
      const std::size_t at = random() % bytes.size();
      switch (random() % 3) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes.erase(at, 1 + random() % 8);
          break;
        default:
          bytes.insert(at, u32(random() % 2 == 0 ? 0xffffffff : 0));
      }
    }
    publish_with(file, bytes);
    const Sample sample = reader.pull();
    ASSERT_TRUE(sample) << reader.error().sentence;
    ASSERT_EQ(gst_buffer_get_size(buffer_in(sample)), 64u * 16u);
  }
}

TEST_F(HostileMetadata, with_ever_new_names_does_not_fill_the_memory) {
  ForgedFile file(path_, {.payload_capacity = 64 * 16, .metadata_capacity = 1 << 20});
  const ReaderPipeline reader(path_, "delivery=every-frame");
  reader.play();
  for (int round = 0; round < 100; ++round) {
    std::string records;
    for (int i = 0; i < 100; ++i)
      records += record("event", u32(0) + text("n" + std::to_string(round * 100 + i)) + u32(0));
    publish_with(file, metadata(records));
    ASSERT_TRUE(reader.pull());
  }
  EXPECT_GT(stat(reader.source(), "metas-dropped"), 5000u);
  EXPECT_LE(stat(reader.source(), "events"), 4096u);
}

TEST_F(HostileMetadata, is_not_alone_caps_with_brackets_without_end_are_an_error_and_no_crash) {
  for (const char bracket : {'{', '<', '['}) {
    const std::string caps = "video/x-raw, a=" + std::string(900'000, bracket);
    const Bytes payload(64 * 16);
    mmapvideo::Writer writer(path_);
    ASSERT_TRUE(writer.publish(grey_info(payload.size(), caps), caps.c_str(), payload.data()));
    const ReaderPipeline reader(path_);
    reader.set(GST_STATE_PLAYING);
    EXPECT_TRUE(mentions(reader.error().sentence, path_));
    writer.close(false);
  }
}

}  // namespace
}  // namespace mmapvideo_test
