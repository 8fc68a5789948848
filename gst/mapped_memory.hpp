// SPDX-License-Identifier: MIT
// Memory of GStreamer that lies in the mapped file: a slot being filled, or a frame under a lease.
#pragma once

#include <gst/gst.h>

#include <memory>
#include <mmapvideo/mmapvideo.hpp>

#include "lease_gate.hpp"

namespace gstmmap {

/// Memory of `bytes` bytes that is the slot's payload; the slot goes back with the last reference.
/// Never NULL.
GstMemory* wrap_slot(mmapvideo::Slot slot, gsize bytes);

/// The slot that is all of `memory`, or NULL: other memory, or a part. Owned by `memory`.
mmapvideo::Slot* slot_of(GstMemory* memory);

/// Read-only memory that is the leased payload; the lease ends with the last reference, which
/// `gate` (may be null) is told. Never NULL.
GstMemory* wrap_lease(mmapvideo::Lease lease, std::shared_ptr<LeaseGate> gate);

/// From now on nobody may map `memory` for writing; who tries gets a copy of it from GStreamer.
void make_read_only(GstMemory* memory);

/// Is it mapped for writing at this moment?
bool is_being_written(const GstMemory* memory);

}  // namespace gstmmap
