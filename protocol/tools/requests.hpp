// SPDX-License-Identifier: MIT
// What the user asked for: one structure for each subcommand.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace mmapvideo::tools {

struct ListRequest {
  std::vector<std::string> places;  // directories, or single files
  bool json = false;
};

struct InfoRequest {
  std::string path;
  bool json = false;
};

struct WatchRequest {
  std::string path;
  double seconds = 0;  // 0: until interrupted
  bool wait = false;   // for a file that does not exist yet
  bool plain = false;
  bool json = false;
};

struct DumpRequest {
  std::string path;
  std::string output;        // "-": stdout
  std::uint64_t frames = 0;  // 0: one for PNG, else until the end
  bool raw = false;
  bool png = false;
  bool every_frame = false;
  double timeout_s = 5;  // negative: no limit
  bool json = false;
};

struct PlayRequest {
  std::string path;
  std::string clip = "-";  // "-": stdin
  bool fast = false;
  bool loop = false;
  std::string delivery = "latest";
  std::uint32_t wait_for_readers = 0;
  double wait_timeout_s = 1;  // negative: no limit
  std::uint32_t slots = 0;    // 0: chosen from the frame size
  std::uint32_t permissions = 0600;
  bool keep_file = false;
  bool json = false;
};

struct CheckRequest {
  std::string path;
  bool json = false;
};

struct GcRequest {
  std::vector<std::string> places;
  bool dry_run = false;
  bool json = false;
};

using Request = std::variant<ListRequest, InfoRequest, WatchRequest, DumpRequest, PlayRequest,
                             CheckRequest, GcRequest>;

}  // namespace mmapvideo::tools
