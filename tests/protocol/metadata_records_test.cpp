// SPDX-License-Identifier: MIT
// Records in the metadata of a frame, found by mmapvideo_metadata_next (SPEC.md 3.7).
#include <gtest/gtest.h>
#include <mmapvideo/mmapvideo.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "support/file_test.hpp"
#include "support/library.hpp"
#include "support/raw_file.hpp"

namespace mmapvideo_test {
namespace {

std::string header(std::uint32_t version = 1) {
  mmapvideo_metadata_header header{MMAPVIDEO_METADATA_MAGIC, version, 0};
  return {reinterpret_cast<const char*>(&header), sizeof header};
}
std::string record(const std::string& kind, const std::string& content, std::int32_t off = 0) {
  mmapvideo_metadata_record record{};
  record.record_bytes =
      static_cast<std::uint32_t>(static_cast<std::int64_t>(sizeof record + content.size()) + off);
  record.version = 1;
  std::memcpy(record.kind, kind.data(), std::min(kind.size(), sizeof record.kind));
  return std::string(reinterpret_cast<const char*>(&record), sizeof record) + content;
}

struct Found {
  std::vector<std::string> records;  // kind=content
  mmapvideo_status end;
};

Found find(const std::string& metadata) {
  Found found{};
  mmapvideo_record record{};
  std::uint64_t position = 0;
  while ((found.end = mmapvideo_metadata_next(metadata.data(), metadata.size(), &position,
                                              &record)) == MMAPVIDEO_OK) {
    const auto* content = static_cast<const char*>(record.content);
    EXPECT_GE(content, metadata.data());
    EXPECT_LE(content + record.content_bytes, metadata.data() + metadata.size());
    found.records.push_back(std::string(record.kind) + "=" +
                            std::string(content, record.content_bytes));
  }
  return found;
}

using Records = std::vector<std::string>;

TEST(MetadataRecords, the_magic_is_the_text_of_the_specification) {
  const std::uint64_t magic = MMAPVIDEO_METADATA_MAGIC;
  EXPECT_EQ(std::memcmp(&magic, "mmapmet\n", 8), 0);
}

TEST(MetadataRecords, are_found_in_order_known_or_not) {
  const Found found = find(header() + record("video-crop", "abc") + record("x", "") +
                           record("12345678901234567890123", "z"));
  EXPECT_EQ(found.records, (Records{"video-crop=abc", "x=", "12345678901234567890123=z"}));
  EXPECT_EQ(found.end, MMAPVIDEO_ENDED);
}

TEST(MetadataRecords, of_none_there_is_an_end) { EXPECT_EQ(find(header()).end, MMAPVIDEO_ENDED); }

TEST(MetadataRecords, are_not_seen_in_bytes_of_the_users_own) {
  for (const std::string& own :
       {std::string("a"), std::string(200, 'x'), header().substr(0, 15), std::string("mmapmet ")})
    EXPECT_EQ(find(own).end, MMAPVIDEO_FOREIGN_FILE) << own;
}

TEST(MetadataRecords, of_another_version_are_not_guessed_at) {
  EXPECT_EQ(find(header(2) + record("x", "")).end, MMAPVIDEO_UNSUPPORTED_VERSION);
}

TEST(MetadataRecords, before_a_broken_one_are_good) {
  const std::string good = header() + record("a", "1");
  for (const std::string& tail :
       {std::string("x"), record("b", "2").substr(0, 32), record("b", "2", 1), record("b", "", -1),
        record("b", "", -32), record("", ""), record("B", ""), record(std::string(24, 'k'), "")}) {
    const Found found = find(good + tail);
    EXPECT_EQ(found.records, (Records{"a=1"}));
    EXPECT_EQ(found.end, MMAPVIDEO_BROKEN_FILE);
  }
}

TEST(MetadataRecords, damaged_anywhere_stay_within_the_metadata) {
  std::mt19937 random(1);
  const std::string good = header() + record("a", "1234") + record("b", "") + record("c", "5");
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good.substr(0, random() % (good.size() + 1));
    for (unsigned damage = random() % 4; damage > 0 && !bytes.empty(); --damage)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    find(std::string(bytes.data(), bytes.size()));
  }
}

TEST(MetadataRecords, need_their_arguments) {
  mmapvideo_record record{};
  std::uint64_t position = 0;
  EXPECT_EQ(mmapvideo_metadata_next(nullptr, 0, &position, &record), MMAPVIDEO_INVALID_ARGUMENT);
  EXPECT_EQ(mmapvideo_metadata_next("", 0, nullptr, &record), MMAPVIDEO_INVALID_ARGUMENT);
  EXPECT_EQ(mmapvideo_metadata_next("", 0, &position, nullptr), MMAPVIDEO_INVALID_ARGUMENT);
}

class MetadataRoom : public FileTest {};

TEST_F(MetadataRoom, is_there_before_a_frame_needs_any_and_grows_in_large_steps) {
  Writer writer = open_writer(path_, 4);
  publish(writer);
  EXPECT_EQ(RawFile(path_).ring().metadata_capacity, 4096u);
  mmapvideo_frame_info info = grey_info();
  for (std::size_t bytes : {4096u, 5000u, 8192u, 6000u}) {
    const std::string metadata(bytes, 'm');
    info.metadata_bytes = bytes;
    ASSERT_EQ(try_publish(writer, info, kCaps, metadata), MMAPVIDEO_OK);
  }
  EXPECT_EQ(RawFile(path_).ring().metadata_capacity, 8192u);
  EXPECT_EQ(RawFile(path_).header().ring_generation, 2u);
}

}  // namespace
}  // namespace mmapvideo_test
