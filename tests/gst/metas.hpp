// SPDX-License-Identifier: MIT
// One frame from a writer's buffer to a reader's, for what is attached to it.
#pragma once

#include <string>
#include <utility>

#include "pipeline.hpp"
#include "support/file_test.hpp"

namespace mmapvideo_test {

struct FreeTags {
  void operator()(GstTagList* tags) const { gst_tag_list_unref(tags); }
};
using Tags = std::unique_ptr<GstTagList, FreeTags>;

/// Without tags, and without a transform: it is copied as it is.
inline void register_custom_meta(const char* name) {
  const gchar* no_tags[] = {nullptr};
  if (gst_meta_get_info(name) == nullptr)
    gst_meta_register_custom(name, no_tags, nullptr, nullptr, nullptr);
}

inline Buffer grey_buffer(std::uint8_t value = 1, GstClockTime pts = 100 * GST_SECOND) {
  Buffer buffer = buffer_of(grey_bytes(value));
  GST_BUFFER_PTS(buffer.get()) = pts;
  return buffer;
}

/// A custom meta that holds what a test puts into it.
inline GstCustomMeta* add_note(GstBuffer* buffer) {
  return gst_buffer_add_custom_meta(buffer, "TestNote");
}
inline GstStructure* note_of(GstBuffer* buffer) {
  GstCustomMeta* meta = gst_buffer_get_custom_meta(buffer, "TestNote");
  return meta != nullptr ? gst_custom_meta_get_structure(meta) : nullptr;
}

/// Both ends of one file, playing.
struct Link {
  explicit Link(const std::string& path, const std::string& writer_options = "",
                const std::string& reader_options = "delivery=every-frame")
      : writer(path, "delivery=every-frame " + writer_options), reader(path, reader_options) {
    writer.play();
    writer.set_caps(grey_caps());
    reader.play();
  }
  /// The buffer of the next frame.
  Sample pass(Buffer buffer) const {
    writer.push(std::move(buffer));
    return reader.pull();
  }
  WriterPipeline writer;
  ReaderPipeline reader;
};

inline GstBuffer* buffer_in(const Sample& sample) { return gst_sample_get_buffer(sample.get()); }

template <typename Meta>
const Meta* meta_in(const Sample& sample, GType api) {
  return reinterpret_cast<const Meta*>(gst_buffer_get_meta(buffer_in(sample), api));
}

inline guint meta_count(GstBuffer* buffer) {
  guint count = 0;
  gpointer state = nullptr;
  while (gst_buffer_iterate_meta(buffer, &state) != nullptr) ++count;
  return count;
}

/// Where metas are passed.
class Metas : public FileTest {
 protected:
  void SetUp() override {
    FileTest::SetUp();
    register_custom_meta("TestNote");
  }
};

}  // namespace mmapvideo_test
