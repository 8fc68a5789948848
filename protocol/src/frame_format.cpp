// SPDX-License-Identifier: MIT
// Common pixel formats. Strides and offsets are those of GStreamer's own layout (gst_video_info, in
// its documentation of raw video formats), so that its elements need no meta and no copy.
#include "frame_format.hpp"

#include <algorithm>
#include <cstring>

#include "failure.hpp"

namespace mmapvideo::core {
namespace {

/// A plane with one sample, or one group of interleaved samples, for each `x_step` columns and
/// `y_step` rows of the picture.
struct PlaneShape {
  std::uint32_t bytes;
  std::uint32_t x_step;
  std::uint32_t y_step;
};

struct Format {
  const char* name;
  std::uint32_t plane_count;
  PlaneShape planes[3];
};

constexpr Format formats[] = {
    {"GRAY8", 1, {{1, 1, 1}}},
    {"GRAY16_LE", 1, {{2, 1, 1}}},
    {"RGB", 1, {{3, 1, 1}}},
    {"BGR", 1, {{3, 1, 1}}},
    {"RGBA", 1, {{4, 1, 1}}},
    {"BGRA", 1, {{4, 1, 1}}},
    {"ARGB", 1, {{4, 1, 1}}},
    {"ABGR", 1, {{4, 1, 1}}},
    {"RGBx", 1, {{4, 1, 1}}},
    {"BGRx", 1, {{4, 1, 1}}},
    {"xRGB", 1, {{4, 1, 1}}},
    {"xBGR", 1, {{4, 1, 1}}},
    {"YUY2", 1, {{4, 2, 1}}},
    {"UYVY", 1, {{4, 2, 1}}},
    {"I420", 3, {{1, 1, 1}, {1, 2, 2}, {1, 2, 2}}},
    {"YV12", 3, {{1, 1, 1}, {1, 2, 2}, {1, 2, 2}}},
    {"NV12", 2, {{1, 1, 1}, {2, 2, 2}}},
    {"NV21", 2, {{1, 1, 1}, {2, 2, 2}}},
    {"P010_10LE", 2, {{2, 1, 1}, {4, 2, 2}}},
};

constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t step) {
  return (value + step - 1) / step * step;
}

const Format& find_format(const char* name) {
  const auto found = std::find_if(
      std::begin(formats), std::end(formats),
      [&](const Format& format) { return name != nullptr && std::strcmp(format.name, name) == 0; });
  if (found != std::end(formats)) return *found;
  std::string known;
  for (const Format& format : formats)
    known += (known.empty() ? "" : ", ") + std::string(format.name);
  throw Failure(MMAPVIDEO_INVALID_ARGUMENT,
                "The format \"" + std::string(name != nullptr ? name : "") +
                    "\" is not among those that can be described by name: " + known +
                    ". Fill in mmapvideo_frame_info by hand.",
                "format");
}

/// Where the plane lies, the next one behind it. Formats with halved rows have an even number of
/// rows in memory.
void place_plane(const Format& format, std::uint32_t index, mmapvideo_frame_info& info) {
  const PlaneShape& shape = format.planes[index];
  const std::uint32_t y_step = format.planes[format.plane_count - 1].y_step;
  const std::uint64_t row_bytes = round_up(info.width, shape.x_step) / shape.x_step * shape.bytes;
  // The luma plane's row is as long in memory as the chroma samples under it.
  const std::uint64_t stride = round_up(row_bytes, 4);
  mmapvideo_plane& plane = info.planes[index];
  plane.offset = info.payload_bytes;
  plane.stride = static_cast<std::int32_t>(stride);
  plane.row_bytes = static_cast<std::uint32_t>(row_bytes);
  plane.rows = static_cast<std::uint32_t>(round_up(info.height, shape.y_step) / shape.y_step);
  info.payload_bytes += stride * (round_up(info.height, y_step) / shape.y_step);
}

}  // namespace

mmapvideo_frame_info describe_frame(const char* name, std::uint32_t width, std::uint32_t height,
                                    std::uint32_t fps_numerator, std::uint32_t fps_denominator) {
  const Format& format = find_format(name);
  constexpr std::uint32_t max_side = 1u << 16;
  if (width == 0 || height == 0 || width > max_side || height > max_side || fps_denominator == 0)
    throw Failure(MMAPVIDEO_INVALID_ARGUMENT,
                  "A frame of " + std::to_string(width) + "x" + std::to_string(height) + " at " +
                      std::to_string(fps_numerator) + "/" + std::to_string(fps_denominator) +
                      " fps cannot be described: each side has 1 to 65536 pixels, and the rate a "
                      "denominator.",
                  "argument check");
  mmapvideo_frame_info info{};
  info.pts_ns = info.dts_ns = info.duration_ns = MMAPVIDEO_NONE;
  info.offset = info.offset_end = info.clock_time_ns = MMAPVIDEO_NONE;
  std::strncpy(info.format, format.name, sizeof info.format - 1);
  info.width = width;
  info.height = height;
  info.fps_numerator = fps_numerator;
  info.fps_denominator = fps_denominator;
  info.par_numerator = info.par_denominator = 1;
  info.view_count = 1;
  info.plane_count = format.plane_count;
  for (std::uint32_t index = 0; index < format.plane_count; ++index)
    place_plane(format, index, info);
  return info;
}

std::string caps_of(const mmapvideo_frame_info& info) {
  return "video/x-raw, format=(string)" + std::string(info.format) + ", width=(int)" +
         std::to_string(info.width) + ", height=(int)" + std::to_string(info.height) +
         ", framerate=(fraction)" + std::to_string(info.fps_numerator) + "/" +
         std::to_string(info.fps_denominator);
}

}  // namespace mmapvideo::core
