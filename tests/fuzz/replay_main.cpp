// SPDX-License-Identifier: MIT
// Runs a fuzz target over the files of directories, in order of their names. Takes libFuzzer's
// place where the compiler has none, and in ordinary test runs. Usage: TARGET DIRECTORY...
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz_target.hpp"
#include "support/watchdog.hpp"

namespace {

constexpr unsigned seconds_per_input = 60;

std::vector<std::filesystem::path> files_of(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

void replay(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
  // What follows is named by the last line, should the target abort or hang.
  std::printf("# %s, %zu bytes\n", path.c_str(), bytes.size());
  std::fflush(stdout);
  const mmapvideo_test::Watchdog watchdog(seconds_per_input);
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t count = 0;
  for (int i = 1; i < argc; ++i) {
    for (const auto& path : files_of(argv[i])) {
      replay(path);
      std::printf("ok %zu - %s\n", ++count, path.filename().c_str());
    }
  }
  std::printf("1..%zu\n", count);
  return count == 0 ? 1 : 0;
}
