// SPDX-License-Identifier: MIT
// An inspected file as text for people and as JSON for programs.
#include "report.hpp"

#include <algorithm>
#include <geometry.hpp>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>

namespace mmapvideo::tools {
namespace {

using nlohmann::ordered_json;

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

std::string hex(std::uint64_t value) {
  std::ostringstream text;
  text << std::hex << std::setw(16) << std::setfill('0') << value;
  return text.str();
}

std::string hex(const std::uint8_t (&bytes)[16]) {
  std::ostringstream text;
  for (const unsigned byte : bytes) text << std::hex << std::setw(2) << std::setfill('0') << byte;
  return text.str();
}

std::string mebibytes(std::uint64_t bytes) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(1) << static_cast<double>(bytes) / (1 << 20) << " MiB";
  return text.str();
}

/// Text of a file is hostile: control characters would reach the terminal. Not only validated
/// copies are shown, so a missing NUL must not matter either.
std::string printable(std::string_view text) {
  std::string safe(text.substr(0, text.find('\0')));
  for (char& c : safe)
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) c = '?';
  return safe;
}

template <std::size_t N>
std::string printable(const char (&text)[N]) {
  return printable(std::string_view(text, N));
}

/// How long ago the newest frame was published, in nanoseconds; -1 if that cannot be known.
std::int64_t age_ns(const core::Inspection& file) {
  if (!file.newest_slot || !file.clock_comparable) return -1;
  return static_cast<std::int64_t>(core::inspection_clock_ns() -
                                   file.newest_slot->info.publish_time_ns);
}

std::string writer_text(const core::Inspection& file) {
  const char* state = state_name(file.header.state);
  if (file.writer_alive)
    return std::string("alive, ") + state + ", process " +
           std::to_string(file.header.writer_process_id);
  if ((file.header.compatible_flags & MMAPVIDEO_COMPATIBLE_UNLOCKED) != 0)
    return std::string("unknown (no locks on this file system), ") + state;
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
  std::ostringstream text;
  text << "number " << file.newest_slot->number;
  if (const std::int64_t age = age_ns(file); age >= 0)
    text << ", published " << std::fixed << std::setprecision(3) << static_cast<double>(age) / 1e9
         << " s ago";
  return text.str();
}

std::string ring_text(const mmapvideo_ring& ring) {
  return std::to_string(ring.slot_count) + " slots of " + mebibytes(ring.slot_stride) +
         ", generation " + std::to_string(ring.generation);
}

ordered_json planes_json(const mmapvideo_frame_info& info) {
  ordered_json planes = ordered_json::array();
  for (std::uint32_t i = 0; i < info.plane_count; ++i) {
    const mmapvideo_plane& plane = info.planes[i];
    planes.push_back({{"offset", plane.offset},
                      {"stride", plane.stride},
                      {"row_bytes", plane.row_bytes},
                      {"rows", plane.rows}});
  }
  return planes;
}

ordered_json time_json(std::uint64_t value) {
  return value == MMAPVIDEO_NONE ? ordered_json(nullptr) : ordered_json(value);
}

ordered_json newest_json(const core::Inspection& file) {
  const mmapvideo_frame_info& info = file.newest_slot->info;
  return {{"number", file.newest_slot->number},
          {"session_id", hex(file.newest_slot->session_id)},
          {"format", printable(info.format)},
          {"width", info.width},
          {"height", info.height},
          {"fps_numerator", info.fps_numerator},
          {"fps_denominator", info.fps_denominator},
          {"pts_ns", time_json(info.pts_ns)},
          {"publish_time_ns", info.publish_time_ns},
          {"publish_wall_time_ns", info.publish_wall_time_ns},
          {"age_ns", age_ns(file) < 0 ? ordered_json(nullptr) : ordered_json(age_ns(file))},
          {"payload_bytes", info.payload_bytes},
          {"metadata_bytes", info.metadata_bytes},
          {"planes", planes_json(info)},
          {"caps", printable(file.newest_caps)}};
}

ordered_json ring_json(const mmapvideo_ring& ring) {
  return {{"generation", ring.generation},
          {"offset", ring.offset},
          {"slot_count", ring.slot_count},
          {"slot_stride", ring.slot_stride},
          {"payload_offset", ring.payload_offset},
          {"payload_capacity", ring.payload_capacity},
          {"metadata_capacity", ring.metadata_capacity},
          {"first_slot_id", ring.first_slot_id}};
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

ordered_json readers_json(const core::Inspection& file) {
  ordered_json readers = ordered_json::array();
  for (const mmapvideo_reader_info& reader : file.readers) {
    const bool lossless = reader.turn_number != 0;
    readers.push_back(
        {{"lane", reader.lane},
         {"attached", reader.attached != 0},
         {"leases", reader.lease_count},
         {"next_number", lossless ? ordered_json(reader.turn_number) : ordered_json()},
         {"lag", lossless ? ordered_json(reader.lag) : ordered_json()}});
  }
  return readers;
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

std::string info_text(const core::Inspection& file) {
  Lines lines;
  lines.add("file", printable(file.path) + ", " + mebibytes(file.file_bytes));
  if (!file.ready) {
    lines.add("state", file.writer_alive ? "being created" : "empty");
    return lines.text();
  }
  lines.add("writer", writer_text(file));
  lines.add("delivery", delivery_name(file.header.delivery));
  lines.add("readers", std::to_string(attached_count(file)));
  for (const mmapvideo_reader_info& reader : file.readers) lines.add("", reader_text(reader));
  if (file.newest_slot) {
    lines.add("format", format_text(file.newest_slot->info));
    lines.add("newest", newest_text(file));
  } else {
    lines.add("newest", file.header.head_number == 0
                            ? "no frame yet"
                            : "number " + std::to_string(file.header.head_number));
  }
  if (file.ring) lines.add("ring", ring_text(*file.ring));
  lines.add("session", std::to_string(file.header.session_count) + ", " +
                           std::to_string(file.header.frame_count) + " frames, " +
                           std::to_string(file.header.dropped_count) + " dropped, " +
                           std::to_string(file.header.wait_count) + " waited, " +
                           std::to_string(file.header.passed_over_count) + " passed over");
  if (file.newest_slot) lines.add("caps", printable(file.newest_caps));
  for (const std::string& finding : file.findings) lines.add("finding", finding);
  return lines.text();
}

std::string info_json(const core::Inspection& file) {
  ordered_json json = {{"path", file.path}, {"file_bytes", file.file_bytes}, {"ready", file.ready}};
  if (file.ready) {
    json["version"] = file.header.version;
    json["file_id"] = hex(file.header.file_id);
    json["state"] = state_name(file.header.state);
    json["writer_alive"] = file.writer_alive;
    json["writer_process_id"] = file.header.writer_process_id;
    json["clock_comparable"] = file.clock_comparable;
    json["session_id"] = hex(file.header.session_id);
    json["session_count"] = file.header.session_count;
    json["session_first_number"] = file.header.session_first_number;
    json["head_number"] = file.header.head_number;
    json["frame_count"] = file.header.frame_count;
    json["dropped_count"] = file.header.dropped_count;
    json["byte_count"] = file.header.byte_count;
    json["delivery"] = delivery_name(file.header.delivery);
    json["wait_count"] = file.header.wait_count;
    json["passed_over_count"] = file.header.passed_over_count;
    json["readers"] = readers_json(file);
    json["ring"] = file.ring ? ring_json(*file.ring) : ordered_json(nullptr);
    json["newest"] = file.newest_slot ? newest_json(file) : ordered_json(nullptr);
  }
  json["findings"] = file.findings;
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string check_text(const core::Inspection& file) {
  const std::string path = printable(file.path);
  if (file.findings.empty() && !file.ready) return path + ": not ready yet, no writer has begun\n";
  if (file.findings.empty())
    return path + ": fine, " + std::to_string(file.complete_slots) + " frames\n";
  std::string text;
  for (const std::string& finding : file.findings) text += path + ": " + finding + '\n';
  return text;
}

std::string check_json(const core::Inspection& file) {
  const ordered_json json = {{"path", file.path},
                             {"ok", file.findings.empty()},
                             {"complete_slots", file.complete_slots},
                             {"oldest_number", file.oldest_number},
                             {"findings", file.findings}};
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string error_json(const std::string& path, const std::string& status,
                       const std::string& message) {
  const ordered_json json = {
      {"path", path}, {"ok", false}, {"error", status}, {"message", message}};
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace mmapvideo::tools
