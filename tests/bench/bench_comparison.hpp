// SPDX-License-Identifier: MIT
// Streams on all transports, measured in the same rounds, and what the rows of tables are made of.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "bench_rounds.hpp"
#include "bench_runs.hpp"
#include "bench_sections.hpp"

namespace bench {

inline const Picture picture_720p{"1280x720 RGB", "RGB", 1280, 720, 3};
inline const Picture picture_4k{"3840x2160 RGBA", "RGBA", 3840, 2160, 4};
inline const Picture picture_8k{"7680x4320 RGBA", "RGBA", 7680, 4320, 4};

/// A transport that this GStreamer may not have is named at the end, not measured; the two that
/// every one should have are rows in any case.
std::vector<Transport> compared_transports();

/// No value, where there is none.
Json figure(const Figures& figures, const std::string& name);
Json ratio(const Json& value, const Json& base);

/// The same names in a row as in the figures.
void take_figures(const Figures& figures, const std::vector<std::string>& names, Json& row);

/// Of the frames whose way "writer" and "reader" count, those that were not copied.
void add_zero_copy(const Figures& figures, Json& row);

/// All runs of a section.
class Comparison {
 public:
  /// A stream on one transport: a row of a table.
  struct Run {
    Stream stream;
    Transport transport;
    std::size_t entry = 0;
  };

  Comparison(const Plan& plan, Report& report) : plan_(plan), report_(report) {}

  /// Something without a transport. The number by which to ask for it.
  std::size_t add_limit(const std::string& label, std::function<Figures()> measure) {
    return rounds_.add(label, std::move(measure));
  }
  void add(const Stream& stream, const std::string& label);
  void measure();

  const std::vector<Run>& runs() const { return runs_; }
  Figures figures(std::size_t entry) const { return rounds_.figures(entry); }

  /// Takes a row that is complete but for the problem, if there was one.
  void add_row(Json row, std::size_t entry, Section& section) const;
  void finish(Section section) { report_.sections.push_back(std::move(section)); }

 private:
  const Plan& plan_;
  Report& report_;
  Rounds rounds_;
  std::vector<Run> runs_;
};

}  // namespace bench
