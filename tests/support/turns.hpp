// SPDX-License-Identifier: MIT
// Turns (SPEC 7.4, 8.4): writers that wait for them, and turns taken by hand, as a reader of
// another process would.
#pragma once

#include <mmapvideo/mmapvideo.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/later.hpp"
#include "support/library.hpp"
#include "support/ofd_lock.hpp"
#include "support/raw_file.hpp"

namespace mmapvideo_test {

inline constexpr auto kAcknowledged = MMAPVIDEO_DELIVERY_ACKNOWLEDGED;

/// With a ring for frames of the usual size.
inline Writer open_waiting_writer(const std::string& path, unsigned slot_count = 4,
                                  std::int64_t wait_timeout_ns = kForever,
                                  mmapvideo_delivery delivery = kEveryFrame) {
  mmapvideo_writer_options options = writer_options(path, slot_count);
  options.delivery = delivery;
  options.wait_timeout_ns = wait_timeout_ns;
  mmapvideo_error error = {};
  Writer writer(mmapvideo_writer_open(&options, &error));
  if (!writer ||
      mmapvideo_writer_reserve(writer.get(), kFrameBytes, 100, 0, 0, &error) != MMAPVIDEO_OK)
    throw std::runtime_error(error.message);
  return writer;
}

/// Returns when the writer waits for readers (SPEC 7.4.4).
inline void until_writer_waits(const std::string& path) {
  while (load(RawFile(path, O_RDONLY).header().released) % 2 == 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
}
/// Runs `action` on another thread as soon as the writer waits.
template <typename Action>
Later once_writer_waits(const std::string& path, Action action) {
  return Later(
      [=] {
        until_writer_waits(path);
        action();
      },
      std::chrono::milliseconds(0));
}

inline LockRange turn_item(std::uint64_t number, std::uint64_t lane) {
  return lock_item(Family::turn, number % 65536, lane);
}

/// A lossless reader that does nothing but hold a turn.
class HandTurn {
 public:
  HandTurn(const std::string& path, std::uint64_t number, std::uint64_t lane = 7)
      : file_(path, O_RDONLY), lane_(lane) {
    move_to(number);
  }
  void move_to(std::uint64_t number) {
    if (!file_.try_shared(turn_item(number, lane_))) throw std::runtime_error("no turn");
    if (number_ != 0) file_.unlock(turn_item(number_, lane_));
    number_ = number;
  }
  void leave() {
    file_.unlock(turn_item(number_, lane_));
    number_ = 0;
  }

 private:
  LockFile file_;
  std::uint64_t lane_;
  std::uint64_t number_ = 0;
};

/// The indices that have a turn of anybody, in order.
inline std::vector<std::uint64_t> turns_in(const std::string& path) {
  std::vector<std::uint64_t> indices;
  const LockFile file(path, O_RDONLY);
  for (const auto& found : file.list({lock_offset(Family::turn, 0, 0), 1ull << 60}))
    indices.push_back((found.range.offset - lock_offset(Family::turn, 0, 0)) >> 36);
  return indices;
}

}  // namespace mmapvideo_test
