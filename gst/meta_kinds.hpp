// SPDX-License-Identifier: MIT
// The kinds of metadata records (SPEC.md 3.7), each with how its meta is written and read.
#pragma once

#include <gst/gst.h>

#include "byte_cursor.hpp"

namespace gstmmap {

inline constexpr const char* kind_custom = "custom";
inline constexpr const char* kind_gst_meta = "gst-meta";
inline constexpr const char* kind_tags = "tags";
inline constexpr const char* kind_event = "event";
inline constexpr std::uint32_t kind_version = 1;

/// One meta of GStreamer that has a record of its own.
struct MetaKind {
  const char* kind;
  GType (*api)();
  /// Appends the content. False: this one cannot be written.
  bool (*write)(ByteWriter& out, const GstMeta* meta);
  /// Adds the meta to `buffer`. Throws Malformed.
  void (*read)(ByteReader& in, GstBuffer* buffer);
};

/// The kind for metas of this API, or NULL.
const MetaKind* find_meta_kind(GType api);
/// The kind of this name, or NULL.
const MetaKind* find_meta_kind(const char* kind);

/// The two halves of `custom`; the meta's name is its structure's.
bool write_custom_meta(ByteWriter& out, const GstMeta* meta);
void read_custom_meta(ByteReader& in, GstBuffer* buffer);

/// The two halves of `overlay`.
bool write_overlay_meta(ByteWriter& out, const GstMeta* meta);
void read_overlay_meta(ByteReader& in, GstBuffer* buffer);

/// What GStreamer itself can write, 1.24 and newer; before that nothing.
bool write_other_meta(ByteWriter& out, const GstMeta* meta);
void read_other_meta(ByteReader& in, GstBuffer* buffer);

}  // namespace gstmmap
