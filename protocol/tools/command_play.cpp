// SPDX-License-Identifier: MIT
// `mmapvideo play`: a y4m stream into a mapped file.
#include <algorithm>
#include <failure.hpp>
#include <iostream>
#include <mmapvideo/mmapvideo.hpp>
#include <mutex.hpp>
#include <optional>

#include "byte_streams.hpp"
#include "commands.hpp"
#include "exit_status.hpp"
#include "frame_layout.hpp"
#include "pacer.hpp"
#include "text.hpp"
#include "y4m_reader.hpp"

namespace mmapvideo::tools {
namespace {

mmapvideo_delivery delivery_of(const std::string& name) {
  if (name == "every-frame") return MMAPVIDEO_DELIVERY_EVERY_FRAME;
  if (name == "acknowledged") return MMAPVIDEO_DELIVERY_ACKNOWLEDGED;
  return MMAPVIDEO_DELIVERY_LATEST;
}

mmapvideo_writer_options options_of(const PlayRequest& request) {
  mmapvideo_writer_options options{};
  options.path = request.path.c_str();
  options.permissions = request.permissions;
  options.slot_count = request.slots;
  options.delivery = static_cast<std::uint32_t>(delivery_of(request.delivery));
  // 0 is the library's word for its default; here it means not to wait.
  options.wait_timeout_ns =
      request.wait_timeout_s < 0
          ? -1
          : std::max<std::int64_t>(
                static_cast<std::int64_t>(std::min(request.wait_timeout_s, 1e9) * 1e9), 1);
  return options;
}

class Play {
 public:
  explicit Play(const PlayRequest& request)
      : request_(request), interrupt_([this] { cancel(); }), input_(request.clip, interrupt_) {
    if (request.loop && !input_.seekable())
      throw UsageError("--loop needs a file, and " + input_.name() + " is none");
  }

  int run() {
    // Before the file is touched: what is no y4m stream should leave nothing behind.
    std::string frame;
    try {
      begin_stream(frame);
    } catch (const Y4mError& error) {
      if (interrupt_.requested()) return fine;
      throw core::Failure(MMAPVIDEO_INVALID_ARGUMENT,
                          "Cannot play " + input_.name() + ": " + error.what() + '.');
    }
    open_writer();
    try {
      publish_all(frame);
    } catch (const Y4mError& error) {
      std::cerr << "mmapvideo: " << input_.name() << " is damaged: " << error.what() << ".\n";
      return close(finding);
    }
    return close(fine);
  }

 private:
  void open_stream() {
    stream_.emplace([this](char* to, std::size_t bytes) { return input_.read(to, bytes); });
  }

  void begin_stream(std::string& frame) {
    open_stream();
    header_ = stream_->header();
    layout_ = frame_layout_of(header_);
    if (!stream_->next(frame)) throw Y4mError("it has no frame");
  }

  /// False: the end, or interrupted.
  bool next_frame(std::string& frame) {
    try {
      return stream_->next(frame) || (request_.loop && first_frame_again(frame));
    } catch (const Y4mError&) {
      // A stream that is cut off by an interrupt is not damaged.
      if (interrupt_.requested()) return false;
      throw;
    }
  }

  bool first_frame_again(std::string& frame) {
    input_.rewind();
    open_stream();
    if (stream_->header() != header_) throw Y4mError("its header has changed");
    return stream_->next(frame);
  }

  void open_writer() {
    {
      const core::MutexLock lock(writer_mutex_);
      writer_.emplace(options_of(request_));
      if (interrupt_.requested()) writer_->cancel();
    }
    if (request_.wait_for_readers == 0) return;
    // Readers attach once there is a ring.
    writer_->reserve(layout_.info.payload_bytes, layout_.info.caps_bytes);
    if (writer_->wait_for_readers(request_.wait_for_readers, -1) == MMAPVIDEO_NO_LOCKS)
      throw core::Failure(MMAPVIDEO_NO_LOCKS,
                          "The file system of \"" + printable_path(request_.path) +
                              "\" has no locks, by which readers are counted. Use a memory file "
                              "system such as /dev/shm, or leave --wait-for-readers away.");
  }

  void publish_all(std::string& frame) {
    Pacer pacer(layout_.info.fps_numerator, layout_.info.fps_denominator, !request_.fast);
    do {
      if (!pacer.wait_until_due(frames_, interrupt_)) return;
      if (!publish(frame, pacer)) return;
    } while (next_frame(frame));
  }

  /// False: interrupted.
  bool publish(const std::string& frame, const Pacer& pacer) {
    mmapvideo_frame_info info = layout_.info;
    pacer.stamp(frames_, info);
    ++frames_;
    mmapvideo::Status status = MMAPVIDEO_OK;
    auto slot = writer_->begin(info.payload_bytes, info.caps_bytes, 0, &status);
    if (!slot) return status == MMAPVIDEO_NO_FREE_SLOT;
    lay_out_frame(layout_, frame, slot->payload());
    slot->commit(info, layout_.caps.c_str());
    return true;
  }

  int close(int status) {
    const mmapvideo_writer_stats stats = writer_->stats();
    {
      const core::MutexLock lock(writer_mutex_);
      writer_->close(request_.keep_file);
      writer_.reset();
    }
    std::cout << (request_.json ? pretty(summary(stats)) : summary_text(stats)) << std::flush;
    return status;
  }

  nlohmann::ordered_json summary(const mmapvideo_writer_stats& stats) const {
    return {{"path", request_.path},
            {"frames", stats.frame_count},
            {"dropped", stats.dropped_count},
            {"waited", stats.wait_count},
            {"passed_over", stats.passed_over_count}};
  }

  std::string summary_text(const mmapvideo_writer_stats& stats) const {
    return printable_path(request_.path) + ": " + count_text(stats.frame_count, "frame") + ", " +
           std::to_string(stats.dropped_count) + " dropped, " + std::to_string(stats.wait_count) +
           " waited, " + std::to_string(stats.passed_over_count) + " passed over\n";
  }

  void cancel() {
    const core::MutexLock lock(writer_mutex_);
    if (writer_) writer_->cancel();
  }

  const PlayRequest& request_;
  core::Mutex writer_mutex_;  // between the interrupt's thread and opening and closing
  std::optional<mmapvideo::Writer> writer_;
  Interrupt interrupt_;
  ByteInput input_;
  std::optional<Y4mReader> stream_;
  Y4mHeader header_;
  FrameLayout layout_{};
  std::uint64_t frames_ = 0;  // of the stream
};

}  // namespace

int run(const PlayRequest& request) { return Play(request).run(); }

}  // namespace mmapvideo::tools
