// SPDX-License-Identifier: MIT
// The rules of SPEC 12 for one frame: a slot that breaks one is told once, as a broken file, and
// the stream goes on behind it.
#include <gtest/gtest.h>

#include <cstring>

#include "support/file_test.hpp"
#include "support/forged_file.hpp"
#include "support/library.hpp"

using namespace mmapvideo_test;
using FrameValidityTest = FileTest;

namespace {

using Spoil = void (*)(ForgedFile&, mmapvideo_slot_header&);

struct Broken {
  const char* what;
  Spoil spoil;
};

const Broken kBroken[] = {
    {"number differs from the stamp", [](auto&, auto& slot) { slot.number = 3; }},
    {"number 0", [](auto&, auto& slot) { slot.number = 0; }},
    {"no payload", [](auto&, auto& slot) { slot.info.payload_bytes = 0; }},
    {"payload beyond its capacity",
     [](ForgedFile& file, auto& slot) {
       slot.info.payload_bytes = file.raw().ring().payload_capacity + 1;
     }},
    {"endless payload", [](auto&, auto& slot) { slot.info.payload_bytes = UINT64_MAX; }},
    {"metadata beyond its capacity",
     [](ForgedFile& file, auto& slot) {
       slot.info.metadata_bytes = file.raw().ring().metadata_capacity + 1;
     }},
    {"endless metadata", [](auto&, auto& slot) { slot.info.metadata_bytes = UINT64_MAX; }},
    {"caps without room for their NUL",
     [](ForgedFile& file, auto& slot) {
       slot.info.caps_bytes = static_cast<std::uint32_t>(file.raw().ring().payload_offset - 512);
       std::memset(file.raw().caps(1), 'c', slot.info.caps_bytes);
     }},
    {"endless caps", [](auto&, auto& slot) { slot.info.caps_bytes = UINT32_MAX; }},
    {"NUL inside the caps", [](ForgedFile& file, auto&) { file.raw().caps(1)[5] = '\0'; }},
    {"five planes", [](auto&, auto& slot) { slot.info.plane_count = 5; }},
    {"endless planes", [](auto&, auto& slot) { slot.info.plane_count = UINT32_MAX; }},
    {"plane beyond the payload",
     [](auto&, auto& slot) { slot.info.planes[0].offset = kFrameBytes; }},
    {"plane one byte beyond", [](auto&, auto& slot) { slot.info.planes[0].offset = 1; }},
    {"plane offset overflows",
     [](auto&, auto& slot) { slot.info.planes[0].offset = UINT64_MAX - 10; }},
    {"one row too many", [](auto&, auto& slot) { slot.info.planes[0].rows += 1; }},
    {"endless rows", [](auto&, auto& slot) { slot.info.planes[0].rows = UINT32_MAX; }},
    {"rows too long", [](auto&, auto& slot) { slot.info.planes[0].row_bytes += 1; }},
    {"stride too long", [](auto&, auto& slot) { slot.info.planes[0].stride += 1; }},
    {"largest stride", [](auto&, auto& slot) { slot.info.planes[0].stride = INT64_MAX; }},
    {"smallest stride", [](auto&, auto& slot) { slot.info.planes[0].stride = INT64_MIN; }},
    {"stride that wraps around to 0",
     [](auto&, auto& slot) {
       slot.info.planes[0].stride = std::int64_t{1} << 58;
       slot.info.planes[0].rows = 65;
     }},
    {"negative stride that wraps around to 0",
     [](auto&, auto& slot) {
       slot.info.planes[0].stride = -(std::int64_t{1} << 58);
       slot.info.planes[0].rows = 65;
     }},
    {"rows run before the payload", [](auto&, auto& slot) { slot.info.planes[0].stride = -64; }},
    {"last plane beyond the payload",
     [](auto&, auto& slot) {
       slot.info.plane_count = 4;
       slot.info.planes[1] = slot.info.planes[2] = slot.info.planes[3] = slot.info.planes[0];
       slot.info.planes[3].offset = 64;
     }},
    {"format without NUL",
     [](auto&, auto& slot) { std::memset(slot.info.format, 'f', sizeof slot.info.format); }},
    {"colorimetry without NUL",
     [](auto&, auto& slot) {
       std::memset(slot.info.colorimetry, 'c', sizeof slot.info.colorimetry);
     }},
    {"chroma site without NUL",
     [](auto&, auto& slot) {
       std::memset(slot.info.chroma_site, 'c', sizeof slot.info.chroma_site);
     }},
};

const Broken kUnusual[] = {
    {"stride negative, from the last row",
     [](auto&, auto& slot) {
       slot.info.planes[0].offset = kFrameBytes - 64;
       slot.info.planes[0].stride = -64;
     }},
    {"stride 0", [](auto&, auto& slot) { slot.info.planes[0].stride = 0; }},
    {"no planes, however spoilt",
     [](auto&, auto& slot) {
       slot.info.plane_count = 0;
       std::memset(slot.info.planes, 0xff, sizeof slot.info.planes);
     }},
    {"planes that overlap",
     [](auto&, auto& slot) {
       slot.info.plane_count = 2;
       slot.info.planes[1] = slot.info.planes[0];
     }},
    {"four planes",
     [](auto&, auto& slot) {
       slot.info.plane_count = 4;
       slot.info.planes[1] = slot.info.planes[2] = slot.info.planes[3] = slot.info.planes[0];
     }},
    {"reserved bytes that are not 0",
     [](auto&, auto& slot) {
       std::memset(slot.reserved, 0xff, sizeof slot.reserved);
       std::memset(slot.info.reserved_400, 0xff, sizeof slot.info.reserved_400);
       slot.info.reserved_140 = 7;
       slot.info.planes[0].reserved = 7;
     }},
    {"unknown flags and enumerations",
     [](auto&, auto& slot) {
       slot.info.flags = UINT64_MAX;
       slot.info.interlace_mode = UINT32_MAX;
       slot.info.field_order = UINT32_MAX;
     }},
    {"strings that fill their fields",
     [](auto&, auto& slot) {
       std::memset(slot.info.format, 'f', sizeof slot.info.format - 1);
       std::memset(slot.info.colorimetry, 'c', sizeof slot.info.colorimetry - 1);
       std::memset(slot.info.chroma_site, 's', sizeof slot.info.chroma_site - 1);
     }},
    {"metadata that fills its capacity",
     [](ForgedFile& file, auto& slot) {
       slot.info.metadata_bytes = file.raw().ring().metadata_capacity;
     }},
};

/// Frame 1 whole, frame 2 (in slot 1) as `spoil` left it.
void publish_spoilt(ForgedFile& file, Spoil spoil) {
  unsigned index = file.next_index();
  std::uint64_t number = file.write_slot();
  spoil(file, file.slot(index));
  file.announce_head(number, index);
}

void expect_broken_once(const std::string& path, const Broken& broken,
                        mmapvideo_delivery delivery) {
  SCOPED_TRACE(broken.what);
  ForgedFile file(path);
  file.publish();
  Reader reader = open_reader(path, delivery);
  ASSERT_EQ(take(reader).number, 1u);
  publish_spoilt(file, broken.spoil);
  Taken taken = next_frame(reader, kNoWait);
  EXPECT_EQ(taken.status, MMAPVIDEO_BROKEN_FILE) << taken.error.message;
  EXPECT_TRUE(names(taken.error, path));
  EXPECT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
  file.publish();
  taken = take(reader, kNoWait);
  EXPECT_EQ(taken.status, MMAPVIDEO_OK) << taken.error.message;
  EXPECT_EQ(taken.number, 3u);
  EXPECT_EQ(taken.skipped, 1u);
  ::unlink(path.c_str());
}

}  // namespace

TEST_F(FrameValidityTest, invalid_frame_is_told_once_and_skipped_by_a_reader_of_the_latest) {
  for (const Broken& broken : kBroken) {
    expect_broken_once(path_, broken, MMAPVIDEO_DELIVERY_LATEST);
  }
}

TEST_F(FrameValidityTest, invalid_frame_is_told_once_and_skipped_by_a_reader_of_every_frame) {
  for (const Broken& broken : kBroken) {
    expect_broken_once(path_, broken, MMAPVIDEO_DELIVERY_EVERY_FRAME);
  }
}

TEST_F(FrameValidityTest, unusual_but_valid_frame_is_delivered) {
  for (const Broken& unusual : kUnusual) {
    SCOPED_TRACE(unusual.what);
    ForgedFile file(path_);
    file.publish();
    Reader reader = open_reader(path_);
    ASSERT_EQ(take(reader).number, 1u);
    publish_spoilt(file, unusual.spoil);
    Taken taken = take(reader, kNoWait);
    EXPECT_EQ(taken.status, MMAPVIDEO_OK) << taken.error.message;
    EXPECT_EQ(taken.number, 2u);
    EXPECT_TRUE(all_words_are(taken.payload, 2));
    ::unlink(path_.c_str());
  }
}

TEST_F(FrameValidityTest, longest_caps_of_a_slot_are_delivered) {
  ForgedFile file(path_);
  std::string caps(file.raw().ring().payload_offset - 512 - 1, 'c');
  file.publish(grey_info(kFrameBytes, caps), caps);
  EXPECT_EQ(take(open_reader(path_)).caps, caps);
}

TEST_F(FrameValidityTest, largest_number_is_delivered) {
  ForgedFile file(path_);
  mmapvideo_slot_header& slot = file.slot(0);
  file.write_slot();
  slot.number = MMAPVIDEO_MAX_FRAME_NUMBER;
  store(slot.stamp, 2 * MMAPVIDEO_MAX_FRAME_NUMBER);
  file.announce_head(MMAPVIDEO_MAX_FRAME_NUMBER, 0);
  Taken taken = take(open_reader(path_));
  EXPECT_EQ(taken.number, MMAPVIDEO_MAX_FRAME_NUMBER);
  EXPECT_EQ(taken.skipped, 0u);
}

TEST_F(FrameValidityTest, head_that_names_no_slot_of_the_ring_harms_nobody) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_);
  ASSERT_EQ(take(reader).number, 1u);
  std::uint64_t slot_id = load(file.header().head_slot_id);
  for (std::uint64_t wrong : {std::uint64_t{4}, std::uint64_t{1} << 24, UINT64_MAX}) {
    file.publish();
    store(file.header().head_slot_id, wrong);
    mmapvideo_status status = next_frame(reader, kNoWait).status;
    EXPECT_TRUE(status == MMAPVIDEO_TIMEOUT || status == MMAPVIDEO_BROKEN_FILE) << status;
  }
  store(file.header().head_slot_id, slot_id);
  file.publish();
  EXPECT_EQ(take(reader, kNoWait).status, MMAPVIDEO_OK);
}

// Sizes that are allowed one by one must not wrap when they are added: the ring is as large as the
// fields need, the file a hole.
TEST_F(FrameValidityTest, sizes_at_the_end_of_their_type_do_not_wrap) {
  constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;
  ForgedFile file(path_);
  mmapvideo_ring& ring = file.raw().ring();
  const mmapvideo_ring huge = [&] {
    mmapvideo_ring changed = ring;
    changed.slot_count = 2;
    changed.payload_offset = 5 * kGiB;
    changed.payload_capacity = kGiB;
    changed.metadata_capacity = kGiB;
    changed.slot_stride = 8 * kGiB;
    return changed;
  }();
  ring = huge;
  file.raw().resize(huge.offset + 2 * huge.slot_stride);
  for (bool caps : {true, false}) {
    Reader reader = open_reader(path_);
    mmapvideo_frame_info info = grey_info();
    file.publish(info);
    mmapvideo_slot_header& slot = file.slot((file.next_index() + 1) % 2);
    if (caps) slot.info.caps_bytes = UINT32_MAX;
    if (!caps) slot.info.metadata_bytes = kGiB;
    EXPECT_EQ(next_frame(reader).status, MMAPVIDEO_BROKEN_FILE);
    EXPECT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT) << "told once";
  }
}
