// SPDX-License-Identifier: MIT
// The states and messages of a pipeline of two elements.
#include "bench_pipeline.hpp"

#include <stdexcept>

namespace bench {
namespace {

[[noreturn]] void throw_posted(GstMessage* message) {
  GError* error = nullptr;
  gst_message_parse_error(message, &error, nullptr);
  const std::string sentence = error->message;
  g_error_free(error);
  gst_message_unref(message);
  throw std::runtime_error(sentence);
}

}  // namespace

Pipeline::Pipeline(GstElement* source, GstElement* sink)
    : pipeline_(gst_pipeline_new(nullptr)), source_(source), sink_(sink) {
  gst_bin_add_many(GST_BIN(pipeline_), source, sink, nullptr);
  if (!gst_element_link(source, sink)) throw std::runtime_error("elements do not link");
}

Pipeline::~Pipeline() {
  stop();
  gst_object_unref(pipeline_);
}

void Pipeline::play() {
  gst_element_set_state(pipeline_, GST_STATE_PLAYING);
  if (gst_element_get_state(pipeline_, nullptr, nullptr, GST_CLOCK_TIME_NONE) !=
      GST_STATE_CHANGE_FAILURE)
    return;
  has_ended(0);  // throws the reason, if there is one
  throw std::runtime_error("does not play");
}

void Pipeline::stop() { gst_element_set_state(pipeline_, GST_STATE_NULL); }

bool Pipeline::has_ended(GstClockTime limit_ns) {
  GstBus* bus = gst_element_get_bus(pipeline_);
  GstMessage* message = gst_bus_timed_pop_filtered(
      bus, limit_ns, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
  gst_object_unref(bus);
  if (message == nullptr) return false;
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) throw_posted(message);
  gst_message_unref(message);
  return true;
}

}  // namespace bench
