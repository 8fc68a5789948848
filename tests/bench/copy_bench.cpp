// SPDX-License-Identifier: MIT
// What a copy into the file and a copy out of it cost, as ratios of plain memcpy of the same size
// in the same process. The three take turns within every round, so that a machine whose speed
// drifts slows all of them alike; medians are compared.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mmapvideo/mmapvideo.hpp>
#include <string>
#include <vector>

namespace {

struct Picture {
  const char* name;
  std::uint32_t width;
  std::uint32_t height;
  std::uint64_t bytes;
};

constexpr Picture pictures[] = {
    {"640x480 GRAY8", 640, 480, 640 * 480},
    {"1280x720 RGB", 1280, 720, 1280 * 720 * 3},
    {"1920x1080 NV12", 1920, 1080, 1920 * 1080 * 3 / 2},
    {"3840x2160 RGBA", 3840, 2160, std::uint64_t{3840} * 2160 * 4},
};

using Clock = std::chrono::steady_clock;

template <typename Work>
double seconds_of(Work work) {
  const auto start = Clock::now();
  work();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double median(std::vector<double>& values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

/// As many private frames as the ring has slots, so that plain copies meet the same caches.
class PlainRing {
 public:
  PlainRing(std::uint64_t bytes, std::size_t count) : frames_(count) {
    for (auto& frame : frames_) frame.assign(bytes, 1);
  }
  unsigned char* next() {
    at_ = (at_ + 1) % frames_.size();
    return frames_[at_].data();
  }

 private:
  std::vector<std::vector<unsigned char>> frames_;
  std::size_t at_ = 0;
};

void bench(const Picture& picture, const std::string& path) {
  mmapvideo::FrameInfo info{};
  info.payload_bytes = picture.bytes;
  info.width = picture.width;
  info.height = picture.height;
  mmapvideo::Writer writer(path);
  writer.reserve(picture.bytes, 0);
  mmapvideo::Reader reader(path);
  const std::vector<unsigned char> source(picture.bytes, 2);
  std::vector<unsigned char> sink(picture.bytes, 3);
  PlainRing plain_ring(picture.bytes, writer.stats().slot_count);

  std::vector<double> plain_in;
  std::vector<double> in;
  std::vector<double> plain_out;
  std::vector<double> out;
  const int rounds = static_cast<int>(
      std::clamp<std::uint64_t>((std::uint64_t{4} << 30) / picture.bytes, 100, 4000));
  for (int round = 0; round < rounds; ++round) {
    unsigned char* plain = plain_ring.next();
    plain_in.push_back(seconds_of([&] { std::memcpy(plain, source.data(), picture.bytes); }));
    in.push_back(seconds_of([&] { writer.publish(info, "", source.data()); }));
    plain_out.push_back(seconds_of([&] { std::memcpy(sink.data(), plain, picture.bytes); }));
    out.push_back(seconds_of([&] {
      mmapvideo::Frame frame{};
      if (reader.next(0, frame) != MMAPVIDEO_OK ||
          reader.copy_payload(sink.data(), picture.bytes) != MMAPVIDEO_OK)
        std::abort();  // nobody else writes: every frame must arrive
    }));
  }
  const double gigabytes = static_cast<double>(picture.bytes) / 1e9;
  std::printf("| %-14s | %6.2f | %6.2f | %5.2f | %6.2f | %6.2f | %5.2f |\n", picture.name,
              gigabytes / median(plain_in), gigabytes / median(in), median(plain_in) / median(in),
              gigabytes / median(plain_out), gigabytes / median(out),
              median(plain_out) / median(out));
  writer.close(false);
}

/// What a frame costs beside its copies, from frames too small for them to matter.
void bench_fixed_cost(const std::string& path) {
  mmapvideo::FrameInfo info{};
  info.payload_bytes = 64;
  const unsigned char source[64] = {};
  unsigned char sink[64];
  mmapvideo::Writer writer(path);
  writer.reserve(info.payload_bytes, 0);
  mmapvideo::Reader reader(path);
  std::vector<double> write;
  std::vector<double> read;
  for (int round = 0; round < 20000; ++round) {
    write.push_back(seconds_of([&] { writer.publish(info, "", source); }));
    read.push_back(seconds_of([&] {
      mmapvideo::Frame frame{};
      if (reader.next(0, frame) != MMAPVIDEO_OK ||
          reader.copy_payload(sink, sizeof sink) != MMAPVIDEO_OK)
        std::abort();
    }));
  }
  std::printf(
      "\nIn these: %.2f us a frame to lock, unlock and wake, %.2f us to find and check it.\n",
      median(write) * 1e6, median(read) * 1e6);
  writer.close(false);
}

}  // namespace

int main() {
  const std::string path = "/dev/shm/mmapvideo-copy-bench-" + std::to_string(getpid());
  std::puts("Speed in GB/s; a ratio of 1.00 is as fast as memcpy.");
  std::puts("| frame          | memcpy | write  | ratio | memcpy | read   | ratio |");
  std::puts("|----------------|--------|--------|-------|--------|--------|-------|");
  try {
    for (const Picture& picture : pictures) bench(picture, path);
    bench_fixed_cost(path);
  } catch (const mmapvideo::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
