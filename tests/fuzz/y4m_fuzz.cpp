// SPDX-License-Identifier: MIT
// A y4m stream of any content, in pieces of any size: frames of the size that the header tells, or
// a sentence, and never more memory than arrived.
#include "y4m_reader.hpp"

#include <algorithm>
#include <cstring>

#include "fuzz_target.hpp"

using namespace mmapvideo::tools;
using mmapvideo_fuzz::require;

namespace {

constexpr std::size_t reads_ahead_bytes = std::size_t{2} << 20;
constexpr int max_frames = 1000;

/// Bytes, in pieces of at most `piece`.
Y4mReader::Source source_of(const char* bytes, std::size_t count, std::size_t piece) {
  return [bytes, count, piece, at = std::size_t{0}](char* to, std::size_t room) mutable {
    const std::size_t next = std::min({room, piece, count - at});
    std::memcpy(to, bytes + at, next);
    at += next;
    return next;
  };
}

void check_header(const Y4mHeader& header) {
  require(
      header.width >= 1 && header.width <= 65535 && header.height >= 1 && header.height <= 65535,
      "a size is within its limits");
  require(header.fps_denominator != 0 && header.par_denominator != 0, "ratios have denominators");
  require(y4m_pixel_format(header.colour_space) != nullptr, "the colour space is a known one");
  require(y4m_frame_bytes(header) <= y4m_max_frame_bytes, "a frame is not too large");
  std::string line = y4m_header_line(header);
  line.pop_back();
  const auto again = parse_y4m_header(line);
  require(std::holds_alternative<Y4mHeader>(again) && std::get<Y4mHeader>(again) == header,
          "a header that is written reads the same");
}

void read_stream(Y4mReader& reader, std::size_t bytes) {
  std::string frame;
  for (int count = 0; count < max_frames && reader.next(frame); ++count) {
    require(frame.size() == y4m_frame_bytes(reader.header()), "a frame has its size");
    require(frame.capacity() <= 2 * (bytes + reads_ahead_bytes),
            "memory is taken for what has arrived");
  }
}

}  // namespace

/// The first byte is the size of the pieces; 0: all at once.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  if (bytes == 0) return 0;
  const std::size_t piece = data[0] == 0 ? SIZE_MAX : data[0];
  try {
    Y4mReader reader(source_of(reinterpret_cast<const char*>(data) + 1, bytes - 1, piece));
    check_header(reader.header());
    read_stream(reader, bytes);
  } catch (const Y4mError& error) {
    require(error.what()[0] != '\0', "an error has words");
  }
  return 0;
}
