// SPDX-License-Identifier: MIT
// The buffer pool that mmapsink offers upstream: its buffers lie in the next slots of the file.
//
// A buffer and its memory are made anew for every slot, since which slot is free next is only known
// then; the base class keeps and recycles the buffers of plain memory. Where upstream sets a
// maximum, the base class counts and waits, and nothing is recycled: a buffer of plain memory would
// be preferred to a slot for ever.
#include "slot_pool.hpp"

#include <gst/video/video.h>

#include <optional>
#include <string>

#include "mapped_memory.hpp"
#include "publisher.hpp"

namespace {

using gstmmap::Publisher;

/// What the configuration says about a buffer.
struct BufferPlan {
  GstVideoInfo info{};  // with the alignment that was asked for
  bool has_video_meta = false;
  bool fits_slots = false;  // nothing was asked for that a slot cannot give
  gsize bytes = 0;
  gsize padding_bytes = 0;  // behind the frame, asked for by upstream
  guint min_buffers = 0;
  guint max_buffers = 0;  // 0: any number
  std::uint32_t caps_bytes = 0;
};

struct PoolState {
  std::weak_ptr<Publisher> publisher;
  BufferPlan plan;  // constant while the pool is active
};

struct SlotPool {
  GstVideoBufferPool parent;
  PoolState* state;
};
struct SlotPoolClass {
  GstVideoBufferPoolClass parent_class;
};

GstBufferPoolClass* parent_class = nullptr;

SlotPool* slot_pool(GstBufferPool* pool) { return reinterpret_cast<SlotPool*>(pool); }

/// Marks the buffers of plain memory, which the base class recycles.
GQuark plain_buffer_quark() {
  static const GQuark quark = g_quark_from_static_string("gstmmap-plain-buffer");
  return quark;
}

/// Upstream did not choose where its memory is to come from.
bool is_any_memory(const GstAllocator* allocator) {
  return allocator == nullptr || g_strcmp0(allocator->mem_type, GST_ALLOCATOR_SYSMEM) == 0;
}

std::optional<BufferPlan> plan_buffers(GstStructure* config) {
  BufferPlan plan;
  GstCaps* caps = nullptr;
  guint bytes = 0;
  if (!gst_buffer_pool_config_get_params(config, &caps, &bytes, &plan.min_buffers,
                                         &plan.max_buffers) ||
      caps == nullptr || !gst_video_info_from_caps(&plan.info, caps))
    return std::nullopt;
  if (gst_buffer_pool_config_has_option(config, GST_BUFFER_POOL_OPTION_VIDEO_ALIGNMENT)) {
    GstVideoAlignment alignment;
    gst_video_alignment_reset(&alignment);
    gst_buffer_pool_config_get_video_alignment(config, &alignment);
    if (!gst_video_info_align(&plan.info, &alignment)) return std::nullopt;
  }
  GstAllocator* allocator = nullptr;
  GstAllocationParams params;
  gst_allocation_params_init(&params);
  gst_buffer_pool_config_get_allocator(config, &allocator, &params);
  plan.has_video_meta =
      gst_buffer_pool_config_has_option(config, GST_BUFFER_POOL_OPTION_VIDEO_META);
  plan.bytes = MAX(bytes, plan.info.size);
  plan.padding_bytes = params.padding;
  plan.fits_slots =
      is_any_memory(allocator) && params.prefix == 0 && params.align < MMAPVIDEO_PAYLOAD_ALIGNMENT;
  gchar* text = gst_caps_to_string(caps);
  plan.caps_bytes = static_cast<std::uint32_t>(std::string(text).size());
  g_free(text);
  return plan;
}

gboolean slot_pool_set_config(GstBufferPool* pool, GstStructure* config) {
  if (!parent_class->set_config(pool, config)) return FALSE;
  const auto plan = plan_buffers(config);
  if (plan) slot_pool(pool)->state->plan = *plan;
  return plan.has_value();
}

/// Makes the ring deep enough for what upstream is going to keep. Plain memory is not made ahead.
gboolean slot_pool_start(GstBufferPool* pool) {
  const PoolState& state = *slot_pool(pool)->state;
  const BufferPlan& plan = state.plan;
  const auto publisher = state.publisher.lock();
  if (publisher && plan.fits_slots)
    publisher->reserve(plan.bytes + plan.padding_bytes, plan.caps_bytes, plan.min_buffers);
  return TRUE;
}

GstBuffer* wrap(mmapvideo::Slot slot, BufferPlan& plan) {
  GstBuffer* buffer = gst_buffer_new();
  gst_buffer_append_memory(buffer, gstmmap::wrap_slot(std::move(slot), plan.bytes));
  GstVideoInfo& info = plan.info;
  if (plan.has_video_meta)
    gst_buffer_add_video_meta_full(buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_INFO_FORMAT(&info),
                                   static_cast<guint>(info.width), static_cast<guint>(info.height),
                                   GST_VIDEO_INFO_N_PLANES(&info), info.offset, info.stride);
  return buffer;
}

/// A buffer in the next slot. Null: none can be lent.
GstBuffer* lend(GstBufferPool* pool) {
  PoolState& state = *slot_pool(pool)->state;
  BufferPlan& plan = state.plan;
  const auto publisher = state.publisher.lock();
  if (!publisher || !plan.fits_slots) return nullptr;
  auto slot = publisher->lend(plan.bytes + plan.padding_bytes, plan.caps_bytes);
  return slot ? wrap(std::move(*slot), plan) : nullptr;
}

bool is_counted(GstBufferPool* pool) { return slot_pool(pool)->state->plan.max_buffers != 0; }

GstFlowReturn slot_pool_acquire(GstBufferPool* pool, GstBuffer** buffer,
                                GstBufferPoolAcquireParams* params) {
  if (GST_BUFFER_POOL_IS_FLUSHING(pool)) return GST_FLOW_FLUSHING;
  if (!is_counted(pool) && (*buffer = lend(pool)) != nullptr) return GST_FLOW_OK;
  return parent_class->acquire_buffer(pool, buffer, params);
}

GstFlowReturn slot_pool_alloc(GstBufferPool* pool, GstBuffer** buffer,
                              GstBufferPoolAcquireParams* params) {
  if (is_counted(pool) && (*buffer = lend(pool)) != nullptr) return GST_FLOW_OK;
  const GstFlowReturn flow = parent_class->alloc_buffer(pool, buffer, params);
  if (flow == GST_FLOW_OK && !is_counted(pool))
    gst_mini_object_set_qdata(GST_MINI_OBJECT_CAST(*buffer), plain_buffer_quark(), pool, nullptr);
  return flow;
}

void slot_pool_release(GstBufferPool* pool, GstBuffer* buffer) {
  const bool is_recycled =
      gst_mini_object_get_qdata(GST_MINI_OBJECT_CAST(buffer), plain_buffer_quark()) != nullptr;
  if (!is_recycled && !is_counted(pool)) {
    gst_buffer_unref(buffer);
    return;
  }
  // So marked, the base class frees it and counts it off.
  if (!is_recycled) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_TAG_MEMORY);
  parent_class->release_buffer(pool, buffer);
}

void slot_pool_finalize(GObject* object) {
  delete slot_pool(GST_BUFFER_POOL_CAST(object))->state;
  G_OBJECT_CLASS(parent_class)->finalize(object);
}

void slot_pool_class_init(gpointer klass, gpointer) {
  parent_class = GST_BUFFER_POOL_CLASS(g_type_class_peek_parent(klass));
  G_OBJECT_CLASS(klass)->finalize = slot_pool_finalize;
  GstBufferPoolClass* pool_class = GST_BUFFER_POOL_CLASS(klass);
  pool_class->set_config = slot_pool_set_config;
  pool_class->start = slot_pool_start;
  pool_class->acquire_buffer = slot_pool_acquire;
  pool_class->alloc_buffer = slot_pool_alloc;
  pool_class->release_buffer = slot_pool_release;
}

void slot_pool_init(GTypeInstance* instance, gpointer) {
  slot_pool(GST_BUFFER_POOL_CAST(instance))->state = new PoolState;
}

GType slot_pool_get_type() {
  static const GType type = g_type_register_static_simple(
      GST_TYPE_VIDEO_BUFFER_POOL, "GstMmapSlotPool", sizeof(SlotPoolClass), slot_pool_class_init,
      sizeof(SlotPool), slot_pool_init, static_cast<GTypeFlags>(0));
  return type;
}

}  // namespace

namespace gstmmap {

GstBufferPool* new_slot_pool(const std::shared_ptr<Publisher>& publisher) {
  auto* pool = GST_BUFFER_POOL(g_object_new(slot_pool_get_type(), nullptr));
  gst_object_ref_sink(pool);
  slot_pool(pool)->state->publisher = publisher;
  return pool;
}

}  // namespace gstmmap
