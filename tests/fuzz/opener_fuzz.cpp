// SPDX-License-Identifier: MIT
// A file of any content, met by all who open files: readers, the inspector, a writer that takes it
// over.
#include <algorithm>
#include <cstring>
#include <string>

#include "failure.hpp"
#include "frame_contract.hpp"
#include "fuzz_target.hpp"
#include "glance.hpp"
#include "image.hpp"
#include "image_file.hpp"
#include "inspector.hpp"
#include "support/library.hpp"

using namespace mmapvideo_fuzz;
using namespace mmapvideo_test;

namespace {

void glance_at_file(const std::string& path) {
  try {
    const mmapvideo::core::Glance found = mmapvideo::core::glance(path);
    if (found.info.has_newest == 0) return;
    require(spec::valid_planes(found.info.newest), "planes lie within the payload");
    require(std::strlen(found.newest_caps.c_str()) == found.info.newest.caps_bytes,
            "caps have their length");
  } catch (const mmapvideo::core::Failure& failure) {
    require(!failure.message().empty(), "a failure has a sentence");
  }
}

void inspect_file(const std::string& path) {
  try {
    mmapvideo::core::inspect(path);
  } catch (const mmapvideo::core::Failure& failure) {
    require(!failure.message().empty(), "a failure has a sentence");
  }
}

void check_readers(const std::string& path) {
  for (const auto delivery : {kLatest, kEveryFrame}) {
    const Reader reader = open_reader(path, delivery, delivery == kLatest);
    std::uint64_t position = 0;
    for (int call = 0; call < 4; ++call) position = check_next(reader, position);
  }
}

/// Takes the file over, publishes, and is read. A refusal leaves the bytes alone.
void check_writer(const ImageFile& file, const std::string& before) {
  WriterAttempt attempt = try_writer(file.path(), 0);
  if (!attempt.writer) {
    check_failure(attempt.error.status, attempt.error);
    require(file.kept_parts(ImageFile::Moment::after) == before, "a refused file stays as it was");
    return;
  }
  mmapvideo_error error{};
  const mmapvideo_status status =
      try_publish(attempt.writer, grey_info(), kCaps, "metadata, 16 by.", &error);
  check_failure(status, error);
  if (status == MMAPVIDEO_OK) {
    const Reader reader = open_reader(file.path());
    require(take(reader, kNoWait).status == MMAPVIDEO_OK, "what was published can be read");
  }
  close_and_keep(attempt.writer);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  static ImageFile file;
  static Image image;
  make_image(data, bytes, image);
  const bool raw = mode_of(data, bytes) < Mode::one_ring && bytes > 1;
  file.put(image, data + 1, raw ? std::min(bytes - 1, max_raw_bytes) : 0);
  const std::string& before = file.kept_parts(ImageFile::Moment::before);
  check_readers(file.path());
  inspect_file(file.path());
  glance_at_file(file.path());
  require(file.kept_parts(ImageFile::Moment::after) == before, "who reads changes no byte");
  file.require_let_go();
  check_writer(file, before);
  file.require_let_go();
  check_readers(file.path());
  file.require_let_go();
  return 0;
}
