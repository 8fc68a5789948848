// SPDX-License-Identifier: MIT
// An upstream of mmapsink that does by hand what elements do: asks for a pool, configures it, takes
// buffers out of it and pushes them from the thread of the test.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "numbered.hpp"
#include "pipeline.hpp"

namespace mmapvideo_test {

/// What mmapsink answered to an allocation query.
struct Offer {
  BufferPool pool;
  guint bytes = 0;
  guint min_buffers = 0;
  guint max_buffers = 0;
  bool video_meta = false;
};

/// Changes the configuration of a pool before it is activated.
using Configure = std::function<void(GstStructure* config)>;

inline void with_video_meta(GstStructure* config) {
  gst_buffer_pool_config_add_option(config, GST_BUFFER_POOL_OPTION_VIDEO_META);
}
/// That many buffers are going to be out at a time.
inline Configure wanting(guint buffers) {
  return [buffers](GstStructure* config) {
    GstCaps* caps = nullptr;
    guint bytes = 0;
    gst_buffer_pool_config_get_params(config, &caps, &bytes, nullptr, nullptr);
    gst_buffer_pool_config_set_params(config, caps, bytes, buffers, 0);
  };
}

/// Takes a buffer; fails the test if there is none.
inline Buffer acquire(const BufferPool& pool) {
  GstBuffer* buffer = nullptr;
  EXPECT_EQ(gst_buffer_pool_acquire_buffer(pool.get(), &buffer, nullptr), GST_FLOW_OK);
  return Buffer(buffer);
}
inline Buffer acquire_numbered(const BufferPool& pool, std::uint64_t number) {
  Buffer buffer = acquire(pool);
  write_number(buffer.get(), number);
  return buffer;
}
inline std::vector<Buffer> acquire_many(const BufferPool& pool, std::size_t count) {
  std::vector<Buffer> buffers;
  while (buffers.size() < count) buffers.push_back(acquire(pool));
  return buffers;
}
inline Buffer another_ref(const Buffer& buffer) { return Buffer(gst_buffer_ref(buffer.get())); }

/// A pad linked to an mmapsink of its own, in PLAYING from start() on.
class Sender {
 public:
  explicit Sender(const std::string& path, const std::string& options = "") {
    const std::string description =
        "mmapsink sync=false async=false location=" + path + " " + options;
    GError* error = nullptr;
    sink_.reset(GST_ELEMENT(gst_object_ref_sink(gst_parse_launch(description.c_str(), &error))));
    if (error != nullptr) throw std::runtime_error(error->message);
    bus_ = gst_bus_new();
    gst_element_set_bus(sink_.get(), bus_);
    pad_.reset(GST_PAD(gst_object_ref_sink(gst_pad_new("src", GST_PAD_SRC))));
    const Pad sink_pad(gst_element_get_static_pad(sink_.get(), "sink"));
    if (gst_pad_link(pad_.get(), sink_pad.get()) != GST_PAD_LINK_OK)
      throw std::runtime_error("cannot link");
  }
  ~Sender() {
    destroy_element();
    gst_object_unref(bus_);
  }
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  GstElement* sink() const { return sink_.get(); }
  GstPad* pad() const { return pad_.get(); }

  /// To PLAYING, ready for buffers. Again after stop().
  void start(const std::string& caps = kNumberCaps) {
    ASSERT_NE(gst_element_set_state(sink(), GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
    gst_pad_set_active(pad(), TRUE);
    gst_pad_push_event(pad(), gst_event_new_stream_start("sender"));
    set_caps(caps);
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_pad_push_event(pad(), gst_event_new_segment(&segment));
  }
  void stop(GstState state = GST_STATE_NULL) const {
    gst_pad_set_active(pad(), FALSE);
    gst_element_set_state(sink(), state);
  }
  void set_caps(const std::string& caps) const {
    ASSERT_TRUE(gst_pad_push_event(pad(), gst_event_new_caps(caps_of(caps).get())));
  }
  /// Stops and frees mmapsink.
  void destroy_element() {
    if (!sink_) return;
    stop();
    gst_element_set_bus(sink(), nullptr);
    pad_.reset();
    sink_.reset();
  }

  Offer ask(const std::string& caps = kNumberCaps) const {
    const Query query(gst_query_new_allocation(caps_of(caps).get(), TRUE));
    Offer offer;
    if (!gst_pad_peer_query(pad(), query.get())) throw std::runtime_error("no allocation query");
    offer.video_meta =
        gst_query_find_allocation_meta(query.get(), GST_VIDEO_META_API_TYPE, nullptr);
    if (gst_query_get_n_allocation_pools(query.get()) == 0) return offer;
    GstBufferPool* pool = nullptr;
    gst_query_parse_nth_allocation_pool(query.get(), 0, &pool, &offer.bytes, &offer.min_buffers,
                                        &offer.max_buffers);
    offer.pool.reset(pool);
    return offer;
  }
  /// The offered pool, configured and active.
  BufferPool pool(const std::string& caps = kNumberCaps, const Configure& configure = {}) const {
    Offer offer = ask(caps);
    if (!offer.pool) throw std::runtime_error("no pool was offered");
    GstStructure* config = gst_buffer_pool_get_config(offer.pool.get());
    gst_buffer_pool_config_set_params(config, caps_of(caps).get(), offer.bytes, offer.min_buffers,
                                      offer.max_buffers);
    if (configure) configure(config);
    EXPECT_TRUE(gst_buffer_pool_set_config(offer.pool.get(), config));
    EXPECT_TRUE(gst_buffer_pool_set_active(offer.pool.get(), TRUE));
    return std::move(offer.pool);
  }

  GstFlowReturn push(Buffer buffer) const { return gst_pad_push(pad(), buffer.release()); }
  /// Plain memory, which has to be copied.
  GstFlowReturn push_plain(std::uint64_t number) const {
    return push(buffer_of(numbered_bytes(number)));
  }

  std::uint64_t published() const { return stat(sink(), "frames"); }
  std::uint64_t zero_copy() const { return stat(sink(), "zero-copy"); }
  std::uint64_t copied() const { return stat(sink(), "copied"); }
  std::uint64_t dropped() const { return stat(sink(), "dropped"); }

 private:
  Element sink_;
  Pad pad_;
  GstBus* bus_ = nullptr;
};

}  // namespace mmapvideo_test
