// SPDX-License-Identifier: MIT
// What mmapsink tells the bus about its readers.
#include "reader_watch.hpp"

namespace gstmmap {
namespace {

constexpr std::uint64_t look_interval_ns = 500'000'000;

}  // namespace

void ReaderWatch::look(const Publisher& publisher) {
  const std::uint64_t now_ns = mmapvideo_clock_now_ns();
  if (now_ns - last_look_ns_ < look_interval_ns) return;
  last_look_ns_ = now_ns;
  const mmapvideo_writer_stats figures = publisher.stats().writer;
  tell_readers(figures.reader_count);
  tell_passed_over(figures);
}

void ReaderWatch::tell_waiting(std::uint32_t count) { post("mmap-waiting-for-readers", count); }

void ReaderWatch::tell_readers(std::uint32_t count) {
  if (count != readers_)
    post(count > readers_ ? "mmap-reader-attached" : "mmap-reader-detached", count);
  readers_ = count;
}

/// Once an episode: from the first reader that is passed over until all have gone on.
void ReaderWatch::tell_passed_over(const mmapvideo_writer_stats& figures) {
  if (figures.passed_over_count > passed_over_ && !passing_over_)
    GST_ELEMENT_WARNING(
        element_, RESOURCE, WRITE,
        ("A reader of \"%s\" did not finish a frame within %" G_GINT64_FORMAT
         " ms and was passed over; it will miss frames.",
         location_.c_str(), wait_timeout_ns_ / static_cast<std::int64_t>(GST_MSECOND)),
        ("wait-timeout; %" G_GUINT64_FORMAT " passed over in all, %u now",
         figures.passed_over_count, figures.passed_over_now));
  passed_over_ = figures.passed_over_count;
  passing_over_ = figures.passed_over_now != 0;
}

void ReaderWatch::post(const char* name, std::uint32_t readers) {
  GstStructure* event = gst_structure_new(name, "location", G_TYPE_STRING, location_.c_str(),
                                          "readers", G_TYPE_UINT, readers, nullptr);
  gst_element_post_message(element_, gst_message_new_element(GST_OBJECT(element_), event));
}

}  // namespace gstmmap
