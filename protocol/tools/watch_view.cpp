// SPDX-License-Identifier: MIT
// What `mmapvideo watch` shows: a picture for terminals, one line for logs, one line of JSON.
#include "watch_view.hpp"

#include <algorithm>
#include <ctime>
#include <iterator>

#include "file_json.hpp"
#include "file_text.hpp"
#include "latency_chart.hpp"
#include "text.hpp"

namespace mmapvideo::tools {
namespace {

// Beside the chart and the readers: title, rate, latency, counts, the readers' heading, three empty
// lines, and that of the cursor.
constexpr unsigned fixed_lines = 9;
constexpr unsigned least_chart_lines = 5;
constexpr unsigned max_chart_rows = 8;

/// One line that is put together from words, some of them coloured, and ends at the margin.
class Line {
 public:
  Line(unsigned width, bool colour) : room_(width), colour_(colour) {}

  Line& add(const std::string& words, const char* ink = nullptr) {
    const std::string cut = first_characters(words);
    if (cut.empty()) return *this;
    const bool inked = colour_ && ink != nullptr;
    text_ += inked ? ink + cut + "\033[0m" : cut;
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  /// As many as fit; bytes that continue a character take no room.
  std::string first_characters(const std::string& words) {
    std::size_t end = 0;
    for (; end < words.size(); ++end) {
      const bool continues = (static_cast<unsigned char>(words[end]) & 0xc0) == 0x80;
      if (continues) continue;
      if (room_ == 0) break;
      --room_;
    }
    return words.substr(0, end);
  }

  unsigned room_;
  const bool colour_;
  std::string text_;
};

constexpr const char* bold = "\033[1m";
constexpr const char* grey = "\033[90m";
constexpr const char* green = "\033[32m";
constexpr const char* red = "\033[31m";

std::string format_words(const core::Inspection& file) {
  if (!file.newest_slot) return "no frame yet";
  const mmapvideo_frame_info& info = file.newest_slot->info;
  const std::string rate = nominal_rate_text(info);
  return printable(info.format) + ' ' + std::to_string(info.width) + 'x' +
         std::to_string(info.height) + ", " + rate + (info.fps_numerator == 0 ? " rate" : " fps");
}

const char* word_ink(const std::string& word) {
  return word == "alive" ? green : word == "crashed" || word == "broken" ? red : grey;
}

std::string writer_state(const WatchState& state) {
  if (!state.file) return "no file";
  std::string words = writer_word(*state.file);
  if (state.file->writer_alive)
    words += ", process " + std::to_string(state.file->header.writer_process_id);
  return words;
}

std::string latency_words(const WatchState& state) {
  if (state.latency)
    return "p50 " + duration_text(state.latency->p50_ns) + "   p90 " +
           duration_text(state.latency->p90_ns) + "   p99 " + duration_text(state.latency->p99_ns) +
           "   max " + duration_text(state.latency->max_ns);
  const bool foreign = state.file && state.file->ready && !state.file->clock_comparable;
  return foreign ? "unknown: the times are of another machine's or container's clock" : "-";
}

std::string count_words(const WatchState& state) {
  std::string words =
      std::to_string(state.seen) + " seen, " + std::to_string(state.skipped) + " skipped";
  if (state.file && state.file->ready) {
    const mmapvideo_file_header& header = state.file->header;
    words += "   writer: " + std::to_string(header.dropped_count) + " dropped, " +
             std::to_string(header.wait_count) + " waited, " +
             std::to_string(header.passed_over_count) + " passed over";
  }
  return words;
}

std::string reader_words(const mmapvideo_reader_info& reader) {
  std::string words = reader_text(reader);
  if (reader.lane != 0 && reader.turn_number == 0) words += ", latest";
  return words;
}

std::vector<std::string> reader_lines(const WatchState& state, unsigned columns, unsigned rows,
                                      bool colour) {
  std::vector<std::string> lines;
  if (!state.file) return lines;
  const auto& readers = state.file->readers;
  lines.push_back(Line(columns, colour)
                      .add("readers  ", grey)
                      .add(std::to_string(attached_count(*state.file)))
                      .text());
  for (const mmapvideo_reader_info& reader : readers) {
    if (lines.size() + 1 >= rows && &reader != &readers.back()) {
      const std::size_t left = readers.size() - (lines.size() - 1);
      lines.push_back(
          Line(columns, colour).add("         and " + std::to_string(left) + " more").text());
      break;
    }
    lines.push_back(Line(columns, colour).add("         " + reader_words(reader)).text());
  }
  return lines;
}

std::vector<std::string> heading(const WatchState& state, unsigned columns, bool colour) {
  const auto line = [&] { return Line(columns, colour); };
  const std::string writer = writer_state(state);
  const std::string word = writer.substr(0, writer.find(','));
  return {line()
              .add(printable_path(state.path), bold)
              .add("   " + (state.file ? format_words(*state.file) + "   " : ""))
              .add(word, word_ink(word))
              .add(writer.substr(word.size()), grey)
              .text(),
          "", line().add("rate     ", grey).add(rate_text(state.rate) + " fps").text(),
          line().add("latency  ", grey).add(latency_words(state)).text(),
          line().add("frames   ", grey).add(count_words(state)).text()};
}

/// After an empty line, if there is something to append.
void append(std::vector<std::string>& lines, std::vector<std::string>&& more) {
  if (!more.empty()) lines.push_back("");
  std::move(more.begin(), more.end(), std::back_inserter(lines));
}

std::uint64_t largest_lag(const core::Inspection& file) {
  std::uint64_t lag = 0;
  for (const mmapvideo_reader_info& reader : file.readers) lag = std::max(lag, reader.lag);
  return lag;
}

std::string clock_text(std::uint64_t wall_time_ns) {
  const auto seconds = static_cast<std::time_t>(wall_time_ns / 1'000'000'000);
  std::tm local{};
  char text[16] = {};
  if (!local_time(seconds, local) || std::strftime(text, sizeof text, "%H:%M:%S", &local) == 0)
    return "--:--:--";
  return text;
}

}  // namespace

std::vector<std::string> watch_picture(const WatchState& state, const TerminalSize& size,
                                       bool colour) {
  // The last column stays free: some terminals wrap when it is written.
  const unsigned columns = std::max(size.columns, 2u) - 1;
  std::vector<std::string> lines = heading(state, columns, colour);
  const unsigned free_lines = size.rows > fixed_lines ? size.rows - fixed_lines : 0;
  // The chart yields to the first readers, and they to its least height.
  const unsigned readers =
      state.file ? static_cast<unsigned>(std::min<std::size_t>(state.file->readers.size(), 4)) : 0;
  if (free_lines >= least_chart_lines + readers) {
    const unsigned rows = std::min(free_lines - readers - 1, max_chart_rows);
    append(lines, draw_latency(state.history, state.step_ns, rows, colour));
  }
  const auto left = size.rows > lines.size() + 2 ? size.rows - lines.size() - 2 : 0;
  append(lines, reader_lines(state, columns, static_cast<unsigned>(left), colour));
  if (lines.size() >= size.rows) lines.resize(size.rows > 1 ? size.rows - 1 : 1);
  return lines;
}

std::string watch_line(const WatchState& state) {
  std::string text = clock_text(state.wall_time_ns) + "  " + rate_text(state.rate) + " fps";
  if (state.latency)
    text += "  latency p50 " + duration_text(state.latency->p50_ns) + ", p90 " +
            duration_text(state.latency->p90_ns) + ", p99 " + duration_text(state.latency->p99_ns) +
            ", max " + duration_text(state.latency->max_ns);
  text += "  skipped " + std::to_string(state.skipped);
  if (!state.file) return text + "  no file\n";
  text += "  dropped " + std::to_string(state.file->header.dropped_count) + "  readers " +
          std::to_string(attached_count(*state.file)) + ", lag " +
          std::to_string(largest_lag(*state.file));
  return text + "  writer " + writer_word(*state.file) + '\n';
}

nlohmann::ordered_json watch_json(const WatchState& state) {
  nlohmann::ordered_json json = {{"path", state.path},
                                 {"wall_time_ns", state.wall_time_ns},
                                 {"writer", state.file ? writer_word(*state.file) : "no file"},
                                 {"fps", state.rate},
                                 {"latency_ns", nullptr},
                                 {"seen_count", state.seen},
                                 {"skipped_count", state.skipped}};
  if (state.latency)
    json["latency_ns"] = {{"p50", state.latency->p50_ns},
                          {"p90", state.latency->p90_ns},
                          {"p99", state.latency->p99_ns},
                          {"max", state.latency->max_ns}};
  if (!state.file) return json;
  json["head_number"] = state.file->header.head_number;
  json["dropped_count"] = state.file->header.dropped_count;
  json["wait_count"] = state.file->header.wait_count;
  json["passed_over_count"] = state.file->header.passed_over_count;
  json["readers"] = readers_json(*state.file);
  return json;
}

}  // namespace mmapvideo::tools
