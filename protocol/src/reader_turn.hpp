// SPDX-License-Identifier: MIT
// A lossless reader's turn: the frame it has not finished (SPEC.md 8.4).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "platform/platform.hpp"
#include "released.hpp"

namespace mmapvideo::core {

/// From which number on a reader's turn keeps frames. Any thread; leases keep it alive.
class KeptFrames {
 public:
  bool include(std::uint64_t number) const noexcept { return number >= first_.load(); }

 private:
  friend class ReaderTurn;
  static constexpr std::uint64_t none = UINT64_MAX;
  std::atomic<std::uint64_t> first_{none};
};

/// At most one turn of one reader in one file. The reader's thread only.
class ReaderTurn {
 public:
  ReaderTurn(std::shared_ptr<const platform::File> file, std::shared_ptr<KeptFrames> kept,
             ReleasedBell bell)
      : file_(std::move(file)), kept_(std::move(kept)), bell_(std::move(bell)) {}
  ~ReaderTurn() { leave(); }
  ReaderTurn(const ReaderTurn&) = delete;
  ReaderTurn& operator=(const ReaderTurn&) = delete;

  bool held() const noexcept { return number_ != 0; }
  /// The number it is on; 0: there is none.
  std::uint64_t number() const noexcept { return number_; }
  bool writer_waits() const noexcept { return bell_.writer_waits(); }
  /// Was it moved so long ago that a writer who waits should not be kept waiting any more?
  bool is_old() const noexcept;
  /// Takes the turn, or moves it. What is looked at afterwards stays, if it was not claimed before
  /// (H). Throws Failure.
  void move_to(std::uint64_t number, std::uint32_t lane);
  void leave() noexcept;

 private:
  void unlock() noexcept;

  const std::shared_ptr<const platform::File> file_;
  const std::shared_ptr<KeptFrames> kept_;
  const ReleasedBell bell_;
  std::uint64_t number_ = 0;
  std::uint64_t moved_time_ns_ = 0;  // on the monotonic clock
  std::uint32_t lane_ = 0;
};

}  // namespace mmapvideo::core
