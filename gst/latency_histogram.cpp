// SPDX-License-Identifier: MIT
// Percentiles of latencies in constant space.
#include "latency_histogram.hpp"

#include <algorithm>
#include <bit>

namespace gstmmap {

// Values below 2^sub_bits have a bucket each; above, the leading bit chooses the group and the
// sub_bits bits behind it the bucket.
unsigned LatencyHistogram::bucket_of(std::uint64_t latency_ns) {
  if (latency_ns < (std::uint64_t{1} << sub_bits)) return static_cast<unsigned>(latency_ns);
  const unsigned shift = static_cast<unsigned>(std::bit_width(latency_ns)) - 1 - sub_bits;
  const auto sub = static_cast<unsigned>(latency_ns >> shift) - (1u << sub_bits);
  return ((shift + 1) << sub_bits) + sub;
}

std::uint64_t LatencyHistogram::bucket_end(unsigned bucket) {
  const unsigned group = bucket >> sub_bits;
  const std::uint64_t sub = bucket & ((1u << sub_bits) - 1);
  if (group == 0) return sub;
  return (((std::uint64_t{1} << sub_bits) + sub + 1) << (group - 1)) - 1;
}

void LatencyHistogram::add(std::uint64_t latency_ns) {
  ++buckets_[bucket_of(latency_ns)];
  ++count_;
  last_ns_ = latency_ns;
  if (latency_ns > max_ns_) max_ns_ = latency_ns;
}

std::uint64_t LatencyHistogram::percentile(unsigned per_cent) const {
  const std::uint64_t wanted = (count_ * per_cent + 99) / 100;
  if (wanted == 0) return 0;
  std::uint64_t seen = 0;
  for (unsigned bucket = 0; bucket < bucket_count; ++bucket) {
    seen += buckets_[bucket];
    if (seen >= wanted) return std::min<std::uint64_t>(bucket_end(bucket), max_ns_);
  }
  return max_ns_;
}

}  // namespace gstmmap
