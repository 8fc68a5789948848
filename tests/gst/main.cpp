// SPDX-License-Identifier: MIT
// Starts GStreamer before the tests. The environment that meson sets finds the plugin of this
// build.
#include <gst/gst.h>
#include <gtest/gtest.h>

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
