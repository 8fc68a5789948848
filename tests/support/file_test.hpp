// SPDX-License-Identifier: MIT
// The fixture of tests that need a place for one file.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "support/temp_dir.hpp"
#include "support/watchdog.hpp"

namespace mmapvideo_test {

class FileTest : public ::testing::Test {
 protected:
  Watchdog watchdog_;
  TempDir dir_;
  const std::string path_ = dir_ / "camera";
};

}  // namespace mmapvideo_test
