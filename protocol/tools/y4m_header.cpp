// SPDX-License-Identifier: MIT
// The first line of a y4m stream (YUV4MPEG2): read, written, and what it means.
#include "y4m_header.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "text.hpp"

namespace mmapvideo::tools {
namespace {

constexpr std::string_view magic = "YUV4MPEG2";
constexpr std::uint32_t max_size = 65535;

struct ColourSpace {
  const char* name;
  const char* format;
  const char* chroma_site;
};

constexpr ColourSpace colour_spaces[] = {
    {"420jpeg", "I420", "jpeg"}, {"420mpeg2", "I420", "mpeg2"}, {"420paldv", "I420", "dv"},
    {"420", "I420", "jpeg"},     {"422", "Y42B", ""},           {"444", "Y444", ""},
    {"411", "Y41B", ""},         {"mono", "GRAY8", ""},         {"mono16", "GRAY16_LE", ""},
    {"420p10", "I420_10LE", ""}, {"422p10", "I422_10LE", ""},   {"444p10", "Y444_10LE", ""},
};

const ColourSpace* find_colour_space(std::string_view name) {
  for (const ColourSpace& space : colour_spaces)
    if (name == space.name) return &space;
  return nullptr;
}

std::optional<std::uint32_t> parse_number(std::string_view text) {
  std::uint32_t value = 0;
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (result.ec != std::errc{} || result.ptr != end) return std::nullopt;
  return value;
}

struct Ratio {
  std::uint32_t numerator;
  std::uint32_t denominator;
};

/// 0:0 is how a stream says that it does not know; it becomes 0/1.
std::optional<Ratio> parse_ratio(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto numerator = parse_number(text.substr(0, colon));
  const auto denominator = parse_number(text.substr(colon + 1));
  if (!numerator || !denominator || *numerator > INT32_MAX || *denominator > INT32_MAX)
    return std::nullopt;
  if (*numerator == 0 || *denominator == 0) return Ratio{0, 1};
  return Ratio{*numerator, *denominator};
}

std::string bad(std::string_view word) {
  return "its header has a bad parameter \"" + printable(word) + '"';
}

/// Empty, or what is wrong.
std::string set_size(std::string_view word, std::uint32_t& size) {
  const auto value = parse_number(word.substr(1));
  if (!value || *value == 0 || *value > max_size) return bad(word);
  size = *value;
  return "";
}

std::string set_ratio(std::string_view word, std::uint32_t& numerator, std::uint32_t& denominator) {
  const auto ratio = parse_ratio(word.substr(1));
  if (!ratio) return bad(word);
  numerator = ratio->numerator;
  denominator = ratio->denominator;
  return "";
}

std::string set_scan(std::string_view word, Y4mHeader& header) {
  if (word.size() != 2 || std::string_view("?ptbm").find(word[1]) == std::string_view::npos)
    return bad(word);
  header.scan = static_cast<Y4mScan>(word[1]);
  return "";
}

std::string set_colour_space(std::string_view word, Y4mHeader& header) {
  const std::string_view name = word.substr(1);
  if (find_colour_space(name) == nullptr)
    return "its colour space \"" + printable(name) +
           "\" is not supported; ffmpeg -pix_fmt yuv420p converts it";
  header.colour_space = name;
  return "";
}

/// Extensions are ignored unless known.
std::string set_extension(std::string_view word, Y4mHeader& header) {
  if (word == "XCOLORRANGE=FULL") header.range = Y4mRange::full;
  if (word == "XCOLORRANGE=LIMITED") header.range = Y4mRange::limited;
  return "";
}

std::string set_parameter(std::string_view word, Y4mHeader& header) {
  switch (word[0]) {
    case 'W':
      return set_size(word, header.width);
    case 'H':
      return set_size(word, header.height);
    case 'F':
      return set_ratio(word, header.fps_numerator, header.fps_denominator);
    case 'A':
      return set_ratio(word, header.par_numerator, header.par_denominator);
    case 'I':
      return set_scan(word, header);
    case 'C':
      return set_colour_space(word, header);
    case 'X':
      return set_extension(word, header);
    default:
      return bad(word);
  }
}

std::string ratio_text(std::uint32_t numerator, std::uint32_t denominator) {
  if (numerator == 0) return "0:0";
  return std::to_string(numerator) + ':' + std::to_string(denominator);
}

const char* range_text(Y4mRange range) {
  switch (range) {
    case Y4mRange::limited:
      return " XCOLORRANGE=LIMITED";
    case Y4mRange::full:
      return " XCOLORRANGE=FULL";
    case Y4mRange::unknown:
      break;
  }
  return "";
}

std::string colour_space_420(std::string_view chroma_site, std::uint32_t height) {
  if (chroma_site == "mpeg2") return "420mpeg2";
  if (chroma_site == "dv" || chroma_site == "cosited") return "420paldv";
  // What is left open is what GStreamer takes it for.
  return chroma_site.empty() && height > 576 ? "420mpeg2" : "420jpeg";
}

}  // namespace

std::variant<Y4mHeader, std::string> parse_y4m_header(std::string_view line) {
  if (line.size() > y4m_max_line || !line.starts_with(magic) ||
      (line.size() > magic.size() && line[magic.size()] != ' '))
    return std::string("it is no y4m stream: it does not begin with YUV4MPEG2");
  Y4mHeader header;
  std::size_t at = magic.size();
  while (at < line.size()) {
    const std::size_t begin = at + 1;
    at = std::min(line.find(' ', begin), line.size());
    const std::string_view word = line.substr(begin, at - begin);
    if (word.empty()) continue;
    if (std::string problem = set_parameter(word, header); !problem.empty()) return problem;
  }
  if (header.width == 0 || header.height == 0)
    return std::string("its header does not tell the size (W and H)");
  if (y4m_frame_bytes(header) > y4m_max_frame_bytes)
    return "its frames of " + std::to_string(header.width) + 'x' + std::to_string(header.height) +
           " are too large";
  return header;
}

std::string y4m_header_line(const Y4mHeader& header) {
  return std::string(magic) + " W" + std::to_string(header.width) + " H" +
         std::to_string(header.height) + " F" +
         ratio_text(header.fps_numerator, header.fps_denominator) + " I" +
         static_cast<char>(header.scan) + " A" +
         ratio_text(header.par_numerator, header.par_denominator) + " C" + header.colour_space +
         range_text(header.range) + '\n';
}

const PixelFormat* y4m_pixel_format(std::string_view colour_space) {
  const ColourSpace* space = find_colour_space(colour_space);
  return space == nullptr ? nullptr : find_pixel_format(space->format);
}

std::string y4m_colour_space(const PixelFormat& format, std::string_view chroma_site,
                             std::uint32_t height) {
  if (format.model == ColourModel::rgb) return "444";
  if (format.model == ColourModel::grey) return format.bits == 8 ? "mono" : "mono16";
  const std::string depth = format.bits == 10 ? "p10" : "";
  if (format.subsample_y == 1)
    return format.bits == 10 ? "420p10" : colour_space_420(chroma_site, height);
  if (format.subsample_x == 1) return "422" + depth;
  return (format.subsample_x == 2 ? "411" : "444") + depth;
}

std::string_view y4m_chroma_site(std::string_view colour_space) {
  const ColourSpace* space = find_colour_space(colour_space);
  return space == nullptr ? "" : space->chroma_site;
}

std::uint64_t y4m_frame_bytes(const Y4mHeader& header) {
  const PixelFormat& format = *y4m_pixel_format(header.colour_space);
  std::uint64_t bytes = 0;
  for (unsigned i = 0; i < format.component_count; ++i)
    bytes += std::uint64_t{format.width_of(i, header.width)} * format.height_of(i, header.height) *
             format.sample_bytes();
  return bytes;
}

}  // namespace mmapvideo::tools
