// SPDX-License-Identifier: MIT
// main() of the test programs on Windows, which are their own children as well.
#include <gtest/gtest.h>

#include "support/windows/child.hpp"

int main(int argc, char** argv) {
  mmapvideo_test::become_child_if_told();
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
