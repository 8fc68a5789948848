// SPDX-License-Identifier: MIT
// The reader's algorithm. Numbers like 8.2.5 are steps of SPEC.md.
#include "reader.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "deadline.hpp"
#include "file_failure.hpp"
#include "geometry.hpp"
#include "payload_copy.hpp"
#include "seqlock.hpp"
#include "shared_clock.hpp"

namespace mmapvideo::core {
namespace {

constexpr std::uint64_t attach_interval_ns = 50 * ns_per_ms;
constexpr std::uint64_t care_interval_ns = 100 * ns_per_ms;
constexpr int max_looks = 100;

}  // namespace

// ---- Waiting for the next frame (8.2) ---------------------------------------------------------

mmapvideo_status Reader::next(std::int64_t timeout_ns, mmapvideo_frame& frame) {
  has_frame_ = false;
  const Deadline deadline(timeout_ns);
  for (;;) {
    if (canceller_.cancelled()) return MMAPVIDEO_CANCELLED;
    if (!attachment_ && !attach()) {
      const std::uint64_t limit = deadline.limit(platform::monotonic_ns(), attach_interval_ns);
      if (limit == 0) return MMAPVIDEO_TIMEOUT;
      platform::wait_for_cancel(canceller_, limit);
      continue;
    }
    const std::uint32_t published = load_acquire(attachment_->header().published);
    keep_turn();
    switch (look(frame)) {
      case Look::frame:
        return MMAPVIDEO_OK;
      case Look::ended:
        return MMAPVIDEO_ENDED;
      case Look::nothing:
        break;
    }
    const std::uint64_t now = platform::monotonic_ns();
    if (now - last_care_ns_ >= care_interval_ns) {
      last_care_ns_ = now;
      if (const auto status = look_after_file()) return *status;
      if (!attachment_) continue;
    }
    const std::uint64_t limit = deadline.limit(now, care_interval_ns);
    if (limit == 0) return MMAPVIDEO_TIMEOUT;
    // There is time now to touch pages, a few before each look, instead of faulting later.
    if (attachment_->populate_more()) continue;
    move_turn_up();
    attachment_->signals().wait_for_published(published, canceller_, limit);
  }
}

// ---- Turns (8.4) ------------------------------------------------------------------------------

/// Step 8.4.1, and what of 8.4.3 is due before a look.
void Reader::keep_turn() {
  if (options_.delivery == MMAPVIDEO_DELIVERY_LATEST) return;
  const ReaderTurn& turn = attachment_->turn();
  if (!attachment_->takes_turns()) {
    attachment_->leave_turn();
  } else if (!turn.held()) {
    attachment_->move_turn(position_ + 1);
    attachment_->leave_former_ring();
  } else {
    if (is_turn_due()) move_turn_up();
  }
}

/// Step 8.4.3. A writer that waits gets half the ring at a time, so that it need not wait again
/// while it wakes up; one that does not is spared the wait.
bool Reader::is_turn_due() const noexcept {
  if (load_relaxed(attachment_->header().delivery) == MMAPVIDEO_DELIVERY_ACKNOWLEDGED) return true;
  const ReaderTurn& turn = attachment_->turn();
  const std::uint64_t behind = position_ + 1 - turn.number();
  const std::uint32_t slot_count = attachment_->ring().slot_count;
  return 4 * behind >= slot_count || (turn.writer_waits() && turn.is_old());
}

/// To the lowest number that is not finished; or the one before it, while that holds the frame of a
/// lease, which would need a lock of its own, unless the writer waits: it may wait for that frame.
void Reader::move_turn_up() {
  const ReaderTurn& turn = attachment_->turn();
  if (!turn.held()) return;
  const bool waits_for_each =
      load_relaxed(attachment_->header().delivery) == MMAPVIDEO_DELIVERY_ACKNOWLEDGED;
  const bool stays_on_lease =
      !waits_for_each && !turn.writer_waits() && turn.has_lease_on(position_);
  const std::uint64_t number = stays_on_lease ? position_ : position_ + 1;
  if (turn.number() < number) attachment_->move_turn(number);
}

/// Up to the head that was loaded before the ring in use was searched, nothing is within reach.
void Reader::give_up_until(std::uint64_t head) {
  const ReaderTurn& turn = attachment_->turn();
  if (turn.held() && head > position_ && turn.number() <= head) attachment_->move_turn(head + 1);
}

// ---- Finding a frame (8.2) --------------------------------------------------------------------

/// One look for a frame: steps 8.2.2 to 8.2.6. Slots are looked at after head_number (C).
Reader::Look Reader::look(mmapvideo_frame& frame) {
  for (int attempt = 0; attempt < max_looks; ++attempt) {
    const mmapvideo_file_header& header = attachment_->header();
    const std::uint64_t session = load_acquire(header.session_id);
    const std::uint32_t state = load_acquire(header.state);
    const std::uint64_t head = load_acquire(header.head_number);
    if (load_relaxed(header.session_id) != session) continue;
    seen_head_ = head;
    if (state == MMAPVIDEO_STATE_FORMING) return Look::nothing;
    const auto candidate = head > position_ ? choose() : std::nullopt;
    if (candidate) {
      // Passed over (8.4.4): what it goes on with must not be lost as well.
      const ReaderTurn& turn = attachment_->turn();
      if (turn.held() && stamp_number(candidate->stamp) > position_ + 1 &&
          stamp_number(candidate->stamp) > turn.number())
        attachment_->move_turn(stamp_number(candidate->stamp));
      if (take_snapshot(*candidate) == Snapshot::taken) {
        accept(*candidate, frame);
        return Look::frame;
      }
      count_torn();
      continue;
    }
    if (head > position_ && attachment_->follow_growth()) {
      last_index_ = attachment_->ring().slot_count - 1;
      continue;
    }
    give_up_until(head);
    if (state != MMAPVIDEO_STATE_ENDED || told_ended_session_ == session) return Look::nothing;
    told_ended_session_ = session;
    return Look::ended;
  }
  return Look::nothing;
}

std::optional<Reader::Candidate> Reader::choose() const {
  return options_.delivery == MMAPVIDEO_DELIVERY_LATEST ? choose_newest() : choose_next();
}

std::optional<Reader::Candidate> Reader::choose_newest() const {
  const std::uint64_t slot_id = load_relaxed(attachment_->header().head_slot_id);
  const auto index = slot_index_of(attachment_->ring(), slot_id);
  if (!index) return std::nullopt;
  const std::uint64_t stamp = load_frame_stamp(attachment_->slot(*index).stamp);
  // Empty: voided by a writer that took over, or given back.
  if (stamp == 0) return std::nullopt;
  return Candidate{*index, stamp};
}

std::optional<Reader::Candidate> Reader::choose_next() const {
  const std::uint32_t expected = (last_index_ + 1) % attachment_->ring().slot_count;
  const std::uint64_t stamp = load_frame_stamp(attachment_->slot(expected).stamp);
  if (stamp == 2 * (position_ + 1)) return Candidate{expected, stamp};
  return search_ring();
}

/// The frame after the position; if the ring has gone past it, one in the middle of what is there.
std::optional<Reader::Candidate> Reader::search_ring() const {
  std::vector<Candidate> ahead;
  // A frame that is further back is only there because somebody leases it.
  const std::uint64_t oldest_evidence =
      position_ - std::min<std::uint64_t>(position_, attachment_->ring().slot_count - 1);
  bool overrun = true;
  for (std::uint32_t index = 0; index < attachment_->ring().slot_count; ++index) {
    const std::uint64_t stamp = load_frame_stamp(attachment_->slot(index).stamp);
    if (stamp == 0) continue;
    if (stamp_number(stamp) > position_)
      ahead.push_back({index, stamp});
    else if (stamp_number(stamp) >= oldest_evidence)
      overrun = false;
  }
  if (ahead.empty()) return std::nullopt;
  std::sort(ahead.begin(), ahead.end(),
            [](const Candidate& a, const Candidate& b) { return a.stamp < b.stamp; });
  // With a turn it stays; without, it would be overrun again.
  const bool oldest =
      !overrun || attachment_->turn().held() || stamp_number(ahead.front().stamp) == position_ + 1;
  return oldest ? ahead.front() : ahead[ahead.size() / 2];
}

/// Copies all of the frame but its payload, and validates the copy. Step 8.2.5.
Reader::Snapshot Reader::take_snapshot(const Candidate& candidate) {
  const mmapvideo_slot_header& slot = attachment_->slot(candidate.index);
  const std::uint64_t stamp = load_frame_stamp(slot.stamp);
  if (stamp != candidate.stamp || stamp_number(stamp) <= position_) return Snapshot::changed;
  copy_racing_from_mapping(&snapshot_, &slot, sizeof snapshot_);
  if (!slot_unchanged(slot.stamp, stamp)) return Snapshot::changed;
  auto problem = slot_problem(snapshot_, stamp, attachment_->ring());
  if (!problem) {
    const mmapvideo_ring& ring = attachment_->ring();
    const std::size_t caps_bytes = snapshot_.info.caps_bytes;
    caps_.assign(caps_bytes + 1, '\0');
    attachment_->copy_racing(candidate.index, MMAPVIDEO_CAPS_OFFSET, caps_.data(), caps_bytes);
    metadata_.resize(snapshot_.info.metadata_bytes);
    attachment_->copy_racing(candidate.index, ring.payload_offset + ring.payload_capacity,
                             metadata_.data(), metadata_.size());
    if (!slot_unchanged(slot.stamp, stamp)) return Snapshot::changed;
    problem = caps_problem(caps_.data(), caps_bytes);
  }
  if (!problem) return Snapshot::taken;
  // Told once: the frame counts as missed, and the next call goes on behind it.
  const std::uint64_t number = stamp_number(stamp);
  pending_skipped_ += number - position_;
  position_ = number;
  throw broken_file(options_.path, "frame " + std::to_string(number) + ": " + *problem);
}

void Reader::accept(const Candidate& candidate, mmapvideo_frame& frame) {
  const std::uint64_t number = snapshot_.number;
  current_ = candidate;
  const std::uint64_t skipped = std::exchange(pending_skipped_, 0) + (number - position_ - 1);
  position_ = number;
  last_index_ = candidate.index;
  former_session_ = session_;
  session_ = snapshot_.session_id;
  // A writer on a rebooted machine, or in another clock namespace, may have taken over.
  if (session_ != former_session_) clock_comparable_ = shares_clock(attachment_->header());
  has_frame_ = true;
  ++frame_count_;
  skipped_count_ += skipped;

  frame = mmapvideo_frame{};
  frame.number = number;
  frame.skipped = skipped;
  frame.session_id = session_;
  frame.new_session = session_ != former_session_;
  frame.info = &snapshot_.info;
  frame.caps = caps_.data();
  frame.metadata = metadata_.empty() ? nullptr : metadata_.data();
}

mmapvideo_status Reader::copy_range(std::uint64_t offset, void* to, std::uint64_t bytes) {
  require_frame();
  if (offset > snapshot_.info.payload_bytes || bytes > snapshot_.info.payload_bytes - offset)
    throw Failure(MMAPVIDEO_INVALID_ARGUMENT, "The frame has fewer bytes than were asked for.");
  const mmapvideo_slot_header& slot = attachment_->slot(current_.index);
  attachment_->copy_racing(current_.index, attachment_->ring().payload_offset + offset, to, bytes);
  if (slot_unchanged(slot.stamp, current_.stamp)) return MMAPVIDEO_OK;
  lose_frame();
  return MMAPVIDEO_OVERWRITTEN;
}

mmapvideo_status Reader::lease(mmapvideo_lease& lease) {
  require_frame();
  if (!attachment_->has_locks()) return MMAPVIDEO_NO_LOCKS;
  ReaderRing& ring = attachment_->mapped_ring();
  // One slot is the head's, one is for the writer to write (8.2).
  const std::uint32_t limit = std::min(options_.max_leases, ring.ring().slot_count - 2);
  lease_limit_ = limit;
  switch (ring.lease(current_.index, current_.stamp, limit)) {
    case ReaderRing::Lease::taken:
      break;
    case ReaderRing::Lease::gone:
      lose_frame();
      return MMAPVIDEO_OVERWRITTEN;
    case ReaderRing::Lease::claimed:
    case ReaderRing::Lease::too_many:
      return MMAPVIDEO_TOO_MANY_LEASES;
    case ReaderRing::Lease::unsupported:
      return MMAPVIDEO_NO_LOCKS;
  }
  ++leased_count_;
  lease = mmapvideo_lease{};
  lease.payload = ring.payload(current_.index);
  lease.payload_bytes = snapshot_.info.payload_bytes;
  lease.number = snapshot_.number;
  lease.ring = &ring;
  lease.slot_index = current_.index;
  return MMAPVIDEO_OK;
}

void Reader::require_frame() const {
  if (!has_frame_)
    throw Failure(MMAPVIDEO_INVALID_ARGUMENT, "There is no frame to read: call next() first.");
}

/// Missed after all: the next frame counts it, and is the first of its session if this was.
void Reader::lose_frame() noexcept {
  has_frame_ = false;
  session_ = former_session_;
  pending_skipped_ = 1;
  --frame_count_;
  count_torn();
}

void Reader::count_torn() noexcept { ++torn_retry_count_; }

// ---- Attaching (8.1) --------------------------------------------------------------------------

/// False: there is nothing to attach to yet.
bool Reader::attach() {
  attachment_ = Attachment::attach(options_.path, lease_budget_, wanted());
  if (!attachment_) {
    waited_for_file_ = true;
    return false;
  }
  choose_start();
  return true;
}

Wanted Reader::wanted() const noexcept {
  if (options_.delivery == MMAPVIDEO_DELIVERY_LATEST) return Wanted::newest;
  return waited_for_file_ ? Wanted::all_of_session : Wanted::all_from_head;
}

/// Sets the position so that the first frame delivered is the right one. Step 8.1.4. What it reads
/// belongs together: it is read again if a session began meanwhile (F).
void Reader::choose_start() {
  int attempt = 0;
  while (!try_choose_start() && attempt < max_looks) ++attempt;
  pending_skipped_ = 0;
  last_index_ = attachment_->ring().slot_count - 1;
  waited_for_file_ = false;
  attached_ = true;
  clock_comparable_ = shares_clock(attachment_->header());
  ++attach_count_;
}

/// False: the header was in motion.
bool Reader::try_choose_start() {
  const mmapvideo_file_header& header = attachment_->header();
  const std::uint64_t session = load_acquire(header.session_id);
  const std::uint32_t state = load_acquire(header.state);
  const bool alive = attachment_->writer_alive();
  const std::uint64_t head = load_acquire(header.head_number);
  const auto index = slot_index_of(attachment_->ring(), load_relaxed(header.head_slot_id));
  const std::uint64_t head_stamp = index ? load_frame_stamp(attachment_->slot(*index).stamp) : 0;
  const bool of_this_session =
      !index || load_relaxed(attachment_->slot(*index).session_id) == session;
  const bool leftover = !of_this_session || (!alive && state != MMAPVIDEO_STATE_ENDED);

  // A head in a ring that was left by growth is out of this reader's reach.
  position_ = head == 0 || !index ? head : head - 1;
  if (leftover && !options_.accept_leftover)
    position_ = head;
  else if (index && attachment_->first_number() != 0)
    position_ = std::min(position_, attachment_->first_number() - 1);
  writer_alive_ = alive;

  fence_after_copying();  // (F)
  return state != MMAPVIDEO_STATE_FORMING &&
         load_relaxed(header.state) != MMAPVIDEO_STATE_FORMING &&
         load_relaxed(header.session_id) == session &&
         (!index || slot_unchanged(attachment_->slot(*index).stamp, head_stamp));
}

// ---- Looking after the file (8.3) -------------------------------------------------------------

std::optional<mmapvideo_status> Reader::look_after_file() {
  if (writer_lost()) return MMAPVIDEO_WRITER_LOST;
  follow_path();
  return std::nullopt;
}

/// True once for a session whose writer died, after its last frame. Step 8.3.1.
bool Reader::writer_lost() {
  const mmapvideo_file_header& header = attachment_->header();
  const std::uint64_t session = load_acquire(header.session_id);
  const bool alive = attachment_->writer_alive();
  writer_alive_ = alive;
  if (alive || load_acquire(header.state) == MMAPVIDEO_STATE_ENDED) return false;
  // What came between the look and the query is looked at first.
  if (told_lost_session_ == session || load_acquire(header.head_number) != seen_head_) return false;
  told_lost_session_ = session;
  // The next call looks at once where the path leads.
  last_care_ns_ = 0;
  return true;
}

/// Has all of this file been looked at and told? Asked after the path was seen to name something
/// else: a writer ends before it removes its file, so what it did last is visible by then.
bool Reader::drained() const {
  const mmapvideo_file_header& header = attachment_->header();
  const std::uint64_t session = load_acquire(header.session_id);
  const std::uint32_t state = load_acquire(header.state);
  return load_acquire(header.head_number) == seen_head_ &&
         (state != MMAPVIDEO_STATE_ENDED || told_ended_session_ == session);
}

/// Goes to the file that has the path now, if it is another one. Step 8.3.2.
void Reader::follow_path() {
  std::optional<platform::FileIdentity> named;
  try {
    named = platform::identity_at(options_.path);
    if (named == attachment_->identity() || !drained()) return;
  } catch (const Failure&) {
    return;  // what cannot be told is no reason to leave; it is asked again
  }
  if (named) {
    try {
      if (auto successor = Attachment::attach(options_.path, lease_budget_, wanted())) {
        attachment_ = std::move(successor);
        waited_for_file_ = true;
        choose_start();
        return;
      }
    } catch (const Failure&) {
      if (attachment_->writer_alive()) return;
      throw;
    }
  }
  if (attachment_->writer_alive() || !drained()) return;
  attachment_.reset();
  attached_ = false;
  waited_for_file_ = true;
}

mmapvideo_reader_stats Reader::stats() const noexcept {
  mmapvideo_reader_stats stats{};
  stats.frame_count = frame_count_;
  stats.skipped_count = skipped_count_;
  stats.torn_retry_count = torn_retry_count_;
  stats.attach_count = attach_count_;
  stats.leased_count = leased_count_;
  stats.lease_count = lease_budget_->count();
  stats.lease_limit = lease_limit_;
  stats.attached = attached_;
  stats.writer_alive = writer_alive_;
  stats.clock_comparable = clock_comparable_;
  return stats;
}

}  // namespace mmapvideo::core
