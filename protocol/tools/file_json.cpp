// SPDX-License-Identifier: MIT
// An inspected file as JSON for programs.
#include "file_json.hpp"

#include "file_text.hpp"
#include "text.hpp"

namespace mmapvideo::tools {
namespace {

using nlohmann::ordered_json;

template <typename Value>
ordered_json or_null(const std::optional<Value>& value) {
  return value ? ordered_json(*value) : ordered_json(nullptr);
}

ordered_json time_json(std::uint64_t value) {
  return value == MMAPVIDEO_NONE ? ordered_json(nullptr) : ordered_json(value);
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

ordered_json newest_json(const core::Inspection& file) {
  const mmapvideo_frame_info& info = file.newest_slot->info;
  return {{"number", file.newest_slot->number},
          {"session_id", hex(file.newest_slot->session_id)},
          {"format", printable(info.format)},
          {"width", info.width},
          {"height", info.height},
          {"fps_numerator", info.fps_numerator},
          {"fps_denominator", info.fps_denominator},
          {"colorimetry", printable(info.colorimetry)},
          {"chroma_site", printable(info.chroma_site)},
          {"pts_ns", time_json(info.pts_ns)},
          {"publish_time_ns", info.publish_time_ns},
          {"publish_wall_time_ns", info.publish_wall_time_ns},
          {"age_ns", or_null(age_ns(file))},
          {"payload_bytes", info.payload_bytes},
          {"metadata_bytes", info.metadata_bytes},
          {"metadata", file.newest_metadata},
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

}  // namespace

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

ordered_json info_json(const core::Inspection& file) {
  ordered_json json = {{"path", file.path},
                       {"file_bytes", file.file_bytes},
                       {"ready", file.ready},
                       {"writer", writer_word(file)}};
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
    json["average_fps"] = or_null(average_rate(file));
    json["delivery"] = delivery_name(file.header.delivery);
    json["wait_count"] = file.header.wait_count;
    json["passed_over_count"] = file.header.passed_over_count;
    json["readers"] = readers_json(file);
    json["ring"] = file.ring ? ring_json(*file.ring) : ordered_json(nullptr);
    json["newest"] = file.newest_slot ? newest_json(file) : ordered_json(nullptr);
  }
  json["findings"] = file.findings;
  json["leftovers"] = file.leftovers;
  return json;
}

ordered_json check_json(const core::Inspection& file) {
  return {{"path", file.path},
          {"ok", is_clean(file)},
          {"complete_slots", file.complete_slots},
          {"oldest_number", file.oldest_number},
          {"findings", file.findings},
          {"leftovers", file.leftovers}};
}

ordered_json error_json(const std::string& path, const std::string& status,
                        const std::string& message) {
  return {{"path", path}, {"ok", false}, {"error", status}, {"message", message}};
}

}  // namespace mmapvideo::tools
