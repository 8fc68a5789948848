// SPDX-License-Identifier: MIT
// The other end of the Python tests: a writer or a reader of the C++ library, driven by commands on
// stdin, one answer line each. See peer.py.
#include <mmapvideo/mmapvideo.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "support/die_with_parent.hpp"

namespace {

using mmapvideo::FrameInfo;

// How the pixels of one plane lie.
struct Component {
  std::uint32_t pixel_bytes;
  std::uint32_t shift;     // of columns and rows, against the picture
  std::uint32_t together;  // rows hold a multiple of so many pixels
};

const std::map<std::string, std::vector<Component>> kFormats = {
    {"BGR", {{3, 0, 1}}},
    {"RGB", {{3, 0, 1}}},
    {"BGRA", {{4, 0, 1}}},
    {"RGBA", {{4, 0, 1}}},
    {"BGRx", {{4, 0, 1}}},
    {"RGBx", {{4, 0, 1}}},
    {"GRAY8", {{1, 0, 1}}},
    {"GRAY16_LE", {{2, 0, 1}}},
    {"NV12", {{1, 0, 1}, {2, 1, 1}}},
    {"I420", {{1, 0, 1}, {1, 1, 1}, {1, 1, 1}}},
    {"YUY2", {{2, 0, 2}}},
    {"UYVY", {{2, 0, 2}}},
    {"P010_10LE", {{2, 0, 1}, {4, 1, 1}}},
};

std::uint32_t round_up(std::uint32_t value, std::uint32_t step) {
  return (value + step - 1) / step * step;
}

void set_text(char* field, std::size_t size, const std::string& text) {
  std::memcpy(field, text.data(), std::min(size - 1, text.size()));
}

/// The planes as GStreamer lays them out by default.
FrameInfo describe(const std::string& format, std::uint32_t width, std::uint32_t height) {
  FrameInfo info = {};
  info.pts_ns = info.dts_ns = info.duration_ns = MMAPVIDEO_NONE;
  info.offset = info.offset_end = info.clock_time_ns = MMAPVIDEO_NONE;
  info.width = width;
  info.height = height;
  info.par_numerator = info.par_denominator = info.view_count = 1;
  set_text(info.format, sizeof info.format, format);
  const auto& components = kFormats.at(format);
  for (const Component& component : components) {
    mmapvideo_plane& plane = info.planes[info.plane_count++];
    const std::uint32_t add = (1u << component.shift) - 1;
    plane.offset = info.payload_bytes;
    plane.row_bytes =
        round_up((width + add) >> component.shift, component.together) * component.pixel_bytes;
    plane.rows = (height + add) >> component.shift;
    plane.stride = round_up(plane.row_bytes, 4);
    const bool paired_rows = components.size() > 1 && component.shift == 0;
    info.payload_bytes +=
        static_cast<std::uint64_t>(plane.stride) * round_up(plane.rows, paired_rows ? 2 : 1);
  }
  return info;
}

unsigned char pattern(std::uint64_t seed, std::uint32_t plane, std::uint32_t row, std::uint32_t x) {
  return static_cast<unsigned char>(seed * 31 + plane * 101 + row * 7 + x * 3 + (x >> 8) * 5);
}

/// Calls `visit(offset in the payload, expected byte)` for every byte that carries picture.
template <typename Visit>
void for_each_byte(const FrameInfo& info, std::uint64_t seed, Visit visit) {
  for (std::uint32_t p = 0; p < info.plane_count; ++p) {
    const mmapvideo_plane& plane = info.planes[p];
    for (std::uint32_t row = 0; row < plane.rows; ++row) {
      const auto start = static_cast<std::int64_t>(plane.offset) + plane.stride * row;
      for (std::uint32_t x = 0; x < plane.row_bytes; ++x)
        visit(static_cast<std::size_t>(start + x), pattern(seed, p, row, x));
    }
  }
}

bool is_whole(const FrameInfo& info, const unsigned char* payload) {
  bool whole = true;
  for_each_byte(info, info.pts_ns,
                [&](std::size_t at, unsigned char byte) { whole = whole && payload[at] == byte; });
  return whole;
}

/// A frame's pts is the seed of its pixels.
class WriterPeer {
 public:
  WriterPeer(const std::string& path, std::istream& arguments) {
    mmapvideo_writer_options options = {};
    std::int64_t wait_ms = 0;
    arguments >> options.delivery >> options.slot_count >> wait_ms;
    options.path = path.c_str();
    options.wait_timeout_ns = wait_ms * 1'000'000;
    writer_.emplace(options);
  }

  std::string obey(const std::string& command, std::istream& arguments) {
    std::ostringstream out;
    if (command == "format") {
      std::string format;
      std::uint32_t width = 0, height = 0;
      arguments >> format >> width >> height;
      info_ = describe(format, width, height);
      arguments >> info_.fps_numerator >> info_.fps_denominator;
      caps_ = "video/x-raw, format=(string)" + format + ", width=(int)" + std::to_string(width);
      info_.caps_bytes = static_cast<std::uint32_t>(caps_.size());
      writer_->reserve(info_.payload_bytes, info_.caps_bytes);
      out << "ok";
    } else if (command == "publish") {
      std::uint64_t count = 0, first_seed = 0;
      arguments >> count >> first_seed;
      std::uint64_t number = 0;
      for (std::uint64_t i = 0; i < count; ++i) number = publish(first_seed + i);
      out << "published " << number;
    } else if (command == "begin") {
      slot_ = writer_->begin(info_.payload_bytes, info_.caps_bytes);
      if (slot_) std::memset(slot_->payload(), 0xee, info_.payload_bytes);
      out << (slot_ ? "taken" : "none");
    } else if (command == "readers") {
      std::uint32_t count = 0;
      arguments >> count;
      out << (writer_->wait_for_readers(count, -1) == MMAPVIDEO_OK ? "ok" : "none");
    } else if (command == "stats") {
      const auto stats = writer_->stats();
      out << stats.frame_count << ' ' << stats.dropped_count << ' ' << stats.wait_count << ' '
          << stats.passed_over_count << ' ' << stats.reader_count;
    } else if (command == "close") {
      int keep_file = 0;
      arguments >> keep_file;
      writer_->close(keep_file != 0);
      out << "closed";
    }
    return out.str();
  }

 private:
  std::uint64_t publish(std::uint64_t seed) {
    payload_.resize(info_.payload_bytes);
    for_each_byte(info_, seed, [&](std::size_t at, unsigned char byte) { payload_[at] = byte; });
    info_.pts_ns = seed;
    return writer_->publish(info_, caps_.c_str(), payload_.data()).value_or(0);
  }

  std::optional<mmapvideo::Writer> writer_;
  std::optional<mmapvideo::Slot> slot_;
  FrameInfo info_ = {};
  std::string caps_;
  std::vector<unsigned char> payload_;
};

class ReaderPeer {
 public:
  ReaderPeer(const std::string& path, std::istream& arguments) {
    std::uint32_t delivery = 0;
    arguments >> delivery >> max_leases_;
    reader_.emplace(path, static_cast<mmapvideo_delivery>(delivery), false, max_leases_);
  }

  std::string obey(const std::string& command, std::istream& arguments) {
    std::int64_t count = 0;
    arguments >> count;
    if (command == "next") return next(count);
    if (command == "run") return run(count);
    if (command == "hold") return hold();
    if (command == "look") return look();
    if (command == "drop") {
      held_.clear();
      return "ok";
    }
    return "";
  }

 private:
  struct Held {
    mmapvideo::Lease lease;
    FrameInfo info;
  };

  std::string name_of(mmapvideo::Status status) { return mmapvideo_status_name(status); }

  /// All that the frame says, and whether its pixels are those of its seed.
  std::string next(std::int64_t limit_ms) {
    mmapvideo::Frame frame = {};
    const auto status = reader_->next(limit_ms < 0 ? -1 : limit_ms * 1'000'000, frame);
    if (status != MMAPVIDEO_OK) return name_of(status);
    const FrameInfo& info = *frame.info;
    std::vector<unsigned char> payload(info.payload_bytes);
    const auto copied = reader_->copy_payload(payload.data(), payload.size());
    if (copied != MMAPVIDEO_OK) return name_of(copied);
    std::ostringstream out;
    out << "frame " << frame.number << ' ' << frame.skipped << ' ' << info.format << ' '
        << info.width << ' ' << info.height << ' ' << info.fps_numerator << ' '
        << info.fps_denominator << ' ' << info.pts_ns << ' ' << info.duration_ns << ' '
        << info.payload_bytes << ' ' << (is_whole(info, payload.data()) ? "whole" : "mixed") << ' '
        << (info.metadata_bytes
                ? std::string(static_cast<const char*>(frame.metadata), info.metadata_bytes)
                : "-")
        << ' ' << info.colorimetry << ' ' << (info.chroma_site[0] ? info.chroma_site : "-") << ' ';
    for (std::uint32_t p = 0; p < info.plane_count; ++p)
      out << info.planes[p].offset << ':' << info.planes[p].stride << ':'
          << info.planes[p].row_bytes << ':' << info.planes[p].rows << ',';
    out << '|' << frame.caps;
    return out.str();
  }

  /// Reads frames until the one with the seed `last`; leases them where it may.
  std::string run(std::int64_t last) {
    std::uint64_t frames = 0, skipped = 0, mixed = 0, seed = 0;
    std::vector<unsigned char> copy;
    while (seed < static_cast<std::uint64_t>(last)) {
      mmapvideo::Frame frame = {};
      const auto status = reader_->next(-1, frame);
      if (status == MMAPVIDEO_ENDED) break;
      if (status != MMAPVIDEO_OK) continue;
      mmapvideo::Lease lease;
      const auto leased = max_leases_ ? reader_->lease(lease) : MMAPVIDEO_TOO_MANY_LEASES;
      if (leased == MMAPVIDEO_OVERWRITTEN) continue;
      const auto* payload = static_cast<const unsigned char*>(lease.payload());
      if (leased != MMAPVIDEO_OK) {
        copy.resize(frame.info->payload_bytes);
        if (reader_->copy_payload(copy.data(), copy.size()) != MMAPVIDEO_OK) continue;
        payload = copy.data();
      }
      ++frames;
      skipped += frame.skipped;
      mixed += !is_whole(*frame.info, payload);
      seed = frame.info->pts_ns;
    }
    std::ostringstream out;
    out << "ran " << frames << ' ' << skipped << ' ' << mixed;
    return out.str();
  }

  std::string hold() {
    mmapvideo::Frame frame = {};
    const auto status = reader_->next(-1, frame);
    if (status != MMAPVIDEO_OK) return name_of(status);
    Held held;
    held.info = *frame.info;
    const auto leased = reader_->lease(held.lease);
    if (leased != MMAPVIDEO_OK) return name_of(leased);
    held_.push_back(std::move(held));
    return "held " + std::to_string(frame.number);
  }

  std::string look() {
    const bool whole = std::all_of(held_.begin(), held_.end(), [](const Held& held) {
      return held.lease.is_intact() &&
             is_whole(held.info, static_cast<const unsigned char*>(held.lease.payload()));
    });
    return whole ? "whole" : "mixed";
  }

  std::uint32_t max_leases_ = 0;
  std::optional<mmapvideo::Reader> reader_;
  std::vector<Held> held_;
};

template <typename Peer>
int serve(const std::string& path, std::istream& arguments) {
  Peer peer(path, arguments);
  std::cout << "ready" << std::endl;
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream words(line);
    std::string command;
    words >> command;
    std::cout << peer.obey(command, words) << std::endl;
  }
  return 0;
}

}  // namespace

// interop-peer writer PATH DELIVERY SLOTS WAIT_MS | interop-peer reader PATH DELIVERY MAX_LEASES
int main(int count, char** arguments) try {
  if (count < 3) return 2;
  mmapvideo_test::die_with_parent();
  std::string rest;
  for (int i = 3; i < count; ++i) rest += std::string(arguments[i]) + ' ';
  std::istringstream words(rest);
  if (std::string(arguments[1]) == "writer") return serve<WriterPeer>(arguments[2], words);
  return serve<ReaderPeer>(arguments[2], words);
} catch (const std::exception& problem) {
  std::cout << "error " << problem.what() << std::endl;
  return 1;
}
