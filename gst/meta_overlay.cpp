// SPDX-License-Identifier: MIT
// Overlay compositions as metadata records (SPEC.md 3.7): rectangles, each with its pixels.
#include <gst/video/video.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "meta_kinds.hpp"

namespace gstmmap {
namespace {

constexpr guint pixel_bytes = 4;
constexpr guint max_side = 32768;

struct BufferUnref {
  void operator()(GstBuffer* buffer) const { gst_buffer_unref(buffer); }
};
using OwnedBuffer = std::unique_ptr<GstBuffer, BufferUnref>;
struct RectangleUnref {
  void operator()(GstVideoOverlayRectangle* one) const { gst_video_overlay_rectangle_unref(one); }
};
using OwnedRectangle = std::unique_ptr<GstVideoOverlayRectangle, RectangleUnref>;
struct CompositionUnref {
  void operator()(GstVideoOverlayComposition* one) const {
    gst_video_overlay_composition_unref(one);
  }
};
using OwnedComposition = std::unique_ptr<GstVideoOverlayComposition, CompositionUnref>;

bool is_overlay_format(GstVideoFormat format) {
  return format == GST_VIDEO_OVERLAY_COMPOSITION_FORMAT_RGB ||
         format == GST_VIDEO_OVERLAY_COMPOSITION_FORMAT_YUV;
}

// ---- Writing ----------------------------------------------------------------------------------

bool write_pixels(ByteWriter& out, GstBuffer* pixels) {
  const GstVideoMeta* const meta = gst_buffer_get_video_meta(pixels);
  if (meta == nullptr || !is_overlay_format(meta->format)) return false;
  GstVideoInfo info;
  GstVideoFrame frame;
  if (!gst_video_info_set_format(&info, meta->format, meta->width, meta->height) ||
      !gst_video_frame_map(&frame, &info, pixels, GST_MAP_READ))
    return false;
  const std::size_t row_bytes = std::size_t{meta->width} * pixel_bytes;
  out.text(gst_video_format_to_string(meta->format));
  out.u32(meta->width);
  out.u32(meta->height);
  out.u32(row_bytes * meta->height);
  char* to = out.room(row_bytes * meta->height);
  const auto* from = static_cast<const char*>(GST_VIDEO_FRAME_PLANE_DATA(&frame, 0));
  for (guint row = 0; row < meta->height; ++row) {
    std::memcpy(to, from, row_bytes);
    to += row_bytes;
    from += GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0);
  }
  gst_video_frame_unmap(&frame);
  return true;
}

bool write_rectangle(ByteWriter& out, GstVideoOverlayRectangle* rectangle) {
  gint x = 0;
  gint y = 0;
  guint width = 0;
  guint height = 0;
  gst_video_overlay_rectangle_get_render_rectangle(rectangle, &x, &y, &width, &height);
  const GstVideoOverlayFormatFlags flags = gst_video_overlay_rectangle_get_flags(rectangle);
  out.number(x);
  out.number(y);
  out.u32(width);
  out.u32(height);
  out.u32(static_cast<std::uint64_t>(flags));
  out.number(gst_video_overlay_rectangle_get_global_alpha(rectangle));
  return write_pixels(out, gst_video_overlay_rectangle_get_pixels_unscaled_raw(rectangle, flags));
}

// ---- Reading ----------------------------------------------------------------------------------

OwnedBuffer read_pixels(ByteReader& in) {
  const GstVideoFormat format = gst_video_format_from_string(in.text().c_str());
  const guint width = in.u32();
  const guint height = in.u32();
  const std::span<const char> bytes = in.bytes();
  if (!is_overlay_format(format) || width == 0 || height == 0 || width > max_side ||
      height > max_side || bytes.size() != std::size_t{width} * height * pixel_bytes)
    throw Malformed("an overlay without proper pixels");
  OwnedBuffer pixels(gst_buffer_new_memdup(bytes.data(), bytes.size()));
  gst_buffer_add_video_meta(pixels.get(), GST_VIDEO_FRAME_FLAG_NONE, format, width, height);
  return pixels;
}

OwnedRectangle read_rectangle(ByteReader& in) {
  const gint x = in.i32();
  const gint y = in.i32();
  const guint width = in.u32();
  const guint height = in.u32();
  const std::uint32_t flags = in.u32();
  const float alpha = in.number<float>();
  constexpr std::uint32_t known_flags = GST_VIDEO_OVERLAY_FORMAT_FLAG_PREMULTIPLIED_ALPHA |
                                        GST_VIDEO_OVERLAY_FORMAT_FLAG_GLOBAL_ALPHA;
  if (width == 0 || height == 0 || width > max_side || height > max_side ||
      (flags & ~known_flags) != 0 || !(alpha >= 0.0f && alpha <= 1.0f))
    throw Malformed("an overlay out of range");
  const OwnedBuffer pixels = read_pixels(in);
  OwnedRectangle rectangle(gst_video_overlay_rectangle_new_raw(
      pixels.get(), x, y, width, height, static_cast<GstVideoOverlayFormatFlags>(flags)));
  if (!rectangle) throw Malformed("an overlay that GStreamer refuses");
  if ((flags & GST_VIDEO_OVERLAY_FORMAT_FLAG_GLOBAL_ALPHA) != 0)
    gst_video_overlay_rectangle_set_global_alpha(rectangle.get(), alpha);
  return rectangle;
}

}  // namespace

bool write_overlay_meta(ByteWriter& out, const GstMeta* meta) {
  GstVideoOverlayComposition* const overlay =
      reinterpret_cast<const GstVideoOverlayCompositionMeta*>(meta)->overlay;
  const guint count = gst_video_overlay_composition_n_rectangles(overlay);
  out.u32(count);
  for (guint i = 0; i < count; ++i)
    if (!write_rectangle(out, gst_video_overlay_composition_get_rectangle(overlay, i)))
      return false;
  return count != 0;
}

void read_overlay_meta(ByteReader& in, GstBuffer* buffer) {
  OwnedComposition overlay;
  for (std::uint32_t left = in.u32(); left > 0; --left) {
    const OwnedRectangle rectangle = read_rectangle(in);
    if (overlay)
      gst_video_overlay_composition_add_rectangle(overlay.get(), rectangle.get());
    else
      overlay.reset(gst_video_overlay_composition_new(rectangle.get()));
  }
  in.require_end();
  if (!overlay) throw Malformed("an overlay without rectangles");
  gst_buffer_add_video_overlay_composition_meta(buffer, overlay.get());
}

}  // namespace gstmmap
