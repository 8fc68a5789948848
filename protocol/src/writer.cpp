// SPDX-License-Identifier: MIT
// The writer's algorithm. Numbers like 7.2.3 are steps of SPEC.md.
#include "writer.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "failure.hpp"
#include "file_failure.hpp"
#include "geometry.hpp"
#include "lock_list.hpp"
#include "lock_patience.hpp"
#include "payload_copy.hpp"
#include "seqlock.hpp"

namespace mmapvideo::core {
namespace {

constexpr int max_open_attempts = 10;

Failure refused_frame(const std::string& path, const std::string& problem) {
  return Failure(MMAPVIDEO_INVALID_ARGUMENT,
                 "A frame for " + quoted(path) + " was refused: " + problem + ".");
}

Failure not_taken() {
  return Failure(MMAPVIDEO_INVALID_ARGUMENT, "This slot was not taken, or was given back already.",
                 "slot view");
}

/// Ends what a former writer had begun with a slot. Returns the number of its frame, 0: none.
std::uint64_t repair_slot(std::uint64_t& stamp) noexcept {
  const std::uint64_t number = stamp_number(load_relaxed(stamp));
  if (number == 0 || number > MMAPVIDEO_MAX_FRAME_NUMBER) {
    void_slot(stamp);
    return 0;
  }
  // It may be claimed, but was never written to: the frame is whole.
  withdraw_slot(stamp);
  return number;
}

}  // namespace

mmapvideo_file_header& Writer::header() const noexcept {
  return *reinterpret_cast<mmapvideo_file_header*>(header_mapping_.data());
}

// ---- Start (7.1) ------------------------------------------------------------------------------

Writer::Writer(Options options) : options_(std::move(options)) {
  open_and_lock();
  try {
    create_or_validate();
    take_over();
    start_session();
  } catch (...) {
    // A file that this start created and could not finish is nobody's; others stay untouched.
    if (created_) remove_own_file();
    throw;
  }
}

Writer::~Writer() {
  if (file_.valid() && !closed_) end_session();
}

void Writer::open_and_lock() {
  for (int attempt = 0; attempt < max_open_attempts; ++attempt) {
    file_ = platform::File::open_for_writing(options_.path, options_.permissions, created_);
    const platform::LockResult lock = lock_writer_patiently(file_);
    if (lock == platform::LockResult::held_by_other)
      throw Failure(MMAPVIDEO_ALREADY_WRITING,
                    quoted(options_.path) +
                        " is already being written by another process. Stop that one, or choose "
                        "another path.",
                    "WRITER lock");
    locked_ = lock == platform::LockResult::acquired;
    // The former writer may have removed the file between our open and our lock (7.1.3).
    if (platform::identity_at(options_.path) == file_.identity()) {
      in_memory_ = file_.in_memory();
      return;
    }
  }
  throw Failure(MMAPVIDEO_SYSTEM,
                "Cannot open " + quoted(options_.path) + ": it is replaced over and over.",
                "identity_at");
}

void Writer::create_or_validate() {
  identify(file_);
  if (file_.size() < MMAPVIDEO_HEADER_BYTES) return create();
  header_mapping_ = platform::Mapping(file_, 0, MMAPVIDEO_HEADER_BYTES, platform::Access::write);
  validate();
}

void Writer::create() {
  mmapvideo_file_header fresh{};
  fresh.magic = MMAPVIDEO_MAGIC;
  fresh.version = MMAPVIDEO_VERSION;
  fresh.header_bytes = MMAPVIDEO_HEADER_BYTES;
  platform::fill_random(fresh.file_id, sizeof fresh.file_id);
  file_.write_start(&fresh, MMAPVIDEO_PREAMBLE_BYTES);
  file_.reserve(0, MMAPVIDEO_HEADER_BYTES);
  header_mapping_ = platform::Mapping(file_, 0, MMAPVIDEO_HEADER_BYTES, platform::Access::write);
  // Of a longer file that was cut off, more than the preamble may be left.
  std::memset(header_mapping_.data() + MMAPVIDEO_PREAMBLE_BYTES, 0,
              MMAPVIDEO_HEADER_BYTES - MMAPVIDEO_PREAMBLE_BYTES);
}

/// Takes nothing over that is not valid. Nobody but another writer changes these bytes, and the
/// WRITER lock keeps those out; the copy is for files that a hostile process still scribbles over.
void Writer::validate() {
  mmapvideo_file_header copy;
  copy_racing_from_mapping(&copy, &header(), sizeof copy);
  if (const auto problem = header_problem(copy)) throw broken_file(options_.path, *problem);
  if (copy.ring_generation == 0) return;
  const mmapvideo_ring& ring = copy.rings[copy.ring_generation % 2];
  if (const auto problem = ring_problem(ring, copy.ring_generation, file_.size()))
    throw broken_file(options_.path, *problem);
  // Costs nothing where the space is there; a file that was copied may have holes.
  file_.reserve(ring.offset, ring_bytes(ring));
}

/// Steps 7.1.5 and 7.1.6. A file that was just created has nothing to repair.
void Writer::take_over() {
  signals_ = std::make_unique<platform::Signals>(header(), platform::Access::write);
  const std::uint32_t former_state = load_relaxed(header().state);
  const std::uint32_t former_delivery = load_relaxed(header().delivery);
  begin_forming();
  // A writer that was killed while it waited left it odd.
  if (load_relaxed(header().released) % 2 != 0) increment_release(header().released);
  turns_.set_former_head(header().head_number);
  try {
    if (locked_ && !turns_.waits()) ignore_turns();
    repair();
  } catch (...) {
    // What was repaired is as good as before, and readers may go on with it.
    store_relaxed(header().delivery, former_delivery);
    store_release(header().state, former_state);
    throw;
  }
}

/// Step 7.1.5: from here to the end of start_session() the header is in motion (F).
void Writer::begin_forming() noexcept {
  store_relaxed(header().state, std::uint32_t{MMAPVIDEO_STATE_FORMING});
  fence_before_writing();
}

/// Step 7.1.6: a writer that waits for nobody leaves alone what the turns hold that were taken
/// while `delivery` said that it counts. (H)
void Writer::ignore_turns() {
  store_relaxed(header().delivery, std::uint32_t{MMAPVIDEO_DELIVERY_LATEST});
  fence_between_lock_and_word();
  turns_.pass_over_all(header().head_number);
}

/// Steps 7.1.5, 7.1.7 and 7.1.8.
void Writer::start_session() {
  begin_forming();
  mmapvideo_file_header& h = header();
  const platform::ClockDomain domain = platform::clock_domain();
  h.incompatible_flags = 0;
  h.compatible_flags = locked_ ? 0 : MMAPVIDEO_COMPATIBLE_UNLOCKED;
  h.clock_id = domain.clock_id;
  store_relaxed(h.clock_namespace, domain.clock_namespace);
  std::memcpy(h.boot_id, domain.boot_id, sizeof h.boot_id);
  do {
    platform::fill_random(&session_id_, sizeof session_id_);
  } while (session_id_ == 0);
  store_relaxed(h.session_id, session_id_);
  h.session_count += 1;
  h.session_start_time_ns = platform::monotonic_ns();
  h.session_first_number = next_number_;
  h.writer_process_id = platform::process_id();
  store_relaxed(h.delivery, options_.delivery);
  for (std::uint64_t* counter :
       {&h.frame_count, &h.dropped_count, &h.byte_count, &h.wait_count, &h.passed_over_count})
    store_relaxed(*counter, std::uint64_t{0});
  ended_ = false;
  store_release(h.state, std::uint32_t{MMAPVIDEO_STATE_EMPTY});
  announce();
}

/// What a writer that died may have left (10).
void Writer::repair() {
  const mmapvideo_file_header& h = header();
  const std::uint64_t generation = h.ring_generation;
  next_number_ = h.head_number + 1;
  give_back_unused_end();
  if (generation == 0) return;
  const mmapvideo_ring left = h.rings[generation % 2];
  if (const auto problem = ring_problem(left, generation, file_.size()))
    throw broken_file(options_.path, *problem);
  auto present = new_ring(left);
  present->look_for_leases();
  repair_slots(*present);
  use_ring(std::move(present));

  const mmapvideo_ring predecessor = h.rings[(generation + 1) % 2];
  if (generation < 2 || ring_problem(predecessor, generation - 1, file_.size())) return;
  // Its descriptor may be a mixture with one that was being written; rings are appended, so what
  // reaches into the present one is not the former ring.
  if (predecessor.offset + ring_bytes(predecessor) > left.offset) return;
  former_rings_.push_back(new_ring(predecessor));
  repair_former_slots(*former_rings_.back());
  give_back_former_rings();
}

/// Space behind the rings belongs to a growth that was not finished.
void Writer::give_back_unused_end() {
  const mmapvideo_file_header& h = header();
  const std::uint64_t file_bytes = file_.size();
  std::uint64_t end = MMAPVIDEO_SLOT_ALIGNMENT;
  for (std::uint64_t age = 0; age < std::min<std::uint64_t>(h.ring_generation, 2); ++age) {
    const std::uint64_t generation = h.ring_generation - age;
    const mmapvideo_ring ring = h.rings[generation % 2];
    if (!ring_problem(ring, generation, file_bytes))
      end = std::max(end, ring.offset + ring_bytes(ring));
  }
  if (end < file_bytes) file_.give_back(end, file_bytes - end);
}

void Writer::repair_slots(WriterRing& present) {
  mmapvideo_file_header& h = header();
  std::uint64_t newest = h.head_number;
  for (std::uint32_t index = 0; index < present.ring().slot_count; ++index) {
    const std::uint64_t number = repair_slot(present.slot(index).stamp);
    if (number != 0 && number >= newest) {
      newest = number;
      present.set_head(index);
    }
  }
  if (const auto head = present.head()) {
    store_relaxed(h.head_slot_id, std::uint64_t{slot_id_of(present.ring(), *head)});
    store_release(h.head_number, newest);
  }
  next_number_ = newest + 1;
}

/// Nothing in them is published any more, but readers may still lease what is complete.
void Writer::repair_former_slots(const WriterRing& former) noexcept {
  for (std::uint32_t index = 0; index < former.ring().slot_count; ++index)
    repair_slot(former.slot(index).stamp);
}

// ---- Publishing (7.2) -------------------------------------------------------------------------

void Writer::require_publishable(const Sizes& sizes) const {
  if (sizes.payload_bytes == 0) throw refused_frame(options_.path, "it has no bytes");
  if (sizes.caps_bytes > MMAPVIDEO_MAX_CAPS_BYTES)
    throw refused_frame(options_.path, "its caps are too long");
  if (next_number_ > MMAPVIDEO_MAX_FRAME_NUMBER)
    throw Failure(MMAPVIDEO_BROKEN_FILE, "The frame numbers of " + quoted(options_.path) +
                                             " are used up. Remove the file and start again.");
}

WriterRing* Writer::find_ring(const mmapvideo_slot_view& view) const noexcept {
  if (current_ && current_->ring().generation == view.ring_generation) return current_.get();
  for (const auto& former : former_rings_)
    if (former->ring().generation == view.ring_generation) return former.get();
  return nullptr;
}

void Writer::check_frame(const WriterRing& ring, const mmapvideo_frame_info& info,
                         const char* caps) const {
  if (!frame_fits(ring.ring(), info.payload_bytes, info.caps_bytes, info.metadata_bytes))
    throw refused_frame(options_.path, "it is larger than the slot that was asked for");
  if (info.caps_bytes != 0) {
    if (const auto problem = caps_problem(caps, info.caps_bytes))
      throw refused_frame(options_.path, *problem);
  }
  if (const auto problem = info_problem(info)) throw refused_frame(options_.path, *problem);
}

std::optional<std::uint64_t> Writer::commit(const mmapvideo_slot_view& view,
                                            const mmapvideo_frame_info& info, const char* caps,
                                            bool hold) {
  const MutexLock lock(mutex_);
  WriterRing* const ring = closed_ ? nullptr : find_ring(view);
  if (ring == nullptr || !ring->is_taken(view)) throw not_taken();
  require_publishable({info.payload_bytes, info.caps_bytes, info.metadata_bytes});
  if (ring != current_.get()) return std::nullopt;
  check_frame(*ring, info, caps);
  if (ended_) start_session();

  const std::uint64_t number = next_number_++;
  mmapvideo_slot_header& slot = ring->slot(view.slot_index);
  fill_header(slot, info, caps, number);
  complete_slot(slot.stamp, number);
  ring->publish(view.slot_index, hold);
  if (!hold) increment_relaxed(slots_out_, -1);
  move_head(info, number);
  announce();
  if (++published_in_ring_ % ring->ring().slot_count == 0) look_after_readers();
  if (options_.delivery == MMAPVIDEO_DELIVERY_ACKNOWLEDGED) wait_until_finished(number);
  return number;
}

/// Step 7.2.4, but for payload and metadata.
void Writer::fill_header(mmapvideo_slot_header& slot, const mmapvideo_frame_info& info,
                         const char* caps, std::uint64_t number) const {
  slot.number = number;
  slot.session_id = session_id_;
  mmapvideo_frame_info complete = info;
  clear_reserved(complete);
  complete.publish_time_ns = platform::monotonic_ns();
  complete.publish_wall_time_ns = platform::wall_clock_ns();
  copy_racing_into_mapping(&slot.info, &complete, sizeof complete);
  auto* caps_in_slot = reinterpret_cast<char*>(&slot) + MMAPVIDEO_CAPS_OFFSET;
  copy_racing_into_mapping(caps_in_slot, caps, info.caps_bytes);
  caps_in_slot[info.caps_bytes] = '\0';
}

/// Step 7.2.6 (C), and the counters.
void Writer::move_head(const mmapvideo_frame_info& info, std::uint64_t number) noexcept {
  mmapvideo_file_header& h = header();
  store_relaxed(h.head_slot_id, std::uint64_t{slot_id_of(current_->ring(), *current_->head())});
  store_release(h.head_number, number);
  increment_relaxed(frame_count_, 1);
  increment_relaxed(byte_count_, static_cast<std::int64_t>(info.payload_bytes));
  increment_relaxed(h.frame_count, 1);
  increment_relaxed(h.byte_count, static_cast<std::int64_t>(info.payload_bytes));
  if (load_relaxed(h.frame_count) == 1)
    store_release(h.state, std::uint32_t{MMAPVIDEO_STATE_STREAMING});
}

bool Writer::abort(const mmapvideo_slot_view& view) {
  const MutexLock lock(mutex_);
  WriterRing* const ring = find_ring(view);
  if (ring == nullptr || !ring->is_taken(view)) throw not_taken();
  return slot_came_back(*ring, view);
}

bool Writer::release(const mmapvideo_slot_view& view) {
  const MutexLock lock(mutex_);
  WriterRing* const ring = find_ring(view);
  if (ring == nullptr || !ring->is_held(view)) throw not_taken();
  return slot_came_back(*ring, view);
}

/// True: the writer is closed and this was the last one.
bool Writer::slot_came_back(WriterRing& ring, const mmapvideo_slot_view& view) noexcept {
  increment_relaxed(slots_out_, -1);
  if (closed_)
    ring.let_go(view.slot_index);
  else if (ring.is_taken(view))
    ring.abort(view.slot_index);
  else
    ring.release(view.slot_index);
  return closed_ && nothing_out();
}

bool Writer::nothing_out() const noexcept { return load_relaxed(slots_out_) == 0; }

void Writer::announce() noexcept { signals_->announce(); }

// ---- End (7.3) --------------------------------------------------------------------------------

void Writer::end() noexcept {
  const MutexLock lock(mutex_);
  end_session();
}

void Writer::end_session() noexcept {
  if (current_) current_->withdraw_claims();
  for (const auto& former : former_rings_) former->withdraw_claims();
  if (ended_) return;
  store_release(header().state, std::uint32_t{MMAPVIDEO_STATE_ENDED});
  ended_ = true;
  announce();
}

bool Writer::close(bool keep_file) noexcept {
  released_.cancel();
  const MutexLock lock(mutex_);
  end_session();
  if (!keep_file) remove_own_file();
  closed_ = true;
  if (nothing_out()) {
    file_.close();
    return true;
  }
  if (current_) current_->lock_what_is_out();
  for (const auto& former : former_rings_) former->lock_what_is_out();
  if (locked_) platform::unlock(file_, writer_lock());
  return false;
}

/// Removes the path unless it names another file by now.
void Writer::remove_own_file() noexcept {
  try {
    if (platform::identity_at(options_.path) == file_.identity())
      platform::remove_file(options_.path);
  } catch (const Failure&) {
    // The file cannot even be asked who it is: it stays, as after a crash.
    return;
  }
}

mmapvideo_writer_stats Writer::stats() const {
  mmapvideo_writer_stats stats{};
  stats.frame_count = load_relaxed(frame_count_);
  stats.dropped_count = load_relaxed(dropped_count_);
  stats.byte_count = load_relaxed(byte_count_);
  stats.slot_count = static_cast<std::uint32_t>(load_relaxed(slot_count_));
  stats.payload_capacity = load_relaxed(payload_capacity_);
  stats.reader_count =
      locked_ ? static_cast<std::uint32_t>(list_locks(file_, all_reader_locks()).size()) : 0;
  stats.slots_out = static_cast<std::uint32_t>(load_relaxed(slots_out_));
  stats.wait_count = load_relaxed(wait_count_);
  stats.passed_over_count = load_relaxed(passed_over_count_);
  stats.passed_over_now = static_cast<std::uint32_t>(load_relaxed(passed_over_now_));
  stats.lossless_reader_count = locked_ ? lossless_reader_count() : 0;
  stats.in_memory = in_memory_;
  stats.locked = locked_;
  return stats;
}

}  // namespace mmapvideo::core
