// SPDX-License-Identifier: MIT
// `mmapvideo dump`: frames as PNG, as y4m, or as they are.
#include <algorithm>
#include <cmath>
#include <failure.hpp>
#include <filesystem>
#include <iostream>
#include <mmapvideo/mmapvideo.hpp>
#include <optional>

#include "byte_streams.hpp"
#include "commands.hpp"
#include "exit_status.hpp"
#include "frame_sink.hpp"
#include "png_file.hpp"
#include "terminal.hpp"
#include "text.hpp"

namespace mmapvideo::tools {
namespace {

/// Why no more frames are written.
enum class End { count, session_ended, writer_lost, timeout, interrupted, unread };

const char* end_name(End end) {
  switch (end) {
    case End::count:
      return "count";
    case End::session_ended:
      return "session ended";
    case End::writer_lost:
      return "writer lost";
    case End::timeout:
      return "timeout";
    case End::interrupted:
      return "interrupted";
    case End::unread:
      return "output closed";
  }
  return "";
}

std::int64_t timeout_ns(double seconds) {
  return seconds < 0 ? -1 : static_cast<std::int64_t>(std::min(seconds, 1e9) * 1e9);
}

class Dump {
 public:
  explicit Dump(const DumpRequest& request)
      : request_(request),
        // The last picture of a writer that crashed is worth seeing, too; a stream waits for a
        // writer that lives.
        reader_(request.path,
                request.every_frame ? MMAPVIDEO_DELIVERY_EVERY_FRAME : MMAPVIDEO_DELIVERY_LATEST,
                request.frames == 1),
        interrupt_([this] { reader_.cancel(); }),
        sink_(FrameSink::create(request, interrupt_)) {}

  int run() {
    const End end = copy_frames();
    if (end == End::timeout && frames_ == 0 && !is_there())
      throw core::Failure(MMAPVIDEO_NOT_FOUND,
                          '"' + printable_path(request_.path) + "\" does not exist.");
    if (request_.json)
      std::cout << pretty(summary(end)) << std::flush;
    else if (!is_standard(request_.output) && frames_ != 0)
      std::cout << summary_text() << std::flush;
    return explain(end);
  }

 private:
  End copy_frames() {
    const std::uint64_t wanted = request_.frames;
    for (;;) {
      mmapvideo::Frame frame{};
      if (const auto end = next(frame)) return *end;
      payload_.resize(frame.info->payload_bytes);
      if (reader_.copy_payload(payload_.data(), payload_.size()) != MMAPVIDEO_OK) continue;
      // Frames before the first one are not missed.
      if (frames_ != 0) skipped_ += frame.skipped;
      if (!sink_->write(frame, payload_.data()))
        return interrupt_.requested() ? End::interrupted : End::unread;
      ++frames_;
      last_number_ = frame.number;
      if (frames_ == wanted) return End::count;
    }
  }

  /// Nothing: there is a frame. The end of a writer before the first frame is that of a former one.
  std::optional<End> next(mmapvideo::Frame& frame) {
    for (;;) {
      switch (reader_.next(timeout_ns(request_.timeout_s), frame)) {
        case MMAPVIDEO_OK:
          return std::nullopt;
        case MMAPVIDEO_CANCELLED:
          return End::interrupted;
        case MMAPVIDEO_ENDED:
          if (frames_ != 0) return End::session_ended;
          break;
        case MMAPVIDEO_WRITER_LOST:
          if (frames_ != 0) return End::writer_lost;
          break;
        default:
          return End::timeout;
      }
    }
  }

  nlohmann::ordered_json summary(End end) const {
    return {{"path", request_.path},
            {"output", request_.output},
            {"frames", frames_},
            {"skipped", skipped_},
            {"last_number", frames_ != 0 ? nlohmann::ordered_json(last_number_) : nullptr},
            {"end", end_name(end)}};
  }

  std::string summary_text() const {
    return printable_path(request_.output) + ": " + count_text(frames_, "frame") +
           (frames_ > 1 ? ", " + std::to_string(skipped_) + " skipped" : "") + '\n';
  }

  /// Says what went wrong, if something did.
  int explain(End end) const {
    const std::string path = printable_path(request_.path);
    const auto complain = [](const std::string& sentence) {
      std::cerr << "mmapvideo: " << sentence << '\n';
      return finding;
    };
    if (end == End::timeout)
      return complain("no frame came from \"" + path + "\" within " +
                      rate_text(request_.timeout_s) + " s.");
    if (end == End::writer_lost)
      return complain("the writer of \"" + path +
                      "\" is gone without ending: it crashed or was killed.");
    if (request_.every_frame && skipped_ != 0)
      return complain(count_text(skipped_, "frame") + " of \"" + path +
                      "\" could not be had in time.");
    return fine;
  }

  bool is_there() const {
    const std::u8string path(request_.path.begin(), request_.path.end());
    std::error_code untold;
    return std::filesystem::exists(path, untold);
  }

  const DumpRequest& request_;
  mmapvideo::Reader reader_;
  Interrupt interrupt_;
  const std::unique_ptr<FrameSink> sink_;
  std::vector<std::byte> payload_;
  std::uint64_t frames_ = 0;
  std::uint64_t skipped_ = 0;
  std::uint64_t last_number_ = 0;
};

/// The request with what it leaves open decided.
DumpRequest completed(DumpRequest request) {
  if (request.output.empty())
    throw UsageError("where to? Give -o FILE.png, -o FILE.y4m, or - for stdout");
  if (request.raw && request.png) throw UsageError("--raw and --png exclude each other");
  const bool to_stdout = is_standard(request.output);
  if (to_stdout && request.json) throw UsageError("--json and frames cannot share stdout");
  if (to_stdout && stdout_is_terminal())
    throw UsageError("frames are not for a terminal: redirect stdout, or give -o FILE");
  request.png = request.png || (!request.raw && request.output.ends_with(".png"));
  if (!request.raw && !request.png && !to_stdout && !request.output.ends_with(".y4m"))
    throw UsageError("\"" + printable_path(request.output) +
                     "\" ends in neither .png nor .y4m; --raw writes any file");
  if (request.png && request.frames == 0) request.frames = 1;
  return request;
}

}  // namespace

int run(const DumpRequest& request) {
  const DumpRequest complete = completed(request);
  if (complete.png && !png_obstacle().empty())
    throw core::Failure(MMAPVIDEO_SYSTEM, png_obstacle());
  return Dump(complete).run();
}

}  // namespace mmapvideo::tools
