// SPDX-License-Identifier: MIT
// The kinds of metadata records (SPEC.md 3.7), each with how its meta is written and read.
#include "meta_kinds.hpp"

#include <gst/video/video.h>

#include <cstring>
#include <memory>
#include <vector>

#include "value_codec.hpp"

namespace gstmmap {
namespace {

struct DateTimeUnref {
  void operator()(GDateTime* time) const { g_date_time_unref(time); }
};
using OwnedDateTime = std::unique_ptr<GDateTime, DateTimeUnref>;
struct CapsUnref {
  void operator()(GstCaps* caps) const { gst_caps_unref(caps); }
};
using OwnedCaps = std::unique_ptr<GstCaps, CapsUnref>;

template <typename Meta>
const Meta& as(const GstMeta* meta) {
  return *reinterpret_cast<const Meta*>(meta);
}

// ---- video-crop -------------------------------------------------------------------------------

bool write_crop(ByteWriter& out, const GstMeta* meta) {
  const auto& crop = as<GstVideoCropMeta>(meta);
  for (guint number : {crop.x, crop.y, crop.width, crop.height}) out.u32(number);
  return true;
}

void read_crop(ByteReader& in, GstBuffer* buffer) {
  guint number[4];
  for (guint& one : number) one = in.u32();
  in.require_end();
  auto* crop = reinterpret_cast<GstVideoCropMeta*>(
      gst_buffer_add_meta(buffer, GST_VIDEO_CROP_META_INFO, nullptr));
  crop->x = number[0];
  crop->y = number[1];
  crop->width = number[2];
  crop->height = number[3];
}

// ---- region-of-interest -----------------------------------------------------------------------

/// Of the parameters only what means something in this process alone is left out.
bool write_region(ByteWriter& out, const GstMeta* meta) {
  const auto& region = as<GstVideoRegionOfInterestMeta>(meta);
  const char* const type = g_quark_to_string(region.roi_type);
  out.number(region.id);
  out.number(region.parent_id);
  for (guint number : {region.x, region.y, region.w, region.h}) out.u32(number);
  out.text(type != nullptr ? type : "");
  out.u32(g_list_length(region.params));
  for (const GList* param = region.params; param != nullptr; param = param->next)
    write_structure(out, static_cast<const GstStructure*>(param->data));
  return true;
}

void read_region(ByteReader& in, GstBuffer* buffer) {
  const gint id = in.i32();
  const gint parent_id = in.i32();
  guint number[4];
  for (guint& one : number) one = in.u32();
  const std::string type = in.text();
  std::vector<OwnedStructure> params;
  for (std::uint32_t left = in.u32(); left > 0; --left) params.push_back(read_structure(in));
  in.require_end();
  const GQuark quark = type.empty() ? 0 : quark_of_name(type);
  GstVideoRegionOfInterestMeta* const region = gst_buffer_add_video_region_of_interest_meta_id(
      buffer, quark, number[0], number[1], number[2], number[3]);
  region->id = id;
  region->parent_id = parent_id;
  for (OwnedStructure& param : params)
    gst_video_region_of_interest_meta_add_param(region, param.release());
}

// ---- timecode ---------------------------------------------------------------------------------

bool write_timecode(ByteWriter& out, const GstMeta* meta) {
  const GstVideoTimeCode& code = as<GstVideoTimeCodeMeta>(meta).tc;
  const GstVideoTimeCodeConfig& config = code.config;
  for (guint number : {config.fps_n, config.fps_d, static_cast<guint>(config.flags), code.hours,
                       code.minutes, code.seconds, code.frames, code.field_count})
    out.u32(number);
  gchar* const jam = config.latest_daily_jam != nullptr
                         ? g_date_time_format_iso8601(config.latest_daily_jam)
                         : nullptr;
  out.text(jam != nullptr ? jam : "");
  g_free(jam);
  return true;
}

OwnedDateTime read_daily_jam(const std::string& text) {
  if (text.empty()) return nullptr;
  OwnedDateTime jam(g_date_time_new_from_iso8601(text.c_str(), nullptr));
  if (!jam) throw Malformed("a daily jam that is no time");
  return jam;
}

void read_timecode(ByteReader& in, GstBuffer* buffer) {
  guint number[8];
  for (guint& one : number) one = in.u32();
  const OwnedDateTime jam = read_daily_jam(in.text());
  in.require_end();
  constexpr guint known_flags =
      GST_VIDEO_TIME_CODE_FLAGS_DROP_FRAME | GST_VIDEO_TIME_CODE_FLAGS_INTERLACED;
  if (number[1] == 0 || (number[2] & ~known_flags) != 0) throw Malformed("no timecode");
  GstVideoTimeCode code{};
  gst_video_time_code_init(&code, number[0], number[1], jam.get(),
                           static_cast<GstVideoTimeCodeFlags>(number[2]), number[3], number[4],
                           number[5], number[6], number[7]);
  const bool added = gst_video_time_code_is_valid(&code) &&
                     gst_buffer_add_video_time_code_meta(buffer, &code) != nullptr;
  gst_video_time_code_clear(&code);
  if (!added) throw Malformed("no timecode");
}

// ---- caption ----------------------------------------------------------------------------------

bool write_caption(ByteWriter& out, const GstMeta* meta) {
  const auto& caption = as<GstVideoCaptionMeta>(meta);
  out.u32(static_cast<std::uint64_t>(caption.caption_type));
  out.bytes(caption.data, caption.size);
  return true;
}

void read_caption(ByteReader& in, GstBuffer* buffer) {
  const std::uint32_t type = in.u32();
  const std::span<const char> bytes = in.bytes();
  in.require_end();
  if (type < GST_VIDEO_CAPTION_TYPE_CEA608_RAW || type > GST_VIDEO_CAPTION_TYPE_CEA708_CDP ||
      bytes.empty())
    throw Malformed("no caption");
  gst_buffer_add_video_caption_meta(buffer, static_cast<GstVideoCaptionType>(type),
                                    reinterpret_cast<const guint8*>(bytes.data()), bytes.size());
}

// ---- reference-timestamp ----------------------------------------------------------------------

/// Caps that name a clock are one structure without features.
bool write_reference_timestamp(ByteWriter& out, const GstMeta* meta) {
  const auto& reference = as<GstReferenceTimestampMeta>(meta);
  if (gst_caps_get_size(reference.reference) != 1 || gst_caps_is_any(reference.reference))
    return false;
  out.number(static_cast<std::uint64_t>(reference.timestamp));
  out.number(static_cast<std::uint64_t>(reference.duration));
  return write_structure(out, gst_caps_get_structure(reference.reference, 0));
}

void read_reference_timestamp(ByteReader& in, GstBuffer* buffer) {
  const GstClockTime time_ns = in.u64();
  const GstClockTime duration_ns = in.u64();
  OwnedStructure structure = read_structure(in);
  in.require_end();
  if (time_ns == GST_CLOCK_TIME_NONE) throw Malformed("no time");
  const OwnedCaps caps(gst_caps_new_full(structure.release(), nullptr));
  gst_buffer_add_reference_timestamp_meta(buffer, caps.get(), time_ns, duration_ns);
}

// ---- afd, bar ---------------------------------------------------------------------------------

bool write_afd(ByteWriter& out, const GstMeta* meta) {
  const auto& afd = as<GstVideoAFDMeta>(meta);
  out.u32(afd.field);
  out.u32(static_cast<std::uint64_t>(afd.spec));
  out.u32(static_cast<std::uint64_t>(afd.afd));
  return true;
}

/// The standards leave the other values undefined, and one of them the value "unavailable".
bool is_afd(std::uint32_t specification, std::uint32_t value) {
  return specification <= GST_VIDEO_AFD_SPEC_SMPTE_ST2016_1 &&
         value <= GST_VIDEO_AFD_16_9_LETTER_4_3_CENTER && value != 1 && (value < 5 || value > 7) &&
         value != 12 &&
         (value != GST_VIDEO_AFD_UNAVAILABLE || specification != GST_VIDEO_AFD_SPEC_DVB_ETSI);
}

void read_afd(ByteReader& in, GstBuffer* buffer) {
  const std::uint32_t field = in.u32();
  const std::uint32_t specification = in.u32();
  const std::uint32_t value = in.u32();
  in.require_end();
  if (field > 1 || !is_afd(specification, value)) throw Malformed("no active format description");
  gst_buffer_add_video_afd_meta(buffer, static_cast<guint8>(field),
                                static_cast<GstVideoAFDSpec>(specification),
                                static_cast<GstVideoAFDValue>(value));
}

bool write_bar(ByteWriter& out, const GstMeta* meta) {
  const auto& bar = as<GstVideoBarMeta>(meta);
  out.u32(bar.field);
  out.u32(bar.is_letterbox != FALSE);
  out.u32(bar.bar_data1);
  out.u32(bar.bar_data2);
  return true;
}

void read_bar(ByteReader& in, GstBuffer* buffer) {
  const std::uint32_t field = in.u32();
  const std::uint32_t is_letterbox = in.u32();
  const std::uint32_t first = in.u32();
  const std::uint32_t second = in.u32();
  in.require_end();
  if (field > 1) throw Malformed("no bars");
  gst_buffer_add_video_bar_meta(buffer, static_cast<guint8>(field), is_letterbox != 0, first,
                                second);
}

const MetaKind kinds[] = {
    {"video-crop", gst_video_crop_meta_api_get_type, write_crop, read_crop},
    {"region-of-interest", gst_video_region_of_interest_meta_api_get_type, write_region,
     read_region},
    {"timecode", gst_video_time_code_meta_api_get_type, write_timecode, read_timecode},
    {"caption", gst_video_caption_meta_api_get_type, write_caption, read_caption},
    {"reference-timestamp", gst_reference_timestamp_meta_api_get_type, write_reference_timestamp,
     read_reference_timestamp},
    {"afd", gst_video_afd_meta_api_get_type, write_afd, read_afd},
    {"bar", gst_video_bar_meta_api_get_type, write_bar, read_bar},
    {"overlay", gst_video_overlay_composition_meta_api_get_type, write_overlay_meta,
     read_overlay_meta},
};

}  // namespace

const MetaKind* find_meta_kind(GType api) {
  for (const MetaKind& kind : kinds)
    if (kind.api() == api) return &kind;
  return nullptr;
}

const MetaKind* find_meta_kind(const char* kind) {
  for (const MetaKind& known : kinds)
    if (std::strcmp(known.kind, kind) == 0) return &known;
  return nullptr;
}

// ---- custom -----------------------------------------------------------------------------------

bool write_custom_meta(ByteWriter& out, const GstMeta* meta) {
  // GStreamer asks for a pointer to something that it does not change.
  auto* custom = const_cast<GstCustomMeta*>(&as<GstCustomMeta>(meta));
  return write_structure(out, gst_custom_meta_get_structure(custom));
}

/// A custom meta exists for those who have registered its name, as everywhere in GStreamer.
void read_custom_meta(ByteReader& in, GstBuffer* buffer) {
  const OwnedStructure structure = read_structure(in);
  in.require_end();
  const char* const name = gst_structure_get_name(structure.get());
  const GstMetaInfo* const info = gst_meta_get_info(name);
  if (info == nullptr || !gst_meta_info_is_custom(info)) throw Malformed("not a registered meta");
  GstCustomMeta* const meta = gst_buffer_add_custom_meta(buffer, name);
  gst_structure_foreach(
      structure.get(),
      [](GQuark field, const GValue* value, gpointer to) -> gboolean {
        gst_structure_id_set_value(static_cast<GstStructure*>(to), field, value);
        return TRUE;
      },
      gst_custom_meta_get_structure(meta));
}

}  // namespace gstmmap
