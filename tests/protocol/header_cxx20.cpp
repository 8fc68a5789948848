// SPDX-License-Identifier: MIT
// The public C++ header compiles alone and is usable without any other.
#include <mmapvideo/mmapvideo.hpp>

int main() { return mmapvideo_status_name(MMAPVIDEO_OK) == nullptr ? 1 : 0; }
