// SPDX-License-Identifier: MIT
// A reader's hold on one file. Numbers like 8.1.3 are steps of SPEC.md.
#include "attachment.hpp"

#include <algorithm>

#include "file_failure.hpp"
#include "geometry.hpp"
#include "lock_patience.hpp"
#include "payload_copy.hpp"
#include "seqlock.hpp"

namespace mmapvideo::core {
namespace {

constexpr int max_descriptor_attempts = 100;
constexpr int max_lane_draws = 16;
constexpr int max_joins = 100;

Failure not_settling(const platform::File& file) {
  return broken_file(file.path(), "ring_generation does not settle");
}

}  // namespace

std::unique_ptr<Attachment> Attachment::attach(const std::string& path,
                                               std::shared_ptr<LeaseBudget> budget, Wanted wanted) {
  platform::File file = platform::File::open_for_reading(path);
  if (!file.valid()) return nullptr;
  std::unique_ptr<Attachment> attachment(new Attachment(std::move(file), std::move(budget)));
  if (!attachment->map_header()) return nullptr;
  attachment->choose_first_number(wanted);
  attachment->announce_presence(wanted);
  if (!attachment->map_ring()) return nullptr;
  return attachment;
}

Attachment::Attachment(platform::File file, std::shared_ptr<LeaseBudget> budget)
    : file_(std::make_shared<const platform::File>(std::move(file))),
      budget_(std::move(budget)),
      hold_(std::make_shared<TurnHold>(file_)) {}

Attachment::~Attachment() {
  // Leases may keep the descriptor open; this reader is gone all the same.
  if (announced_) platform::unlock(*file_, reader_lock(lane_));
  if (turn_) turn_->leave();
}

/// False: not ready yet.
bool Attachment::map_header() {
  if (identify(*file_) == FileKind::forming || file_->size() < MMAPVIDEO_HEADER_BYTES) return false;

  mapped_header_ = std::make_shared<MappedHeader>(*file_);
  turn_ = std::make_unique<ReaderTurn>(file_, hold_, ReleasedBell(mapped_header_));
  mmapvideo_file_header copy;
  copy_racing_from_mapping(&copy, &header(), sizeof copy);
  if (copy.state == MMAPVIDEO_STATE_FORMING) return false;
  if (const auto problem = header_problem(copy)) {
    // A start may have begun while the copy was made; then the fields are in motion, not wrong.
    if (load_acquire(header().state) == MMAPVIDEO_STATE_FORMING) return false;
    throw broken_file(file_->path(), *problem);
  }
  // A writer that counts readers must not count one that has nothing to read yet.
  return copy.ring_generation != 0;
}

/// False: there is no ring yet. Step 8.1.3.
bool Attachment::map_ring() {
  for (int attempt = 0; attempt < max_descriptor_attempts; ++attempt) {
    const std::uint64_t generation = load_acquire(header().ring_generation);
    if (generation == 0) return false;
    if (map_generation(generation)) return true;
  }
  throw not_settling(*file_);
}

/// False: the descriptor is of another generation. (E)
bool Attachment::map_generation(std::uint64_t generation) {
  const mmapvideo_ring& descriptor = header().rings[generation % 2];
  if (load_acquire(descriptor.generation) != generation) return false;
  mmapvideo_ring copy;
  copy_racing_from_mapping(&copy, &descriptor, sizeof copy);
  fence_after_copying();
  if (load_relaxed(descriptor.generation) != generation) return false;
  if (const auto problem = ring_problem(copy, generation, file_->size())) {
    // A former ring that cannot be used is passed by.
    if (load_acquire(header().ring_generation) != generation) return false;
    throw broken_file(file_->path(), *problem);
  }
  ring_ = std::make_shared<ReaderRing>(file_, copy, lane_, budget_, hold_,
                                       ReleasedBell(mapped_header_));
  return true;
}

/// To the oldest of the later rings that can be found: frames that were not read yet may be in it.
bool Attachment::follow_growth() {
  for (int attempt = 0; attempt < max_descriptor_attempts; ++attempt) {
    const std::uint64_t generation = load_acquire(header().ring_generation);
    if (generation == ring().generation) return false;
    const bool has_ring_between = generation > ring().generation + 1;
    // Another growth may take the older one away, if no turn is on it, and leaves the other one.
    if (has_ring_between && map_generation(generation - 1)) return true;
    if (map_generation(generation)) return true;
  }
  throw not_settling(*file_);
}

/// What is in former rings may be on its way out, by a writer that has not seen the turn (8.4.1).
void Attachment::leave_former_ring() {
  if (load_acquire(header().ring_generation) != ring().generation) map_ring();
}

bool Attachment::populate_more() noexcept {
  // What was given back of a former ring must not be touched (11).
  return load_acquire(header().ring_generation) == ring().generation && ring_->populate_more();
}

/// Takes the READER lock with a lane of its own (SPEC.md 5). Where there are no locks, the reader
/// reads all the same and is not counted. Before it, the turn (8.4.1): a writer that waits for
/// readers must not begin without it.
void Attachment::announce_presence(Wanted wanted) {
  for (int draw = 0; draw < max_lane_draws; ++draw) {
    std::uint32_t lane = 0;
    platform::fill_random(&lane, sizeof lane);
    if (lane == 0) continue;
    lane_ = lane;
    if (first_number_ != 0 && takes_turns()) take_first_turn(wanted);
    const LockRange range = reader_lock(lane);
    announced_ = lock_shared_patiently(*file_, range) == platform::LockResult::acquired;
    if (!announced_) return;
    if (platform::query_other_holder(*file_, range) != platform::LockAnswer::held) {
      // The writer may be waiting for readers.
      ReleasedBell(mapped_header_).ring();
      return;
    }
    platform::unlock(*file_, range);
    announced_ = false;
  }
}

/// What was rewritten before the turn was taken is no gap. Nor is what a fast writer published
/// before it, if that is more than a turn keeps: then the turn is taken anew. (8.4.1)
void Attachment::take_first_turn(Wanted wanted) {
  for (int join = 0; join < max_joins; ++join) {
    turn_->move_to(first_number_, lane_);
    choose_first_number(wanted);
    if (first_number_ - turn_->number() < MMAPVIDEO_TURN_WINDOW) return;
  }
}

void Attachment::copy_racing(std::uint32_t index, std::uint64_t offset, void* to,
                             std::size_t bytes) const {
  if (load_acquire(header().ring_generation) == ring().generation) {
    copy_racing_from_mapping(to, reinterpret_cast<const std::byte*>(&slot(index)) + offset, bytes);
    return;
  }
  // The memory of a former ring may have been given back (11); reading the file asks for none.
  file_->read_at(ring().offset + ring().slot_stride * index + offset, to, bytes);
}

/// What is published from here on is not missed, nor, by a reader that waited for the file, what
/// was published before in this session. Step 8.1.4.
void Attachment::choose_first_number(Wanted wanted) noexcept {
  if (wanted == Wanted::newest) return;
  const std::uint64_t first = load_relaxed(header().session_first_number);
  const std::uint64_t head = load_acquire(header().head_number);
  const std::uint64_t chosen = wanted == Wanted::all_of_session ? std::min(head, first) : head;
  first_number_ = std::max<std::uint64_t>(chosen, 1);
}

bool Attachment::takes_turns() const noexcept {
  return load_relaxed(header().delivery) != MMAPVIDEO_DELIVERY_LATEST && has_locks();
}

bool Attachment::has_locks() const noexcept {
  return (load_relaxed(header().compatible_flags) & MMAPVIDEO_COMPATIBLE_UNLOCKED) == 0;
}

bool Attachment::writer_alive() const noexcept {
  if (!has_locks()) return true;
  return platform::query_exclusive_lock(*file_, writer_lock()) != platform::LockAnswer::free;
}

}  // namespace mmapvideo::core
