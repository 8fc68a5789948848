// SPDX-License-Identifier: MIT
// An inspected file in words.
#include "file_text.hpp"

#include <algorithm>
#include <iomanip>
#include <sstream>

#include "text.hpp"

namespace mmapvideo::tools {
namespace {

bool is_unlocked(const core::Inspection& file) {
  return (file.header.compatible_flags & MMAPVIDEO_COMPATIBLE_UNLOCKED) != 0;
}

std::string writer_text(const core::Inspection& file) {
  const char* state = state_name(file.header.state);
  if (file.writer_alive)
    return std::string("alive, ") + state + ", process " +
           std::to_string(file.header.writer_process_id);
  if (is_unlocked(file)) return std::string("unknown (no locks on this file system), ") + state;
  return file.header.state == MMAPVIDEO_STATE_ENDED ? "gone, ended cleanly"
                                                    : "gone without ending (crashed or killed)";
}

std::string format_text(const mmapvideo_frame_info& info) {
  std::ostringstream text;
  text << printable(info.format) << ' ' << info.width << 'x' << info.height;
  if (info.fps_numerator == 0)
    text << ", variable rate";
  else
    text << ", " << info.fps_numerator << '/' << info.fps_denominator << " fps";
  return text.str();
}

std::string newest_text(const core::Inspection& file) {
  if (!file.newest_slot)
    return file.header.head_number == 0 ? "no frame yet"
                                        : "number " + std::to_string(file.header.head_number);
  std::ostringstream text;
  text << "number " << file.newest_slot->number;
  if (const auto age = age_ns(file))
    text << ", published " << std::fixed << std::setprecision(3) << static_cast<double>(*age) / 1e9
         << " s ago";
  return text.str();
}

std::string ring_text(const mmapvideo_ring& ring) {
  return std::to_string(ring.slot_count) + " slots of " + mebibytes(ring.slot_stride) +
         ", generation " + std::to_string(ring.generation);
}

std::string session_text(const mmapvideo_file_header& header) {
  return std::to_string(header.session_count) + ", " + std::to_string(header.frame_count) +
         " frames, " + std::to_string(header.dropped_count) + " dropped, " +
         std::to_string(header.wait_count) + " waited, " +
         std::to_string(header.passed_over_count) + " passed over";
}

class Lines {
 public:
  void add(const char* name, const std::string& value) {
    text_ << std::left << std::setw(9) << name << value << '\n';
  }
  std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
};

}  // namespace

const char* state_name(std::uint32_t state) {
  switch (state) {
    case MMAPVIDEO_STATE_FORMING:
      return "forming";
    case MMAPVIDEO_STATE_EMPTY:
      return "empty";
    case MMAPVIDEO_STATE_STREAMING:
      return "streaming";
    case MMAPVIDEO_STATE_ENDED:
      return "ended";
  }
  return "invalid";
}

const char* delivery_name(std::uint32_t delivery) {
  switch (delivery) {
    case MMAPVIDEO_DELIVERY_LATEST:
      return "latest";
    case MMAPVIDEO_DELIVERY_EVERY_FRAME:
      return "every-frame";
    case MMAPVIDEO_DELIVERY_ACKNOWLEDGED:
      return "acknowledged";
  }
  return "unknown";
}

const char* writer_word(const core::Inspection& file) {
  if (!file.findings.empty()) return "broken";
  if (file.writer_alive) return file.ready ? "alive" : "starting";
  if (!file.ready) return "crashed";
  if (file.header.state == MMAPVIDEO_STATE_ENDED) return "ended";
  return is_unlocked(file) ? "unknown" : "crashed";
}

std::string nominal_rate_text(const mmapvideo_frame_info& info) {
  if (info.fps_numerator == 0 || info.fps_denominator == 0) return "variable";
  return rate_text(static_cast<double>(info.fps_numerator) / info.fps_denominator);
}

std::string reader_text(const mmapvideo_reader_info& reader) {
  std::ostringstream text;
  // Lane 0 is no reader's (SPEC.md 7.3).
  if (reader.lane == 0)
    text << "slots that a former writer's user still has: " << reader.lease_count;
  else
    text << std::hex << std::setw(8) << std::setfill('0') << reader.lane << std::dec
         << (reader.attached != 0 ? "" : ", detached") << ", leases " << reader.lease_count;
  if (reader.turn_number != 0)
    text << ", next frame " << reader.turn_number << ", " << reader.lag << " behind";
  return text.str();
}

std::size_t attached_count(const core::Inspection& file) {
  return static_cast<std::size_t>(
      std::count_if(file.readers.begin(), file.readers.end(),
                    [](const mmapvideo_reader_info& reader) { return reader.attached != 0; }));
}

std::optional<std::uint64_t> age_ns(const core::Inspection& file) {
  if (!file.newest_slot || !file.clock_comparable) return std::nullopt;
  const std::uint64_t now_ns = core::inspection_clock_ns();
  const std::uint64_t then_ns = file.newest_slot->info.publish_time_ns;
  return now_ns > then_ns ? now_ns - then_ns : 0;
}

std::optional<double> average_rate(const core::Inspection& file) {
  if (!file.newest_slot || file.header.frame_count < 2 ||
      file.newest_slot->session_id != file.header.session_id)
    return std::nullopt;
  const std::uint64_t newest_ns = file.newest_slot->info.publish_time_ns;
  if (newest_ns <= file.header.session_start_time_ns) return std::nullopt;
  return static_cast<double>(file.header.frame_count) * 1e9 /
         static_cast<double>(newest_ns - file.header.session_start_time_ns);
}

std::string info_text(const core::Inspection& file) {
  Lines lines;
  lines.add("file", printable_path(file.path) + ", " + mebibytes(file.file_bytes));
  if (!file.ready) {
    lines.add("state", file.writer_alive ? "being created" : "empty");
    return lines.text();
  }
  lines.add("writer", writer_text(file));
  lines.add("delivery", delivery_name(file.header.delivery));
  lines.add("readers", std::to_string(attached_count(file)));
  for (const mmapvideo_reader_info& reader : file.readers) lines.add("", reader_text(reader));
  if (file.newest_slot) lines.add("format", format_text(file.newest_slot->info));
  lines.add("newest", newest_text(file));
  if (file.ring) lines.add("ring", ring_text(*file.ring));
  lines.add("session", session_text(file.header));
  if (file.newest_slot) lines.add("caps", printable(file.newest_caps));
  if (!file.newest_metadata.empty())
    lines.add("metadata", std::to_string(file.newest_slot->info.metadata_bytes) +
                              " bytes: " + file.newest_metadata);
  for (const std::string& finding : file.findings) lines.add("finding", finding);
  for (const std::string& leftover : file.leftovers) lines.add("left over", leftover);
  return lines.text();
}

bool is_clean(const core::Inspection& file) {
  return file.findings.empty() && file.leftovers.empty();
}

std::string check_text(const core::Inspection& file) {
  const std::string path = printable_path(file.path);
  if (is_clean(file) && !file.ready) return path + ": not ready yet, no writer has begun\n";
  if (is_clean(file)) return path + ": fine, " + std::to_string(file.complete_slots) + " frames\n";
  std::ostringstream text;
  for (const std::string& finding : file.findings) text << path << ": " << finding << '\n';
  for (const std::string& leftover : file.leftovers)
    text << path << ": " << leftover << "; the next writer repairs it\n";
  return text.str();
}

}  // namespace mmapvideo::tools
