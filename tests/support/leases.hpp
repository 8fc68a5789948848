// SPDX-License-Identifier: MIT
// Leases that end themselves, and what a frame looks like under one.
#pragma once

#include <gtest/gtest.h>
#include <mmapvideo/mmapvideo.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/frames.hpp"
#include "support/library.hpp"
#include "support/ofd_lock.hpp"
#include "support/raw_file.hpp"

namespace mmapvideo_test {

/// The C structure, ended once. Nothing is leased where payload() is null.
class Lease {
 public:
  Lease() = default;
  explicit Lease(const mmapvideo_lease& lease) : lease_(lease) {}
  ~Lease() { end(); }
  Lease(Lease&& other) noexcept : lease_(std::exchange(other.lease_, mmapvideo_lease{})) {}
  Lease& operator=(Lease&& other) noexcept {
    std::swap(lease_, other.lease_);
    return *this;
  }

  const void* payload() const { return lease_.payload; }
  std::uint64_t bytes() const { return lease_.payload_bytes; }
  std::uint64_t number() const { return lease_.number; }
  bool is_intact() const { return mmapvideo_lease_is_intact(&lease_) != 0; }
  void end() { mmapvideo_lease_end(&lease_); }
  Lease share() const {
    Lease other;
    mmapvideo_lease_share(&lease_, &other.lease_);
    return other;
  }
  bool words_are(std::uint64_t word) const {
    const auto* begin = static_cast<const std::byte*>(lease_.payload);
    return begin != nullptr && all_words_are({begin, begin + lease_.payload_bytes}, word);
  }

 private:
  mmapvideo_lease lease_ = {};
};

inline mmapvideo_status lease_frame(const Reader& reader, Lease& lease,
                                    mmapvideo_error* error = nullptr) {
  mmapvideo_lease found = {};
  mmapvideo_status status = mmapvideo_reader_lease(reader.get(), &found, error);
  lease = Lease(found);
  return status;
}
/// The status alone; what was leased is given back.
inline mmapvideo_status try_lease(const Reader& reader) {
  Lease lease;
  return lease_frame(reader, lease);
}
/// next() and lease(). Throws where either fails.
inline Lease take_lease(const Reader& reader, std::int64_t timeout_ns = kForever) {
  Lease lease;
  Taken taken = next_frame(reader, timeout_ns);
  if (taken.status != MMAPVIDEO_OK) throw std::runtime_error("no frame to lease");
  mmapvideo_error error = {};
  mmapvideo_status status = lease_frame(reader, lease, &error);
  if (status != MMAPVIDEO_OK) throw std::runtime_error(mmapvideo_status_name(status));
  return lease;
}

inline Reader open_leasing_reader(const std::string& path, std::uint32_t max_leases,
                                  mmapvideo_delivery delivery = kEveryFrame) {
  mmapvideo_reader_options options = {};
  options.path = path.c_str();
  options.delivery = delivery;
  options.max_leases = max_leases;
  mmapvideo_error error = {};
  Reader reader(mmapvideo_reader_open(&options, &error));
  if (!reader) throw std::runtime_error(error.message);
  return reader;
}

/// The locks of others on the slot that holds `number` in the ring in use.
inline std::vector<FoundLock> locks_on_frame(const std::string& path, std::uint64_t number) {
  RawFile raw(path, O_RDONLY);
  const int index = raw.find(number);
  if (index < 0) throw std::runtime_error("the frame is not in the ring");
  return LockFile(path).list(all_lanes(Family::slot, raw.slot_id(static_cast<unsigned>(index))));
}

}  // namespace mmapvideo_test
