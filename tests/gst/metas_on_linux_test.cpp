// SPDX-License-Identifier: MIT
// Metas for which the file cannot grow, by a limit that Linux has.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <string>

#include "metas.hpp"
#include "support/raw_file.hpp"

namespace mmapvideo_test {
namespace {

/// Files may not grow beyond `bytes` while this lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(std::uint64_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &former_);
    const rlimit limit{static_cast<rlim_t>(bytes), former_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &former_); }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit former_{};
};

TEST_F(Metas, for_which_there_is_no_room_are_dropped_and_the_frames_go_on) {
  const Link link(path_);
  ASSERT_EQ(value_of(link.pass(grey_buffer(1))), 1);
  const FileSizeLimit limit(RawFile(path_).size());
  for (std::uint8_t i = 2; i <= 4; ++i) {
    Buffer buffer = grey_buffer(i);
    const std::string text(i == 3 ? 500'000 : 100, 'x');
    gst_structure_set(gst_custom_meta_get_structure(add_note(buffer.get())), "text", G_TYPE_STRING,
                      text.c_str(), nullptr);
    const Sample sample = link.pass(std::move(buffer));
    EXPECT_EQ(value_of(sample), i);
    EXPECT_EQ(note_of(buffer_in(sample)) != nullptr, i != 3);
  }
  expect_stat(link.writer.sink(), "metas", 2);
  expect_stat(link.writer.sink(), "metas-dropped", 1);
}

}  // namespace
}  // namespace mmapvideo_test
