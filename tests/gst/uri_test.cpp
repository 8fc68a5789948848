// SPDX-License-Identifier: MIT
// mmap:// on both elements, and players that find them by it.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "pipeline.hpp"
#include "support/file_test.hpp"

namespace mmapvideo_test {
namespace {

Element make(const char* factory) {
  return Element(GST_ELEMENT(gst_object_ref_sink(gst_element_factory_make(factory, nullptr))));
}

/// The sentence of the refusal; empty: it was taken.
std::string set_uri(const Element& element, const std::string& uri) {
  GError* error = nullptr;
  if (gst_uri_handler_set_uri(GST_URI_HANDLER(element.get()), uri.c_str(), &error)) return "";
  const std::unique_ptr<GError, Release> owned(error);
  return error != nullptr ? error->message : "no reason";
}
std::string uri_of(const Element& element) {
  const Text uri(gst_uri_handler_get_uri(GST_URI_HANDLER(element.get())));
  return uri ? uri.get() : "none";
}
std::string location_of(const Element& element) {
  gchar* location = nullptr;
  g_object_get(element.get(), "location", &location, nullptr);
  const Text owned(location);
  return owned ? owned.get() : "none";
}

/// The path with the separators of this system.
std::string local(std::string path) {
  std::replace(path.begin(), path.end(), '/', G_DIR_SEPARATOR);
  return path;
}

TEST(Uri, path_is_the_location_on_both_elements) {
  for (const char* factory : {"mmapsrc", "mmapsink"}) {
    const Element element = make(factory);
    EXPECT_EQ(uri_of(element), "none");
    EXPECT_EQ(set_uri(element, "mmap:///dev/shm/cam0"), "");
    EXPECT_EQ(location_of(element), local("/dev/shm/cam0"));
    EXPECT_EQ(uri_of(element), "mmap:///dev/shm/cam0");
  }
}

TEST(Uri, characters_that_a_uri_cannot_have_come_through) {
  const Element element = make("mmapsrc");
  const std::string path = local("/dev/shm/my cam?#1%20\xc3\xa4");
  g_object_set(element.get(), "location", path.c_str(), nullptr);
  const std::string uri = uri_of(element);
  g_object_set(element.get(), "location", "/other", nullptr);
  EXPECT_EQ(set_uri(element, uri), "") << uri;
  EXPECT_EQ(location_of(element), path) << uri;
}

TEST(Uri, query_sets_properties) {
  const Element source = make("mmapsrc");
  EXPECT_EQ(set_uri(source, "mmap:///a?delivery=every-frame&io-mode=copy&max-leases=5"), "");
  gint delivery = 0, mode = 0;
  guint leases = 0;
  g_object_get(source.get(), "delivery", &delivery, "io-mode", &mode, "max-leases", &leases,
               nullptr);
  EXPECT_EQ(delivery, 1);
  EXPECT_EQ(mode, 2);
  EXPECT_EQ(leases, 5u);
  const Element sink = make("mmapsink");
  EXPECT_EQ(set_uri(sink, "mmap:///a?slots=7&keep-file=true&sync=false&wait-timeout=-1"), "");
  guint slots = 0;
  gboolean keep = FALSE, sync = TRUE;
  g_object_get(sink.get(), "slots", &slots, "keep-file", &keep, "sync", &sync, nullptr);
  EXPECT_EQ(slots, 7u);
  EXPECT_TRUE(keep);
  EXPECT_FALSE(sync);
}

TEST(Uri, what_is_wrong_is_named_and_nothing_is_set) {
  const Element element = make("mmapsrc");
  set_uri(element, "mmap:///before");
  const std::pair<const char*, const char*> refused[] = {
      {"mmap:///a?colour=red", "colour"},
      {"mmap:///a?delivery=sometimes", "sometimes"},
      {"mmap:///a?max-leases", "max-leases"},
      {"mmap:///a?stats=1", "stats"},
      {"mmap:///a?name=x", "name"},
      {"mmap:///a?location=/b", "location"},
      {"mmap:///a?max-leases=4&x=1", "\"x\""},
      {"mmap://host/a", "mmap://host/a"},
      {"mmap://", "absolute path"}};
  for (const auto& [uri, named] : refused) {
    EXPECT_TRUE(mentions(set_uri(element, uri), named)) << uri << ": " << set_uri(element, uri);
    EXPECT_EQ(location_of(element), local("/before"));
  }
  guint leases = 0;
  g_object_get(element.get(), "max-leases", &leases, nullptr);
  EXPECT_EQ(leases, 2u);
}

class UriTest : public FileTest {
 protected:
  const std::string uri_ =
      "mmap" +
      std::string(Text(g_filename_to_uri(path_.c_str(), nullptr, nullptr)).get()).substr(4);
};

TEST_F(UriTest, uri_of_a_file_leads_to_the_file) {
  const Element element = make("mmapsrc");
  EXPECT_EQ(set_uri(element, uri_), "") << uri_;
  EXPECT_EQ(location_of(element), local(path_));
  EXPECT_EQ(uri_of(element), uri_);
}

TEST_F(UriTest, a_relative_location_has_no_uri) {
  const Element element = make("mmapsrc");
  g_object_set(element.get(), "location", "cam0", nullptr);
  EXPECT_EQ(uri_of(element), "none");
}

TEST_F(UriTest, open_element_keeps_its_uri) {
  const Pipeline pipeline("mmapsrc name=in location=" + path_ + " ! fakesink");
  pipeline.play();
  GError* error = nullptr;
  EXPECT_FALSE(
      gst_uri_handler_set_uri(GST_URI_HANDLER(pipeline.element("in")), "mmap:///b", &error));
  EXPECT_EQ(error->code, GST_URI_ERROR_BAD_STATE);
  g_error_free(error);
}

TEST_F(UriTest, players_find_the_source_by_its_uri) {
  const WriterPipeline writer(path_, "keep-file=true");
  writer.play();
  writer.set_caps("video/x-raw,format=I420,width=64,height=48,framerate=30/1");
  writer.push(noise(64 * 48 * 3 / 2));
  writer.wait_for_published(1);
  for (const char* player : {"uridecodebin", "uridecodebin3"}) {
    const Pipeline reader(std::string(player) + " uri=" + uri_ + " ! appsink name=out sync=false");
    reader.play();
    const Sample sample(gst_app_sink_pull_sample(GST_APP_SINK(reader.element("out"))));
    EXPECT_EQ(bytes_of(sample), noise(64 * 48 * 3 / 2)) << player;
  }
  for (const char* player : {"playbin", "playbin3"}) {
    const Element bin(GST_ELEMENT(gst_object_ref_sink(
        gst_parse_launch((std::string(player) + " uri=" + uri_).c_str(), nullptr))));
    GstElement* sink = gst_element_factory_make("appsink", nullptr);
    g_object_set(bin.get(), "video-sink", sink, nullptr);
    gst_element_set_state(bin.get(), GST_STATE_PLAYING);
    // Players start their sinks when they know the stream; before that there is nothing to pull.
    Sample sample;
    while (!sample) {
      sample.reset(gst_app_sink_try_pull_sample(GST_APP_SINK(sink), 10 * GST_MSECOND));
      g_usleep(1000);
    }
    EXPECT_EQ(bytes_of(sample).size(), 64u * 48 * 3 / 2) << player;
    gst_element_set_state(bin.get(), GST_STATE_NULL);
  }
}

}  // namespace
}  // namespace mmapvideo_test
