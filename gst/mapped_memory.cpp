// SPDX-License-Identifier: MIT
// Memory of GStreamer that lies in the mapped file: a slot being filled, or a frame under a lease.
#include "mapped_memory.hpp"

#include <cstring>
#include <optional>
#include <utility>

namespace {

/// A GstMemory is plain C; what follows it is constructed and destroyed by hand.
struct MappedMemory {
  GstMemory memory;
  guint8* data;
  // One of the two, in memory that is not a part of another.
  std::optional<mmapvideo::Slot> slot;
  mmapvideo::Lease lease;
  std::shared_ptr<gstmmap::LeaseGate> gate;  // told when the lease has ended
};

MappedMemory* mapped(GstMemory* memory) { return reinterpret_cast<MappedMemory*>(memory); }

struct MappedAllocator {
  GstAllocator parent;
};
struct MappedAllocatorClass {
  GstAllocatorClass parent_class;
};

GType mapped_allocator_get_type();

// A payload begins at a page.
constexpr gsize payload_alignment = MMAPVIDEO_PAYLOAD_ALIGNMENT - 1;

MappedMemory* new_memory(GstMemoryFlags flags, GstMemory* parent, guint8* data, gsize max_bytes,
                         gsize offset, gsize bytes) {
  static GstAllocator* const allocator = [] {
    auto* made = GST_ALLOCATOR(g_object_new(mapped_allocator_get_type(), nullptr));
    GST_OBJECT_FLAG_SET(made, GST_OBJECT_FLAG_MAY_BE_LEAKED);
    return GST_ALLOCATOR(gst_object_ref_sink(made));
  }();
  auto* made = new MappedMemory{{}, data, std::nullopt, {}, nullptr};
  gst_memory_init(&made->memory, flags, allocator, parent, max_bytes, payload_alignment, offset,
                  bytes);
  return made;
}

gpointer map_memory(GstMemory* memory, gsize, GstMapFlags) { return mapped(memory)->data; }

void unmap_memory(GstMemory*) {}

/// A part of it, which keeps the whole alive.
GstMemory* share_memory(GstMemory* memory, gssize offset, gssize size) {
  GstMemory* const parent = memory->parent != nullptr ? memory->parent : memory;
  const gsize bytes =
      size == -1 ? memory->size - static_cast<gsize>(offset) : static_cast<gsize>(size);
  const auto flags = static_cast<GstMemoryFlags>(GST_MINI_OBJECT_FLAGS(parent) |
                                                 GST_MINI_OBJECT_FLAG_LOCK_READONLY);
  return &new_memory(flags, parent, mapped(memory)->data, memory->maxsize,
                     memory->offset + static_cast<gsize>(offset), bytes)
              ->memory;
}

GstMemoryCopyFunction default_copy = nullptr;

/// GStreamer copies a buffer that its producer still has mapped for writing. Such a copy is made in
/// the next slot, so that it need not be copied again to be published.
GstMemory* copy_memory(GstMemory* memory, gssize offset, gssize size) {
  mmapvideo::Slot* const slot = gstmmap::slot_of(memory);
  const bool whole = offset == 0 && (size == -1 || static_cast<gsize>(size) == memory->size);
  if (slot != nullptr && !slot->published() && whole) {
    if (auto another = slot->lend_another(memory->size)) {
      std::memcpy(another->payload(), slot->payload(), memory->size);
      return gstmmap::wrap_slot(std::move(*another), memory->size);
    }
  }
  return default_copy(memory, offset, size);
}

/// Whoever asks for this memory by its type gets nothing: it comes with frames only.
GstMemory* alloc_memory(GstAllocator*, gsize, GstAllocationParams*) { return nullptr; }

void free_memory(GstAllocator*, GstMemory* memory) {
  const std::shared_ptr<gstmmap::LeaseGate> gate = std::move(mapped(memory)->gate);
  delete mapped(memory);
  if (gate) gate->count_end();
}

void mapped_allocator_class_init(gpointer klass, gpointer) {
  GST_ALLOCATOR_CLASS(klass)->alloc = alloc_memory;
  GST_ALLOCATOR_CLASS(klass)->free = free_memory;
}

void mapped_allocator_init(GTypeInstance* instance, gpointer) {
  GstAllocator* allocator = GST_ALLOCATOR(instance);
  allocator->mem_type = "mmapvideo";
  allocator->mem_map = map_memory;
  allocator->mem_unmap = unmap_memory;
  allocator->mem_share = share_memory;
  default_copy = allocator->mem_copy;
  allocator->mem_copy = copy_memory;
  GST_OBJECT_FLAG_SET(allocator, GST_ALLOCATOR_FLAG_CUSTOM_ALLOC);
}

GType mapped_allocator_get_type() {
  static const GType type = g_type_register_static_simple(
      GST_TYPE_ALLOCATOR, "GstMmapAllocator", sizeof(MappedAllocatorClass),
      mapped_allocator_class_init, sizeof(MappedAllocator), mapped_allocator_init,
      static_cast<GTypeFlags>(0));
  return type;
}

}  // namespace

namespace gstmmap {

GstMemory* wrap_slot(mmapvideo::Slot slot, gsize bytes) {
  MappedMemory* made =
      new_memory(static_cast<GstMemoryFlags>(0), nullptr, static_cast<guint8*>(slot.payload()),
                 slot.payload_capacity(), 0, bytes);
  made->slot.emplace(std::move(slot));
  return &made->memory;
}

mmapvideo::Slot* slot_of(GstMemory* memory) {
  if (!G_TYPE_CHECK_INSTANCE_TYPE(memory->allocator, mapped_allocator_get_type())) return nullptr;
  MappedMemory* found = mapped(memory);
  return found->slot && memory->offset == 0 ? &*found->slot : nullptr;
}

GstMemory* wrap_lease(mmapvideo::Lease lease, std::shared_ptr<LeaseGate> gate) {
  // GStreamer has no pointer to constant bytes; the flag keeps everybody from writing.
  auto* data = static_cast<guint8*>(const_cast<void*>(lease.payload()));
  const gsize bytes = lease.payload_bytes();
  MappedMemory* made = new_memory(GST_MEMORY_FLAG_READONLY, nullptr, data, bytes, 0, bytes);
  made->lease = std::move(lease);
  made->gate = std::move(gate);
  return &made->memory;
}

void make_read_only(GstMemory* memory) {
  GST_MINI_OBJECT_FLAG_SET(memory, GST_MEMORY_FLAG_READONLY);
}

bool is_being_written(const GstMemory* memory) {
  const gint state = g_atomic_int_get(&memory->mini_object.lockstate);
  return (state & GST_LOCK_FLAG_WRITE) != 0;
}

}  // namespace gstmmap
