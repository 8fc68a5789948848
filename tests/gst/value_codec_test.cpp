// SPDX-License-Identifier: MIT
// Structures as bytes of SPEC.md 3.7 and back.
#include "value_codec.hpp"

#include <gtest/gtest.h>

#include <string>

#include "pipeline.hpp"

namespace mmapvideo_test {
namespace {

std::string written(const GstStructure* structure, bool* complete = nullptr) {
  std::string bytes;
  gstmmap::ByteWriter out(bytes);
  const bool all = gstmmap::write_structure(out, structure);
  if (complete != nullptr) *complete = all;
  return bytes;
}
std::string read_back(const std::string& bytes) {
  gstmmap::ByteReader in(bytes.data(), bytes.size());
  const gstmmap::OwnedStructure structure = gstmmap::read_structure(in);
  in.require_end();
  return Text(gst_structure_to_string(structure.get())).get();
}

TEST(ValueCodec, bytes_are_those_of_the_specification) {
  const Structure structure(gst_structure_new("ab", "n", G_TYPE_UINT, 0x01020304u, nullptr));
  EXPECT_EQ(written(structure.get()), std::string("\2\0\0\0ab\1\0\0\0\1\0\0\0n\3\4\3\2\1", 20));
}

TEST(ValueCodec, what_gstreamer_writes_as_text_comes_back) {
  for (const char* text :
       {"empty;", "a, x=(int)-5, y=(uint)7, z=(gint64)-9, w=(guint64)18446744073709551615;",
        "a, s=(string)\"\\303\\244\\ \\\"\";", "a, l=(int){ 1, 2 }, m=(double)< 0.5, 1 >;",
        "a, f=(fraction)30000/1001, b=(boolean)true, d=(date)2024-02-29;",
        "a, t=(datetime)2024-02-29T10:11:12Z, m=(bitmask)0x00000000000000f0;"}) {
    const Structure structure(gst_structure_from_string(text, nullptr));
    ASSERT_TRUE(structure) << text;
    bool complete = false;
    const std::string bytes = written(structure.get(), &complete);
    EXPECT_TRUE(complete) << text;
    EXPECT_EQ(read_back(bytes), Text(gst_structure_to_string(structure.get())).get());
  }
}

TEST(ValueCodec, a_buffer_comes_back_as_its_bytes) {
  const Buffer buffer = buffer_of(noise(1000));
  const Structure structure(gst_structure_new("a", "b", GST_TYPE_BUFFER, buffer.get(), nullptr));
  const std::string bytes = written(structure.get());
  gstmmap::ByteReader in(bytes.data(), bytes.size());
  const gstmmap::OwnedStructure back = gstmmap::read_structure(in);
  GstBuffer* found = gst_value_get_buffer(gst_structure_get_value(back.get(), "b"));
  EXPECT_TRUE(bytes_of(found) == bytes_of(buffer.get()));
}

TEST(ValueCodec, nothing_in_a_buffer_or_bytes_comes_back_as_nothing) {
  const Buffer buffer(gst_buffer_new());
  GBytes* bytes = g_bytes_new(nullptr, 0);
  const Structure structure(gst_structure_new("a", "buffer", GST_TYPE_BUFFER, buffer.get(), "bytes",
                                              G_TYPE_BYTES, bytes, nullptr));
  g_bytes_unref(bytes);
  const std::string written_bytes = written(structure.get());
  gstmmap::ByteReader in(written_bytes.data(), written_bytes.size());
  const gstmmap::OwnedStructure back = gstmmap::read_structure(in);
  EXPECT_EQ(
      gst_buffer_get_size(gst_value_get_buffer(gst_structure_get_value(back.get(), "buffer"))), 0u);
  EXPECT_TRUE(gst_structure_has_field_typed(back.get(), "bytes", G_TYPE_BYTES));
}

TEST(ValueCodec, a_field_that_only_this_process_understands_is_left_out_and_told) {
  int here = 0;
  const Structure structure(gst_structure_new("a", "before", G_TYPE_INT, 1, "pointer",
                                              G_TYPE_POINTER, &here, "after", G_TYPE_INT, 2,
                                              nullptr));
  bool complete = true;
  EXPECT_EQ(read_back(written(structure.get(), &complete)), "a, before=(int)1, after=(int)2;");
  EXPECT_FALSE(complete);
}

TEST(ValueCodec, sixteen_levels_are_written_and_read_and_seventeen_are_not) {
  GstStructure* innermost = gst_structure_new("s", "n", G_TYPE_INT, 1, nullptr);
  for (int depth = 2; depth <= 17; ++depth) {
    GstStructure* outer = gst_structure_new("s", "f", GST_TYPE_STRUCTURE, innermost, nullptr);
    gst_structure_free(innermost);
    innermost = outer;
    bool complete = false;
    const std::string bytes = written(outer, &complete);
    EXPECT_EQ(complete, depth <= 16) << depth;
    EXPECT_NO_THROW(read_back(bytes)) << depth;
  }
  gst_structure_free(innermost);
}

TEST(ValueCodec, every_cut_is_noticed) {
  const Structure structure(gst_structure_from_string(
      "a, l=(int){ 1, 2 }, s=(string)text, f=(fraction)1/2, d=(date)2024-02-29;", nullptr));
  const std::string bytes = written(structure.get());
  for (std::size_t length = 0; length < bytes.size(); ++length)
    EXPECT_THROW(read_back(bytes.substr(0, length)), gstmmap::Malformed) << length;
  EXPECT_THROW(read_back(bytes + "x"), gstmmap::Malformed);
}

}  // namespace
}  // namespace mmapvideo_test
