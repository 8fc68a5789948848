// SPDX-License-Identifier: MIT
// Where `mmapvideo dump` puts frames: PNG files, a y4m stream, or bytes as they are.
#include "frame_sink.hpp"

#include <failure.hpp>
#include <optional>

#include "byte_streams.hpp"
#include "picture.hpp"
#include "png_file.hpp"
#include "text.hpp"
#include "y4m_writer.hpp"

namespace mmapvideo::tools {
namespace {

template <typename Value>
Value value_or_fail(std::variant<Value, std::string> result, const std::string& path,
                    std::uint64_t number) {
  if (const auto* problem = std::get_if<std::string>(&result))
    throw core::Failure(MMAPVIDEO_INVALID_ARGUMENT, "Frame " + std::to_string(number) + " of \"" +
                                                        printable_path(path) + "\" " + *problem +
                                                        '.');
  return std::get<Value>(std::move(result));
}

/// "frame.png" to "frame-007.png", as wide as the last number.
std::string numbered_name(const std::string& name, std::uint64_t index, std::uint64_t count) {
  std::string digits = std::to_string(index);
  digits.insert(0, std::to_string(count).size() - digits.size(), '0');
  const std::size_t dot = name.rfind('.');
  const std::size_t slash = name.rfind('/');
  const bool has_extension =
      dot != std::string::npos && (slash == std::string::npos || dot > slash + 1) && dot != 0;
  const std::size_t at = has_extension ? dot : name.size();
  return name.substr(0, at) + '-' + digits + name.substr(at);
}

/// A sink with one output for all frames.
class StreamSink : public FrameSink {
 public:
  StreamSink(const DumpRequest& request, const Interrupt& interrupt)
      : request_(request), interrupt_(interrupt) {}

 protected:
  bool put(std::string_view bytes) {
    if (!output_) output_.emplace(request_.output, interrupt_);
    return output_->write(bytes);
  }
  const DumpRequest& request() const noexcept { return request_; }

 private:
  const DumpRequest& request_;
  const Interrupt& interrupt_;
  std::optional<ByteOutput> output_;
};

class RawSink : public StreamSink {
 public:
  using StreamSink::StreamSink;
  bool write(const mmapvideo::Frame& frame, const std::byte* payload) override {
    return put({reinterpret_cast<const char*>(payload), frame.info->payload_bytes});
  }
};

class Y4mSink : public StreamSink {
 public:
  using StreamSink::StreamSink;
  bool write(const mmapvideo::Frame& frame, const std::byte* payload) override {
    const std::string& path = request().path;
    const Picture picture = value_or_fail(picture_of(*frame.info, payload), path, frame.number);
    const Y4mHeader header = value_or_fail(y4m_header_of(*frame.info, picture), path, frame.number);
    bytes_.clear();
    if (!header_) {
      header_ = header;
      bytes_ = y4m_header_line(header);
    } else if (header != *header_) {
      throw core::Failure(MMAPVIDEO_INVALID_ARGUMENT,
                          "The format of \"" + printable_path(path) + "\" changed at frame " +
                              std::to_string(frame.number) +
                              ", and a y4m stream has one format only.");
    }
    append_y4m_frame(picture, bytes_);
    return put(bytes_);
  }

 private:
  std::optional<Y4mHeader> header_;
  std::string bytes_;
};

class PngSink : public FrameSink {
 public:
  PngSink(const DumpRequest& request, const Interrupt& interrupt)
      : request_(request), interrupt_(interrupt) {}

  bool write(const mmapvideo::Frame& frame, const std::byte* payload) override {
    const Picture picture =
        value_or_fail(picture_of(*frame.info, payload), request_.path, frame.number);
    const std::string bytes = encode_png(still_image_of(picture));
    ++count_;
    const bool several = request_.frames > 1 && !is_standard(request_.output);
    ByteOutput output(
        several ? numbered_name(request_.output, count_, request_.frames) : request_.output,
        interrupt_);
    return output.write(bytes);
  }

 private:
  const DumpRequest& request_;
  const Interrupt& interrupt_;
  std::uint64_t count_ = 0;
};

}  // namespace

std::unique_ptr<FrameSink> FrameSink::create(const DumpRequest& request,
                                             const Interrupt& interrupt) {
  if (request.raw) return std::make_unique<RawSink>(request, interrupt);
  if (request.png) return std::make_unique<PngSink>(request, interrupt);
  return std::make_unique<Y4mSink>(request, interrupt);
}

}  // namespace mmapvideo::tools
