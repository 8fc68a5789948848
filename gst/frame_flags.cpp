// SPDX-License-Identifier: MIT
// Buffer flags of GStreamer to flags of the file (SPEC.md 3.6) and back.
#include "frame_flags.hpp"

#include <gst/video/video.h>
#include <mmapvideo/mmapvideo.hpp>

namespace gstmmap {
namespace {

struct FlagPair {
  unsigned buffer;
  std::uint64_t frame;
};

constexpr FlagPair flag_pairs[] = {
    {GST_BUFFER_FLAG_DISCONT, MMAPVIDEO_FRAME_DISCONTINUITY},
    {GST_BUFFER_FLAG_CORRUPTED, MMAPVIDEO_FRAME_CORRUPTED},
    {GST_BUFFER_FLAG_GAP, MMAPVIDEO_FRAME_GAP},
    {GST_BUFFER_FLAG_DROPPABLE, MMAPVIDEO_FRAME_DROPPABLE},
    {GST_BUFFER_FLAG_DELTA_UNIT, MMAPVIDEO_FRAME_DELTA_UNIT},
    {GST_BUFFER_FLAG_MARKER, MMAPVIDEO_FRAME_MARKER},
    {GST_BUFFER_FLAG_HEADER, MMAPVIDEO_FRAME_HEADER},
    {GST_BUFFER_FLAG_RESYNC, MMAPVIDEO_FRAME_RESYNC},
    {GST_BUFFER_FLAG_NON_DROPPABLE, MMAPVIDEO_FRAME_NON_DROPPABLE},
    {GST_BUFFER_FLAG_LIVE, MMAPVIDEO_FRAME_LIVE},
    {GST_BUFFER_FLAG_DECODE_ONLY, MMAPVIDEO_FRAME_DECODE_ONLY},
    {GST_VIDEO_BUFFER_FLAG_INTERLACED, MMAPVIDEO_FRAME_INTERLACED},
    {GST_VIDEO_BUFFER_FLAG_TFF, MMAPVIDEO_FRAME_TOP_FIELD_FIRST},
    {GST_VIDEO_BUFFER_FLAG_RFF, MMAPVIDEO_FRAME_REPEAT_FIRST_FIELD},
    {GST_VIDEO_BUFFER_FLAG_ONEFIELD, MMAPVIDEO_FRAME_ONE_FIELD},
    {GST_VIDEO_BUFFER_FLAG_MULTIPLE_VIEW, MMAPVIDEO_FRAME_MULTIPLE_VIEW},
    {GST_VIDEO_BUFFER_FLAG_FIRST_IN_BUNDLE, MMAPVIDEO_FRAME_FIRST_IN_BUNDLE},
};

}  // namespace

std::uint64_t frame_flags_from_buffer(const GstBuffer* buffer) {
  std::uint64_t flags = 0;
  for (const FlagPair& pair : flag_pairs)
    if ((GST_MINI_OBJECT_FLAGS(buffer) & pair.buffer) != 0) flags |= pair.frame;
  return flags;
}

unsigned buffer_flags_from_frame(std::uint64_t frame_flags) {
  unsigned flags = 0;
  for (const FlagPair& pair : flag_pairs)
    if ((frame_flags & pair.frame) != 0) flags |= pair.buffer;
  return flags;
}

}  // namespace gstmmap
