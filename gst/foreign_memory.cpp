// SPDX-License-Identifier: MIT
// Video in memory that no other process can map: which caps mean that, and what to put in front.
#include "foreign_memory.hpp"

#include <gst/video/video.h>

#include <array>
#include <cstring>

namespace gstmmap {
namespace {

struct Remedy {
  const char* feature;
  const char* elements;
};

constexpr std::array remedies = {
    Remedy{"memory:GLMemory", "gldownload"},
    Remedy{"memory:DMABuf", "vapostproc (or gldownload)"},
    Remedy{"memory:VAMemory", "vapostproc"},
    Remedy{"memory:VASurface", "vapostproc (or vaapipostproc)"},
    Remedy{"memory:CUDAMemory", "cudadownload"},
    Remedy{"memory:D3D11Memory", "d3d11download"},
    Remedy{"memory:D3D12Memory", "d3d12download"},
    Remedy{"memory:VulkanImage", "vulkandownload"},
    Remedy{"memory:VulkanBuffer", "vulkandownload"},
    Remedy{"memory:MFXSurface", "msdkvpp"},
    Remedy{"memory:NVMM", "nvvideoconvert"},
};

/// Frames with these lie in system memory all the same; overlays travel as metadata.
bool is_harmless(const char* feature) {
  return std::strcmp(feature, GST_CAPS_FEATURE_MEMORY_SYSTEM_MEMORY) == 0 ||
         std::strcmp(feature, GST_CAPS_FEATURE_FORMAT_INTERLACED) == 0 ||
         std::strcmp(feature, GST_CAPS_FEATURE_META_GST_VIDEO_OVERLAY_COMPOSITION) == 0;
}

const char* remedy_for(const std::string& feature) {
  for (const Remedy& remedy : remedies)
    if (feature == remedy.feature) return remedy.elements;
  return "the element that downloads such memory, or videoconvert";
}

/// False: upstream has nothing but other memory.
bool can_produce(GstPad* upstream_of, GstCaps* caps) {
  GstCaps* const possible = gst_pad_peer_query_caps(upstream_of, caps);
  const bool can = possible == nullptr || !gst_caps_is_empty(possible);
  if (possible != nullptr) gst_caps_unref(possible);
  return can;
}

}  // namespace

GstCaps* caps_for_upstream(GstPad* pad, GstStaticCaps* system_memory, GstStaticCaps* everything,
                           GstCaps* filter) {
  GstCaps* caps = gst_static_caps_get(system_memory);
  if (!gst_pad_is_linked(pad) || !can_produce(pad, caps)) {
    gst_caps_unref(caps);
    caps = gst_static_caps_get(everything);
  }
  if (filter == nullptr) return caps;
  GstCaps* const wanted = gst_caps_intersect_full(filter, caps, GST_CAPS_INTERSECT_FIRST);
  gst_caps_unref(caps);
  return wanted;
}

std::optional<std::string> foreign_feature(const GstCaps* caps) {
  for (guint i = 0; i < gst_caps_get_size(caps); ++i) {
    const GstCapsFeatures* const features = gst_caps_get_features(caps, i);
    if (gst_caps_features_is_any(features)) return "ANY";
    for (guint k = 0; k < gst_caps_features_get_size(features); ++k) {
      const gchar* const feature = gst_caps_features_get_nth(features, k);
      if (!is_harmless(feature)) return feature;
    }
  }
  return std::nullopt;
}

std::string foreign_memory_sentence(const std::string& location, const std::string& feature) {
  return "Frames for \"" + location + "\" come as video/x-raw(" + feature +
         "), which other processes cannot read. Put " + remedy_for(feature) +
         " in front of mmapsink.";
}

}  // namespace gstmmap
