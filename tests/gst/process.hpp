// SPDX-License-Identifier: MIT
// Another process with a pipeline in it (pipeline_child.cpp): its lines, its death. Unlike Child it
// executes a program, which a process with threads may do at any time.
#pragma once

#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#if defined(_WIN32)
#include "windows/process.hpp"
#else
#include "posix/process.hpp"
#endif

namespace mmapvideo_test {

/// What a child said of one frame.
struct FrameLine {
  std::uint64_t word = 0;
  bool whole = false;
  bool discont = false;
  std::string checksum;
};

inline FrameLine parse_frame(const std::string& rest) {
  FrameLine frame;
  std::istringstream(rest) >> frame.word >> frame.whole >> frame.discont >> frame.checksum;
  return frame;
}

/// All that a child with mmapsrc said until its end.
struct Reading {
  std::vector<FrameLine> frames;
  std::uint64_t delivered = 0;
  std::uint64_t skipped = 0;
  std::uint64_t reattached = 0;
  std::uint64_t told = 0;
  std::uint64_t kept = 0;
  std::uint64_t changed = 0;  // of the kept ones
  bool eos = false;
  std::string error;
};

inline Reading read_to_end(Process& process) {
  Reading reading;
  while (const auto text = process.line()) {
    std::istringstream in(*text);
    std::string kind;
    in >> kind;
    if (kind == "frame") reading.frames.push_back(parse_frame(text->substr(6)));
    if (kind == "stats")
      in >> reading.delivered >> reading.skipped >> reading.reattached >> reading.told;
    if (kind == "kept") in >> reading.kept >> reading.changed;
    if (kind == "eos") reading.eos = true;
    if (kind == "error") reading.error = text->substr(6);
  }
  return reading;
}

}  // namespace mmapvideo_test
