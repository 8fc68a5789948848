// SPDX-License-Identifier: MIT
// Pipelines that cannot run, and what they say.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "pipeline.hpp"
#include "support/file_test.hpp"

namespace mmapvideo_test {

inline std::string sink_description(const std::string& path, const std::string& options = "") {
  return "videotestsrc ! video/x-raw,format=GRAY8,width=64,height=64 ! mmapsink sync=false "
         "location=" +
         path + " " + options;
}
inline std::string src_description(const std::string& path) {
  return "mmapsrc location=" + path + " ! fakesink";
}

/// The error of a pipeline that cannot run.
inline Problem error_of(const std::string& description) {
  const Pipeline pipeline(description);
  pipeline.set(GST_STATE_PLAYING);
  return pipeline.error();
}

inline void expect_error(const Problem& problem, const std::string& path, GQuark domain, int code) {
  EXPECT_TRUE(mentions(problem.sentence, path)) << problem.sentence;
  EXPECT_EQ(problem.domain, domain) << problem.sentence;
  EXPECT_EQ(problem.code, code) << problem.sentence;
}
inline void expect_both_fail(const std::string& path, GQuark domain, int code) {
  {
    SCOPED_TRACE("mmapsink");
    expect_error(error_of(sink_description(path)), path, domain, code);
  }
  SCOPED_TRACE("mmapsrc");
  expect_error(error_of(src_description(path)), path, domain, code);
}

class Errors : public FileTest {
 protected:
  /// A valid file that a former writer left.
  void leave_file() {
    const WriterPipeline writer(path_, "keep-file=true slots=4");
    writer.play();
    writer.set_caps(grey_caps());
    for (std::uint8_t i = 1; i <= 3; ++i) writer.push(grey_bytes(i));
    writer.end();
    writer.expect_eos();
  }
};

}  // namespace mmapvideo_test
