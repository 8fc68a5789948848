// SPDX-License-Identifier: MIT
// Where mmapsrc copies a frame to: into downstream's pool if it offers one, or one of its own.
#include "copy_target.hpp"

#include <cstring>
#include <memory>

#include "post_error.hpp"

namespace gstmmap {
namespace {

struct BufferUnref {
  void operator()(GstBuffer* buffer) const { gst_buffer_unref(buffer); }
};
using OwnedBuffer = std::unique_ptr<GstBuffer, BufferUnref>;

/// A buffer mapped for writing.
class WriteMap {
 public:
  explicit WriteMap(GstBuffer* buffer) : buffer_(buffer) {
    mapped_ = gst_buffer_map(buffer, &info_, GST_MAP_WRITE);
  }
  ~WriteMap() {
    if (mapped_) gst_buffer_unmap(buffer_, &info_);
  }
  WriteMap(const WriteMap&) = delete;
  WriteMap& operator=(const WriteMap&) = delete;
  explicit operator bool() const { return mapped_; }
  guint8* data() const { return info_.data; }
  gsize bytes() const { return info_.size; }

 private:
  GstBuffer* buffer_;
  GstMapInfo info_ = GST_MAP_INFO_INIT;
  bool mapped_ = false;
};

[[noreturn]] void throw_no_buffer(const std::string& path, std::uint64_t bytes, const char* call) {
  throw_error(MMAPVIDEO_OUT_OF_MEMORY,
              "No memory for a buffer of " + std::to_string(bytes) + " bytes for a frame of \"" +
                  path + "\".",
              call);
}

PlaneLayout layout_of(GstBuffer* buffer, const GstVideoInfo& info) {
  PlaneLayout layout;
  const GstVideoMeta* meta = gst_buffer_get_video_meta(buffer);
  std::memcpy(layout.offset, meta != nullptr ? meta->offset : info.offset, sizeof layout.offset);
  std::memcpy(layout.stride, meta != nullptr ? meta->stride : info.stride, sizeof layout.stride);
  return layout;
}

bool is_layout(const PlaneLayout& layout, const mmapvideo::FrameInfo& frame) {
  for (unsigned i = 0; i < frame.plane_count; ++i)
    if (layout.offset[i] != frame.planes[i].offset || layout.stride[i] != frame.planes[i].stride)
      return false;
  return true;
}

/// Can the rows of the frame be laid out so in that many bytes?
bool rows_fit(const PlaneLayout& layout, const mmapvideo::FrameInfo& frame, gsize bytes) {
  for (unsigned i = 0; i < frame.plane_count; ++i) {
    const mmapvideo_plane& plane = frame.planes[i];
    if (plane.rows == 0 || plane.row_bytes == 0) continue;
    if (layout.stride[i] < 0) return false;
    const gsize stride = static_cast<gsize>(layout.stride[i]);
    if (plane.rows > 1 && stride < plane.row_bytes) return false;
    if (layout.offset[i] + stride * (plane.rows - 1) + plane.row_bytes > bytes) return false;
  }
  return true;
}

/// False: the frame was overwritten.
bool copy_rows(mmapvideo::Reader& reader, const mmapvideo::FrameInfo& frame,
               const PlaneLayout& layout, guint8* to) {
  for (unsigned i = 0; i < frame.plane_count; ++i) {
    const mmapvideo_plane& plane = frame.planes[i];
    for (std::uint32_t row = 0; row < plane.rows; ++row) {
      const std::int64_t from =
          static_cast<std::int64_t>(plane.offset) + plane.stride * static_cast<std::int64_t>(row);
      guint8* const row_to = to + layout.offset[i] + static_cast<gsize>(layout.stride[i]) * row;
      if (reader.copy_range(static_cast<std::uint64_t>(from), row_to, plane.row_bytes) !=
          MMAPVIDEO_OK)
        return false;
    }
  }
  return true;
}

void deactivate(GstBufferPool*& pool) {
  if (pool == nullptr) return;
  // Buffers that are still out find their way back; the pool goes with the last.
  gst_buffer_pool_set_active(pool, FALSE);
  gst_object_unref(pool);
  pool = nullptr;
}

}  // namespace

PlaneLayout layout_of(const mmapvideo::FrameInfo& frame) {
  PlaneLayout layout;
  for (unsigned i = 0; i < frame.plane_count; ++i) {
    layout.offset[i] = frame.planes[i].offset;
    layout.stride[i] = static_cast<gint>(frame.planes[i].stride);
  }
  return layout;
}

void add_video_meta(GstBuffer* buffer, const GstVideoInfo& info, PlaneLayout layout) {
  gst_buffer_add_video_meta_full(buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_INFO_FORMAT(&info),
                                 static_cast<guint>(info.width), static_cast<guint>(info.height),
                                 GST_VIDEO_INFO_N_PLANES(&info), layout.offset, layout.stride);
}

// ---- Negotiation ------------------------------------------------------------------------------

void CopyTarget::negotiate(GstQuery* allocation) {
  reset();
  video_meta_accepted_ =
      gst_query_find_allocation_meta(allocation, GST_VIDEO_META_API_TYPE, nullptr);
  if (gst_query_get_n_allocation_pools(allocation) > 0)
    gst_query_parse_nth_allocation_pool(allocation, 0, &downstream_pool_, &downstream_bytes_,
                                        &downstream_min_, &downstream_max_);
}

void CopyTarget::reset() noexcept {
  deactivate(downstream_pool_);
  deactivate(own_pool_);
  downstream_active_ = false;
  video_meta_accepted_ = false;
}

// ---- Buffers ----------------------------------------------------------------------------------

/// A buffer whose GstVideoMeta, or default layout without one, suits downstream.
GstBuffer* CopyTarget::acquire(const StreamFormat& format, const mmapvideo::FrameInfo& frame) {
  GstBuffer* buffer = acquire_downstream(format);
  if (buffer != nullptr) {
    const PlaneLayout layout = layout_of(buffer, format.video_info);
    const gsize bytes = gst_buffer_get_size(buffer);
    if (is_layout(layout, frame) ? bytes >= frame.payload_bytes
                                 : !is_tiled(format.video_info) && rows_fit(layout, frame, bytes))
      return buffer;
    gst_buffer_unref(buffer);
    deactivate(downstream_pool_);
  }
  return acquire_own(format, frame);
}

/// NULL: there is no such pool, or it is used up.
GstBuffer* CopyTarget::acquire_downstream(const StreamFormat& format) {
  if (downstream_pool_ == nullptr) return nullptr;
  if (!downstream_active_ && !activate_downstream(format)) {
    deactivate(downstream_pool_);
    return nullptr;
  }
  GstBufferPoolAcquireParams params{};
  params.flags = GST_BUFFER_POOL_ACQUIRE_FLAG_DONTWAIT;
  GstBuffer* buffer = nullptr;
  gst_buffer_pool_acquire_buffer(downstream_pool_, &buffer, &params);
  return buffer;
}

bool CopyTarget::activate_downstream(const StreamFormat& format) {
  GstStructure* config = gst_buffer_pool_get_config(downstream_pool_);
  GstCaps* caps = gst_caps_from_string(format.caps_text.c_str());
  gst_buffer_pool_config_set_params(
      config, caps, MAX(downstream_bytes_, static_cast<guint>(format.video_info.size)),
      downstream_min_, downstream_max_);
  gst_caps_unref(caps);
  if (video_meta_accepted_ &&
      gst_buffer_pool_has_option(downstream_pool_, GST_BUFFER_POOL_OPTION_VIDEO_META))
    gst_buffer_pool_config_add_option(config, GST_BUFFER_POOL_OPTION_VIDEO_META);
  downstream_active_ = gst_buffer_pool_set_config(downstream_pool_, config) &&
                       gst_buffer_pool_set_active(downstream_pool_, TRUE);
  return downstream_active_;
}

GstBuffer* CopyTarget::acquire_own(const StreamFormat& format, const mmapvideo::FrameInfo& frame) {
  // Where downstream does not look at the meta, rows go where it expects them.
  const bool as_it_is = video_meta_accepted_ || is_tiled(format.video_info);
  const std::uint64_t bytes = as_it_is ? frame.payload_bytes : format.video_info.size;
  if (own_pool_ == nullptr || own_bytes_ != bytes) make_own_pool(bytes);
  GstBuffer* buffer = nullptr;
  if (gst_buffer_pool_acquire_buffer(own_pool_, &buffer, nullptr) != GST_FLOW_OK)
    throw_no_buffer(location_, bytes, "gst_buffer_pool_acquire_buffer");
  add_video_meta(buffer, format.video_info,
                 as_it_is ? layout_of(frame) : layout_of(buffer, format.video_info));
  return buffer;
}

void CopyTarget::make_own_pool(std::uint64_t bytes) {
  deactivate(own_pool_);
  own_pool_ = gst_buffer_pool_new();
  GstStructure* config = gst_buffer_pool_get_config(own_pool_);
  gst_buffer_pool_config_set_params(config, nullptr, static_cast<guint>(bytes), 0, 0);
  GstAllocationParams alignment;
  gst_allocation_params_init(&alignment);
  alignment.align = 63;  // a cache line; enough for any vector instruction
  gst_buffer_pool_config_set_allocator(config, nullptr, &alignment);
  if (!gst_buffer_pool_set_config(own_pool_, config) ||
      !gst_buffer_pool_set_active(own_pool_, TRUE))
    throw_no_buffer(location_, bytes, "gst_buffer_pool_set_active");
  own_bytes_ = bytes;
}

// ---- Copying ----------------------------------------------------------------------------------

GstBuffer* CopyTarget::copy(mmapvideo::Reader& reader, const StreamFormat& format,
                            const mmapvideo::FrameInfo& frame) {
  OwnedBuffer buffer(acquire(format, frame));
  if (!copy_into(reader, buffer.get(), format, frame)) return nullptr;
  if (!video_meta_accepted_ && is_tiled(format.video_info) &&
      !has_default_layout(format.video_info, frame))
    return repack(buffer.get(), format.video_info);
  return buffer.release();
}

/// False: the frame was overwritten.
bool CopyTarget::copy_into(mmapvideo::Reader& reader, GstBuffer* buffer, const StreamFormat& format,
                           const mmapvideo::FrameInfo& frame) const {
  const PlaneLayout layout = layout_of(buffer, format.video_info);
  const WriteMap map(buffer);
  if (!map) throw_no_buffer(location_, frame.payload_bytes, "gst_buffer_map");
  if (is_layout(layout, frame))
    return reader.copy_payload(map.data(), MIN(map.bytes(), frame.payload_bytes)) == MMAPVIDEO_OK;
  if (!rows_fit(layout, frame, map.bytes()))
    throw_error(MMAPVIDEO_BROKEN_FILE,
                "A frame of \"" + location_ +
                    "\" cannot be used: its rows are longer than its "
                    "caps say. Is its writer a correct one?",
                "rows_fit");
  return copy_rows(reader, frame, layout, map.data());
}

/// Tiles cannot be laid out anew row by row.
GstBuffer* CopyTarget::repack(GstBuffer* padded, const GstVideoInfo& info) const {
  OwnedBuffer plain(gst_buffer_new_allocate(nullptr, info.size, nullptr));
  GstVideoFrame from;
  GstVideoFrame to;
  bool copied = false;
  if (plain && gst_video_frame_map(&from, &info, padded, GST_MAP_READ)) {
    if (gst_video_frame_map(&to, &info, plain.get(), GST_MAP_WRITE)) {
      copied = gst_video_frame_copy(&to, &from);
      gst_video_frame_unmap(&to);
    }
    gst_video_frame_unmap(&from);
  }
  if (!copied) throw_no_buffer(location_, info.size, "gst_video_frame_copy");
  return plain.release();
}

}  // namespace gstmmap
