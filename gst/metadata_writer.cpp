// SPDX-License-Identifier: MIT
// What travels with a frame besides its pixels, as metadata of the file (SPEC.md 3.7).
#include "metadata_writer.hpp"

#include <gst/video/video.h>

#include <mmapvideo/mmapvideo.hpp>
#include <utility>

#include "meta_kinds.hpp"
#include "value_codec.hpp"

GST_DEBUG_CATEGORY_EXTERN(gst_mmap_sink_debug);
#define GST_CAT_DEFAULT gst_mmap_sink_debug

namespace gstmmap {
namespace {

// A sticky record up to this size goes with every frame, a longer one with the next frame only.
constexpr std::size_t max_repeated_bytes = 4096;
constexpr std::size_t max_sticky_records = 16;

/// Appends a record whose content `write` appends. False: it could not, and nothing was appended.
template <typename Write>
bool append_record(std::string& bytes, const char* kind, Write write) {
  ByteWriter out(bytes);
  const std::size_t begin = out.position();
  mmapvideo_metadata_record record{};
  record.version = kind_version;
  g_strlcpy(record.kind, kind, sizeof record.kind);
  bytes.append(reinterpret_cast<const char*>(&record), sizeof record);
  if (!write(out) || bytes.size() > MMAPVIDEO_MAX_METADATA_BYTES) {
    out.rewind(begin);
    return false;
  }
  out.set_u32(begin + offsetof(mmapvideo_metadata_record, record_bytes), bytes.size() - begin);
  return true;
}

void append_header(std::string& bytes) {
  const mmapvideo_metadata_header header{MMAPVIDEO_METADATA_MAGIC, MMAPVIDEO_METADATA_VERSION, 0};
  bytes.append(reinterpret_cast<const char*>(&header), sizeof header);
}

/// What belongs to the buffer's memory or its pool means nothing beside other memory; planes are
/// described with the frame.
bool stays_behind(const GstMeta* meta) {
  static const GQuark memory_reference = g_quark_from_static_string("memory-reference");
  const GType api = meta->info->api;
  return (meta->flags & GST_META_FLAG_POOLED) != 0 || api == GST_VIDEO_META_API_TYPE ||
         api == GST_PARENT_BUFFER_META_API_TYPE ||
         gst_meta_api_type_has_tag(api, GST_META_TAG_MEMORY) ||
         gst_meta_api_type_has_tag(api, memory_reference);
}

/// A request for a key frame carries times of this pipeline, and is for an encoder in it.
bool is_of_this_pipeline(const GstStructure* structure) {
  return gst_structure_has_name(structure, "GstForceKeyUnit");
}

struct TagsWriter {
  ByteWriter& out;
  guint written = 0;
};

/// One field, always a list. Values without a written form, as pictures are, are left out with the
/// other values of their tag.
void write_tag(const GstTagList* tags, const gchar* tag, gpointer data) {
  TagsWriter& writer = *static_cast<TagsWriter*>(data);
  const std::size_t begin = writer.out.position();
  writer.out.text(tag);
  GValue values = G_VALUE_INIT;
  gst_value_list_init(&values, gst_tag_list_get_tag_size(tags, tag));
  for (guint i = 0; i < gst_tag_list_get_tag_size(tags, tag); ++i)
    gst_value_list_append_value(&values, gst_tag_list_get_value_index(tags, tag, i));
  if (write_value(writer.out, &values))
    ++writer.written;
  else
    writer.out.rewind(begin);
  g_value_unset(&values);
}

bool write_tags(ByteWriter& out, GstTagList* tags) {
  out.u32(gst_tag_list_get_scope(tags) == GST_TAG_SCOPE_GLOBAL);
  out.text("taglist");
  const std::size_t count_at = out.position();
  out.u32(0);
  TagsWriter writer{out};
  gst_tag_list_foreach(tags, write_tag, &writer);
  out.set_u32(count_at, writer.written);
  return writer.written != 0;
}

}  // namespace

// ---- Events -----------------------------------------------------------------------------------

void MetadataWriter::note(GstEvent* event) {
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_STREAM_START:
      sticky_.clear();
      return;
    case GST_EVENT_FLUSH_STOP:
      once_.clear();
      events_once_ = 0;
      return;
    case GST_EVENT_TAG:
      return note_tags(event);
    case GST_EVENT_CUSTOM_DOWNSTREAM:
      return note_custom(event, false);
    case GST_EVENT_CUSTOM_DOWNSTREAM_STICKY:
      return note_custom(event, true);
    default:
      return;
  }
}

void MetadataWriter::note_tags(GstEvent* event) {
  GstTagList* tags = nullptr;
  gst_event_parse_tag(event, &tags);
  std::string record;
  if (!append_record(record, kind_tags, [&](ByteWriter& out) { return write_tags(out, tags); })) {
    ++dropped_;
    return;
  }
  const bool global = gst_tag_list_get_scope(tags) == GST_TAG_SCOPE_GLOBAL;
  add(global ? "tags global" : "tags stream", std::move(record));
}

void MetadataWriter::note_custom(GstEvent* event, bool is_sticky) {
  const GstStructure* const structure = gst_event_get_structure(event);
  if (structure == nullptr || is_of_this_pipeline(structure)) return;
  std::string record;
  const auto write = [&](ByteWriter& out) {
    out.u32(is_sticky);
    return write_structure(out, structure);
  };
  if (!append_record(record, kind_event, write)) {
    GST_INFO("an event cannot leave this process: %" GST_PTR_FORMAT, static_cast<void*>(event));
    ++dropped_;
    return;
  }
  add(is_sticky ? std::string("event ") + gst_structure_get_name(structure) : std::string(),
      std::move(record));
}

/// `key` empty: for the next frame only.
void MetadataWriter::add(const std::string& key, std::string record) {
  const auto former = sticky_.find(key);
  if (former != sticky_.end()) sticky_.erase(former);
  if (!key.empty() && record.size() <= max_repeated_bytes && sticky_.size() < max_sticky_records) {
    sticky_.emplace(key, std::move(record));
    ++events_;
  } else if (once_.size() + record.size() <= MMAPVIDEO_MAX_METADATA_BYTES / 2) {
    once_ += record;
    ++events_once_;
  } else {
    ++dropped_;
  }
}

// ---- Frames -----------------------------------------------------------------------------------

std::string_view MetadataWriter::collect(GstBuffer* buffer) {
  bytes_.clear();
  metas_collected_ = metas_failed_ = 0;
  append_header(bytes_);
  for (const auto& [key, record] : sticky_) bytes_ += record;
  bytes_ += once_;
  append_metas(buffer);
  if (bytes_.size() == sizeof(mmapvideo_metadata_header)) return {};
  return bytes_;
}

void MetadataWriter::append_metas(GstBuffer* buffer) {
  gpointer state = nullptr;
  while (GstMeta* const meta = gst_buffer_iterate_meta(buffer, &state)) {
    if (stays_behind(meta)) continue;
    if (append_meta(meta)) {
      ++metas_collected_;
    } else {
      GST_DEBUG("no record for a %s", g_type_name(meta->info->api));
      ++metas_failed_;
    }
  }
}

bool MetadataWriter::append_meta(GstMeta* meta) {
  if (gst_meta_info_is_custom(meta->info))
    return append_record(bytes_, kind_custom,
                         [&](ByteWriter& out) { return write_custom_meta(out, meta); });
  if (const MetaKind* const kind = find_meta_kind(meta->info->api))
    return append_record(bytes_, kind->kind,
                         [&](ByteWriter& out) { return kind->write(out, meta); });
  return append_record(bytes_, kind_gst_meta,
                       [&](ByteWriter& out) { return write_other_meta(out, meta); });
}

void MetadataWriter::sent(bool with_metadata) noexcept {
  dropped_ += metas_failed_ + (with_metadata ? 0 : metas_collected_ + events_once_);
  if (with_metadata) {
    metas_ += metas_collected_;
    events_ += events_once_;
  }
  once_.clear();
  events_once_ = 0;
}

MetadataWriter::Stats MetadataWriter::stats() const noexcept { return {metas_, dropped_, events_}; }

}  // namespace gstmmap
