// SPDX-License-Identifier: MIT
// Metadata of a frame (SPEC.md 3.7), which may be hostile, into metas of a buffer and events.
#include "metadata_reader.hpp"

#include <cstring>
#include <utility>

#include "meta_kinds.hpp"
#include "value_codec.hpp"

GST_DEBUG_CATEGORY_EXTERN(gst_mmap_src_debug);
#define GST_CAT_DEFAULT gst_mmap_src_debug

namespace gstmmap {
namespace {

// A file may have so many scopes and names of sticky records that are remembered.
constexpr std::size_t max_remembered = 64;

struct TagListUnref {
  void operator()(GstTagList* tags) const { gst_tag_list_unref(tags); }
};
using OwnedTagList = std::unique_ptr<GstTagList, TagListUnref>;

bool is_kind(const mmapvideo_record& record, const char* kind) {
  return std::strcmp(record.kind, kind) == 0;
}

ByteReader reader_of(const mmapvideo_record& record) {
  return {record.content, record.content_bytes};
}

/// GStreamer has no use for an empty text in tags, and says so.
bool is_tag_value(const char* tag, const GValue* value) {
  if (G_VALUE_TYPE(value) != gst_tag_get_type(tag)) return false;
  return !G_VALUE_HOLDS_STRING(value) ||
         (g_value_get_string(value) != nullptr && *g_value_get_string(value) != '\0');
}

/// Tags that this process does not know, or knows otherwise, are left out.
gboolean add_tag(GQuark field, const GValue* value, gpointer list) {
  auto* const tags = static_cast<GstTagList*>(list);
  const char* const tag = g_quark_to_string(field);
  if (!gst_tag_exists(tag)) return TRUE;
  const bool several = GST_VALUE_HOLDS_LIST(value);
  const guint count = several ? gst_value_list_get_size(value) : 1;
  for (guint i = 0; i < count; ++i) {
    const GValue* const one = several ? gst_value_list_get_value(value, i) : value;
    if (is_tag_value(tag, one)) gst_tag_list_add_value(tags, GST_TAG_MERGE_APPEND, tag, one);
  }
  return TRUE;
}

void read_meta(const mmapvideo_record& record, GstBuffer* buffer) {
  ByteReader in = reader_of(record);
  if (const MetaKind* const kind = find_meta_kind(record.kind)) return kind->read(in, buffer);
  if (is_kind(record, kind_custom)) return read_custom_meta(in, buffer);
  if (is_kind(record, kind_gst_meta)) return read_other_meta(in, buffer);
  throw Malformed("of an unknown kind");
}

}  // namespace

void MetadataReader::attach(const void* metadata, std::uint64_t bytes, GstBuffer* buffer) {
  if (bytes == 0) return;
  mmapvideo_record record{};
  std::uint64_t position = 0;
  mmapvideo::Status status = MMAPVIDEO_OK;
  while (mmapvideo::next_record(metadata, bytes, position, record, &status)) {
    try {
      use(record, buffer);
    } catch (const Malformed& problem) {
      GST_DEBUG("a record %s cannot be used: %s", record.kind, problem.what());
      ++dropped_;
    }
  }
  if (status == MMAPVIDEO_ENDED) return;
  GST_DEBUG("metadata cannot be used: %s", mmapvideo_status_name(status));
  ++dropped_;
}

void MetadataReader::use(const mmapvideo_record& record, GstBuffer* buffer) {
  if (record.version != kind_version) throw Malformed("of an unknown version");
  if (is_kind(record, kind_tags)) return read_tags(record);
  if (is_kind(record, kind_event)) return read_event(record);
  read_meta(record, buffer);
  ++metas_;
}

/// False: downstream has it already.
bool MetadataReader::is_news(const std::string& key, const mmapvideo_record& record) {
  const std::string_view content(static_cast<const char*>(record.content), record.content_bytes);
  const auto known = seen_.find(key);
  if (known != seen_.end() && known->second == content) return false;
  if (known == seen_.end() && seen_.size() >= max_remembered) seen_.clear();
  seen_.insert_or_assign(key, std::string(content));
  return true;
}

void MetadataReader::read_tags(const mmapvideo_record& record) {
  ByteReader in = reader_of(record);
  const bool global = in.u32() == 1;
  if (!is_news(global ? "tags global" : "tags stream", record)) return;
  const OwnedStructure structure = read_structure(in);
  in.require_end();
  OwnedTagList tags(gst_tag_list_new_empty());
  gst_tag_list_set_scope(tags.get(), global ? GST_TAG_SCOPE_GLOBAL : GST_TAG_SCOPE_STREAM);
  gst_structure_foreach(structure.get(), add_tag, tags.get());
  if (gst_tag_list_is_empty(tags.get())) throw Malformed("no tag that is known here");
  events_out_.emplace_back(gst_event_new_tag(tags.release()));
  ++events_;
}

void MetadataReader::read_event(const mmapvideo_record& record) {
  ByteReader in = reader_of(record);
  const bool is_sticky = in.u32() == 1;
  // Known by its content, which begins with the name, before it is taken apart.
  ByteReader ahead = in;
  if (is_sticky && !is_news("event " + ahead.text(), record)) return;
  OwnedStructure structure = read_structure(in);
  in.require_end();
  const GstEventType type =
      is_sticky ? GST_EVENT_CUSTOM_DOWNSTREAM_STICKY : GST_EVENT_CUSTOM_DOWNSTREAM;
  events_out_.emplace_back(gst_event_new_custom(type, structure.release()));
  ++events_;
}

}  // namespace gstmmap
