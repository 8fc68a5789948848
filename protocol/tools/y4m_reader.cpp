// SPDX-License-Identifier: MIT
// A y4m stream, frame by frame.
#include "y4m_reader.hpp"

#include <algorithm>
#include <utility>

namespace mmapvideo::tools {
namespace {

constexpr std::size_t buffer_bytes = 65536;
// A frame's memory grows by what came, at most this much ahead.
constexpr std::size_t growth_bytes = std::size_t{1} << 20;
constexpr std::string_view frame_magic = "FRAME";

bool is_frame_line(std::string_view line) {
  return line.starts_with(frame_magic) &&
         (line.size() == frame_magic.size() || line[frame_magic.size()] == ' ');
}

}  // namespace

Y4mReader::Y4mReader(Source source) : source_(std::move(source)) {
  std::string line;
  if (!read_line(line)) throw Y4mError("it is empty");
  auto parsed = parse_y4m_header(line);
  if (const auto* problem = std::get_if<std::string>(&parsed)) throw Y4mError(*problem);
  header_ = std::get<Y4mHeader>(parsed);
}

bool Y4mReader::next(std::string& frame) {
  std::string line;
  if (!read_line(line)) return false;
  if (!is_frame_line(line)) throw Y4mError("where a frame should begin there is something else");
  const auto wanted = static_cast<std::size_t>(y4m_frame_bytes(header_));
  frame.clear();
  while (frame.size() < wanted) {
    if (at_ < buffer_.size()) {
      const std::size_t count = std::min(wanted - frame.size(), buffer_.size() - at_);
      frame.append(buffer_, at_, count);
      at_ += count;
      continue;
    }
    const std::size_t had = frame.size();
    frame.resize(had + std::min(wanted - had, growth_bytes));
    const std::size_t got = source_(frame.data() + had, frame.size() - had);
    frame.resize(had + got);
    if (got == 0) throw Y4mError("it ends in the middle of a frame");
  }
  return true;
}

/// False: the stream ended before the line began.
bool Y4mReader::read_line(std::string& line) {
  line.clear();
  for (;;) {
    if (at_ == buffer_.size() && !fill()) {
      if (line.empty()) return false;
      throw Y4mError("it ends in the middle of a line");
    }
    const std::size_t end = std::min(buffer_.find('\n', at_), buffer_.size());
    line.append(buffer_, at_, end - at_);
    at_ = end;
    if (line.size() > y4m_max_line) throw Y4mError("it is no y4m stream: a line is too long");
    if (end == buffer_.size()) continue;
    ++at_;
    return true;
  }
}

bool Y4mReader::fill() {
  buffer_.resize(buffer_bytes);
  at_ = 0;
  buffer_.resize(source_(buffer_.data(), buffer_.size()));
  return !buffer_.empty();
}

}  // namespace mmapvideo::tools
