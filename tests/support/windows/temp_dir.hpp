// SPDX-License-Identifier: MIT
// A directory of its own for every test, and gone afterwards. MMAPVIDEO_TEST_DIR says where;
// tests/windows/run removes what a process that died has left there.
#pragma once

#include <string>

namespace mmapvideo_test {

/// Created by the constructor, removed by the destructor.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace mmapvideo_test
