// SPDX-License-Identifier: MIT
// Metas without a kind of their own in the file: whatever GStreamer 1.24 and newer can write down
// goes to the reader.
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "metas.hpp"
#include "support/file_test.hpp"

namespace mmapvideo_test {
namespace {

/// A meta of an application: GStreamer knows it by this registration only.
struct Dial {
  GstMeta meta;
  guint32 angle;
};
constexpr guint32 unwritable = 360;  // from here on
constexpr guint32 unreadable = 270;

GType dial_api() {
  static const gchar* no_tags[] = {nullptr};
  static const GType api = gst_meta_api_type_register("MmapTestDialAPI", no_tags);
  return api;
}

gboolean init_dial(GstMeta* meta, gpointer, GstBuffer*) {
  reinterpret_cast<Dial*>(meta)->angle = 0;
  return TRUE;
}

gboolean write_dial(const GstMeta* meta, GstByteArrayInterface* data, guint8* version) {
  const guint32 angle = reinterpret_cast<const Dial*>(meta)->angle;
  *version = 7;
  return angle < unwritable && gst_byte_array_interface_append_data(
                                   data, reinterpret_cast<const guint8*>(&angle), sizeof angle);
}

GstMeta* read_dial(const GstMetaInfo* info, GstBuffer* buffer, const guint8* data, gsize size,
                   guint8 version) {
  guint32 angle = 0;
  if (size != sizeof angle || version != 7) return nullptr;
  std::memcpy(&angle, data, sizeof angle);
  if (angle >= unreadable) return nullptr;
  GstMeta* meta = gst_buffer_add_meta(buffer, info, nullptr);
  reinterpret_cast<Dial*>(meta)->angle = angle;
  return meta;
}

const GstMetaInfo* dial_info() {
  static const GstMetaInfo* const registered = [] {
    GstMetaInfo* info = gst_meta_info_new(dial_api(), "MmapTestDial", sizeof(Dial));
    info->init_func = init_dial;
    info->serialize_func = write_dial;
    info->deserialize_func = read_dial;
    return gst_meta_info_register(info);
  }();
  return registered;
}

Buffer buffer_with_dial(guint32 angle) {
  Buffer buffer = grey_buffer();
  GstMeta* meta = gst_buffer_add_meta(buffer.get(), dial_info(), nullptr);
  reinterpret_cast<Dial*>(meta)->angle = angle;
  return buffer;
}

using OtherMetas = FileTest;

TEST_F(OtherMetas, meta_that_an_application_can_write_down_goes_to_the_reader) {
  const Link link(path_);
  const Sample sample = link.pass(buffer_with_dial(45));
  const auto* dial = meta_in<Dial>(sample, dial_api());
  ASSERT_NE(dial, nullptr);
  EXPECT_EQ(dial->angle, 45u);
  EXPECT_EQ(stat(link.reader.source(), "metas"), 1u);
  EXPECT_EQ(stat(link.reader.source(), "metas-dropped"), 0u);
}

TEST_F(OtherMetas, meta_that_cannot_be_written_down_is_counted_where_it_stays) {
  const Link link(path_);
  const Sample sample = link.pass(buffer_with_dial(unwritable));
  EXPECT_EQ(meta_in<Dial>(sample, dial_api()), nullptr);
  expect_stat(link.writer.sink(), "metas-dropped", 1);
  EXPECT_EQ(stat(link.reader.source(), "metas-dropped"), 0u);
}

TEST_F(OtherMetas, meta_that_is_refused_is_counted_by_the_reader) {
  const Link link(path_);
  const Sample sample = link.pass(buffer_with_dial(unreadable));
  EXPECT_EQ(value_of(sample), 1);
  EXPECT_EQ(meta_in<Dial>(sample, dial_api()), nullptr);
  EXPECT_EQ(stat(link.reader.source(), "metas-dropped"), 1u);
}

}  // namespace
}  // namespace mmapvideo_test
