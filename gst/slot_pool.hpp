// SPDX-License-Identifier: MIT
// The buffer pool that mmapsink offers upstream: its buffers lie in the next slots of the file.
#pragma once

#include <gst/video/gstvideopool.h>

#include <memory>

namespace gstmmap {

class Publisher;

/// A pool whose buffers are slots of `publisher`'s file while some can be spared, and plain memory,
/// which is copied when it is published, beyond that. Buffers may outlive the publisher; once it is
/// closed, all are plain memory. Any layout that #GstVideoAlignment can express is possible.
GstBufferPool* new_slot_pool(const std::shared_ptr<Publisher>& publisher);

}  // namespace gstmmap
