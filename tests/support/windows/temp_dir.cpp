// SPDX-License-Identifier: MIT
// Temporary directories on Windows.
#include "temp_dir.hpp"

#include <windows.h>

#include <cstdlib>
#include <filesystem>
#include <random>

namespace mmapvideo_test {
namespace {

std::filesystem::path root() {
  const char* configured = std::getenv("MMAPVIDEO_TEST_DIR");
  return configured != nullptr ? std::filesystem::path(configured)
                               : std::filesystem::temp_directory_path();
}

}  // namespace

TempDir::TempDir() {
  std::random_device random;
  do {
    path_ = (root() / ("mmapvideo-test-" + std::to_string(random()))).generic_string();
  } while (!std::filesystem::create_directory(path_));
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace mmapvideo_test
