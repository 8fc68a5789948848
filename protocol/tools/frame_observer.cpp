// SPDX-License-Identifier: MIT
// Sees frames being published without being a reader.
#include "frame_observer.hpp"

#include <algorithm>
#include <file_failure.hpp>
#include <geometry.hpp>
#include <mapped_header.hpp>
#include <payload_copy.hpp>
#include <seqlock.hpp>
#include <shared_clock.hpp>

namespace mmapvideo::tools {
namespace {

namespace platform = core::platform;

// As readers do (SPEC.md 8.3).
constexpr std::uint64_t look_after_file_ns = 100'000'000;

}  // namespace

/// One file, mapped read-only.
class FrameObserver::OpenFile {
 public:
  /// Nothing: there is none, or it is not ready yet.
  static std::unique_ptr<OpenFile> open(const std::string& path) {
    platform::File file = platform::File::open_for_reading(path);
    if (!file.valid() || core::identify(file) == core::FileKind::forming ||
        file.size() < MMAPVIDEO_HEADER_BYTES)
      return nullptr;
    std::unique_ptr<OpenFile> opened(new OpenFile(std::move(file)));
    if (core::load_acquire(opened->header().state) == MMAPVIDEO_STATE_FORMING) return nullptr;
    return opened;
  }

  const mmapvideo_file_header& header() const noexcept { return mapped_header_.header(); }
  platform::Signals& signals() noexcept { return mapped_header_.signals(); }
  platform::FileIdentity identity() const { return file_.identity(); }

  std::optional<SeenFrame> look() {
    const std::uint64_t head = core::load_acquire(header().head_number);
    const std::uint64_t now_ns = platform::monotonic_ns();
    if (head <= position_ || !map_ring()) return std::nullopt;
    const auto index = core::slot_index_of(ring_, core::load_relaxed(header().head_slot_id));
    if (!index) return std::nullopt;
    const auto& slot =
        *reinterpret_cast<const mmapvideo_slot_header*>(slots_.data() + ring_.slot_stride * *index);
    const std::uint64_t stamp = core::load_frame_stamp(slot.stamp);
    mmapvideo_slot_header copy;
    core::copy_racing_from_mapping(&copy, &slot, sizeof copy);
    if (!core::slot_unchanged(slot.stamp, stamp) || stamp != 2 * copy.number ||
        copy.number <= position_)
      return std::nullopt;
    return seen(copy, now_ns);
  }

 private:
  // What is there already was not published before our eyes.
  explicit OpenFile(platform::File file)
      : file_(std::move(file)),
        mapped_header_(file_),
        position_(core::load_acquire(header().head_number)) {}

  /// False: there is none, or it is being replaced at this moment.
  bool map_ring() {
    const std::uint64_t generation = core::load_acquire(header().ring_generation);
    if (generation == 0) return false;
    if (generation == ring_.generation) return true;
    mmapvideo_ring copy;
    core::copy_racing_from_mapping(&copy, &header().rings[generation % 2], sizeof copy);
    core::fence_after_copying();
    if (core::load_relaxed(header().ring_generation) != generation) return false;
    if (const auto problem = core::ring_problem(copy, generation, file_.size()))
      throw core::broken_file(file_.path(), *problem);
    slots_ = platform::Mapping(file_, copy.offset, core::ring_bytes(copy), platform::Access::read);
    ring_ = copy;
    return true;
  }

  SeenFrame seen(const mmapvideo_slot_header& slot, std::uint64_t now_ns) {
    SeenFrame frame{};
    frame.number = slot.number;
    frame.session_id = slot.session_id;
    frame.skipped = slot.number - position_ - 1;
    frame.frame_count = core::load_relaxed(header().frame_count);
    frame.publish_time_ns = slot.info.publish_time_ns;
    frame.seen_time_ns = now_ns;
    frame.clock_comparable = shares_clock_of(slot.session_id);
    position_ = slot.number;
    return frame;
  }

  /// Asked once a session: it reads files.
  bool shares_clock_of(std::uint64_t session_id) {
    if (session_id != session_id_) clock_comparable_ = core::shares_clock(header());
    session_id_ = session_id;
    return clock_comparable_;
  }

  platform::File file_;
  core::MappedHeader mapped_header_;
  std::uint64_t position_;
  std::uint64_t session_id_ = 0;
  bool clock_comparable_ = false;
  mmapvideo_ring ring_{};
  platform::Mapping slots_;
};

FrameObserver::FrameObserver(std::string path) : path_(std::move(path)) { follow_path(); }

FrameObserver::~FrameObserver() = default;

std::optional<SeenFrame> FrameObserver::next(std::uint64_t limit_ns) {
  std::uint64_t looked_after_ns = platform::monotonic_ns();
  for (;;) {
    const std::uint32_t published = file_ ? core::load_acquire(file_->header().published) : 0;
    if (file_)
      if (auto frame = file_->look()) return frame;
    const std::uint64_t now_ns = platform::monotonic_ns();
    if (now_ns >= limit_ns || canceller_.cancelled()) return std::nullopt;
    if (now_ns - looked_after_ns >= look_after_file_ns) {
      looked_after_ns = now_ns;
      follow_path();
      continue;
    }
    const std::uint64_t sleep_ns = std::min(limit_ns - now_ns, look_after_file_ns);
    if (file_)
      file_->signals().wait_for_published(published, canceller_, sleep_ns);
    else
      platform::wait_for_cancel(canceller_, sleep_ns);
  }
}

void FrameObserver::follow_path() {
  if (file_ && platform::identity_at(path_) == file_->identity()) return;
  file_ = OpenFile::open(path_);
}

}  // namespace mmapvideo::tools
