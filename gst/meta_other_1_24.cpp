// SPDX-License-Identifier: MIT
// Metas without a kind of their own, as GStreamer 1.24 and newer write and read them.
#include <gst/video/video.h>

#include <memory>

#include "meta_kinds.hpp"

namespace gstmmap {
namespace {

struct ArrayUnref {
  void operator()(GByteArray* array) const { g_byte_array_unref(array); }
};
using OwnedArray = std::unique_ptr<GByteArray, ArrayUnref>;

/// GStreamer's form begins with its whole length, the length of the meta's name, that name and a
/// NUL, and a version. It believes these numbers, so they are looked at before.
std::string name_in(std::span<const char> bytes) {
  ByteReader in(bytes.data(), bytes.size());
  if (in.u32() != bytes.size()) throw Malformed("a meta of another length");
  const std::span<const char> name = in.bytes();
  if (in.number<char>() != '\0') throw Malformed("a meta without a name");
  in.number<std::uint8_t>();
  return {name.data(), name.size()};
}

/// What has a kind of its own does not come this way: it was read with more care. A GstVideoMeta
/// would say where the planes are, which nobody had checked.
bool may_come_this_way(const GstMetaInfo* info) {
  return info != nullptr && info->deserialize_func != nullptr && !gst_meta_info_is_custom(info) &&
         find_meta_kind(info->api) == nullptr && info->api != GST_VIDEO_META_API_TYPE &&
         info->api != GST_PARENT_BUFFER_META_API_TYPE;
}

}  // namespace

bool write_other_meta(ByteWriter& out, const GstMeta* meta) {
  const OwnedArray array(g_byte_array_new());
  if (!gst_meta_serialize_simple(meta, array.get())) return false;
  out.bytes(array->data, array->len);
  return true;
}

void read_other_meta(ByteReader& in, GstBuffer* buffer) {
  const std::span<const char> bytes = in.bytes();
  in.require_end();
  const std::string name = name_in(bytes);
  if (!may_come_this_way(gst_meta_get_info(name.c_str()))) throw Malformed("no such meta");
  guint32 consumed = 0;
  if (gst_meta_deserialize(buffer, reinterpret_cast<const guint8*>(bytes.data()), bytes.size(),
                           &consumed) == nullptr)
    throw Malformed("a meta that GStreamer refuses");
}

}  // namespace gstmmap
