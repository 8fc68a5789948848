// SPDX-License-Identifier: MIT
// Percentiles of latencies in constant space: buckets grow with the value, 32 for each doubling,
// so a percentile is at most 1/32 (3 %) above the true one. Pure.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace gstmmap {

/// One thread adds, any thread asks. Values are nanoseconds.
class LatencyHistogram {
 public:
  void add(std::uint64_t latency_ns);
  /// The upper end of the bucket below which `per_cent` of the values lie; 0 without values.
  std::uint64_t percentile(unsigned per_cent) const;
  std::uint64_t last() const { return last_ns_; }
  std::uint64_t max() const { return max_ns_; }

  static unsigned bucket_of(std::uint64_t latency_ns);
  static std::uint64_t bucket_end(unsigned bucket);

 private:
  static constexpr unsigned sub_bits = 5;
  static constexpr unsigned bucket_count = (64 - sub_bits + 1) << sub_bits;
  std::array<std::atomic<std::uint32_t>, bucket_count> buckets_{};
  std::atomic<std::uint64_t> count_{0};
  std::atomic<std::uint64_t> last_ns_{0};
  std::atomic<std::uint64_t> max_ns_{0};
};

}  // namespace gstmmap
