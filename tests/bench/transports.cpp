// SPDX-License-Identifier: MIT
// Elements and properties of each transport.
#include "transports.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <stdexcept>

#include "bench_process.hpp"

namespace bench {
namespace {

/// Room for all frames that may be under way, and for the rounding of each block.
std::string shm_bytes(const Stage& stage) {
  const std::uint64_t wanted =
      (stage.frame_bytes + 4096) * (frames_under_way(stage.frame_bytes) + 1);
  return std::to_string(std::min<std::uint64_t>(wanted, std::numeric_limits<guint>::max()));
}

bool has_property(GstElement* element, const std::string& name) {
  return g_object_class_find_property(G_OBJECT_GET_CLASS(element), name.c_str()) != nullptr;
}

void set(GstElement* element, const std::string& name, const std::string& value) {
  if (!has_property(element, name))
    throw std::runtime_error(std::string(GST_OBJECT_NAME(element)) + " has no property " + name);
  gst_util_set_object_arg(G_OBJECT(element), name.c_str(), value.c_str());
}

void apply_overrides(GstElement* element, const std::string& factory, const Stage& stage) {
  for (const std::string& text : stage.overrides) {
    const std::size_t dot = text.find('.');
    const std::size_t equals = text.find('=', dot);
    if (equals == std::string::npos)
      throw std::runtime_error("not ELEMENT.PROPERTY=VALUE: " + text);
    if (text.substr(0, dot) == factory)
      set(element, text.substr(dot + 1, equals - dot - 1), text.substr(equals + 1));
  }
}

GstElement* make(const std::string& factory) {
  GstElement* element = gst_element_factory_make(factory.c_str(), factory.c_str());
  if (element == nullptr) throw std::runtime_error("no element " + factory);
  return element;
}

bool exists(const std::string& factory) {
  GstElementFactory* found = gst_element_factory_find(factory.c_str());
  if (found != nullptr) gst_object_unref(found);
  return found != nullptr;
}

}  // namespace

const std::vector<Transport>& all_transports() {
  static const std::vector<Transport> transports = {
      {"shm", "shmsink", "shmsrc"},
      {"unixfd", "unixfdsink", "unixfdsrc"},
      {"socket", "", "", "socket-writer", "socket-reader"},
      {"python mmap", "", "", "python-writer", "python-reader"},
      {"mmap", "mmapsink", "mmapsrc"},
  };
  return transports;
}

const Transport& transport_named(const std::string& name) {
  for (const Transport& transport : all_transports())
    if (transport.name == name) return transport;
  throw std::runtime_error("no transport " + name);
}

bool is_installed(const Transport& transport) {
  if (transport.name == "socket") return true;
  if (transport.name == "python mmap") return python_program()[0] != '\0';
  return exists(transport.sink) && exists(transport.source);
}

GstElement* make_sink(const Transport& transport, const Stage& stage) {
  GstElement* sink = make(transport.sink);
  // Frames leave as they come, and none is kept only to be looked at later.
  set(sink, "sync", "false");
  set(sink, "async", "false");
  set(sink, "enable-last-sample", "false");
  set(sink, transport.name == "mmap" ? "location" : "socket-path", stage.path);
  if (transport.name == "shm") set(sink, "shm-size", shm_bytes(stage));
  if (transport.name == "mmap") set(sink, "delivery", stage.delivery);
  // Newer versions of unixfdsink have it too.
  if (has_property(sink, "wait-for-connection")) set(sink, "wait-for-connection", "true");
  apply_overrides(sink, transport.sink, stage);
  return sink;
}

GstElement* make_source(const Transport& transport, const Stage& stage) {
  GstElement* source = make(transport.source);
  set(source, transport.name == "mmap" ? "location" : "socket-path", stage.path);
  if (transport.name == "shm") set(source, "is-live", "true");
  if (transport.name == "mmap") set(source, "delivery", stage.delivery);
  apply_overrides(source, transport.source, stage);
  return source;
}

Figures copy_figures(GstElement* element) {
  if (!has_property(element, "stats")) return {};
  GstStructure* stats = nullptr;
  g_object_get(element, "stats", &stats, nullptr);
  Figures figures;
  guint64 count = 0;
  if (gst_structure_get_uint64(stats, "copied", &count))
    figures["copied"] = static_cast<double>(count);
  if (gst_structure_get_uint64(stats, "zero-copy", &count))
    figures["zero_copy"] = static_cast<double>(count);
  gst_structure_free(stats);
  return figures;
}

void remove_leftover_memory(long process_id) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/dev/shm", ignored)) {
    const std::string name = entry.path().filename();
    long owner = 0;
    if (std::sscanf(name.c_str(), "shmpipe.%ld.", &owner) == 1 && owner == process_id)
      std::filesystem::remove(entry.path(), ignored);
  }
}

}  // namespace bench
