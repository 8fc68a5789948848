// SPDX-License-Identifier: MIT
// A file of any content, met by all who open files: readers, the inspector, a writer that takes it
// over.
#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "failure.hpp"
#include "frame_contract.hpp"
#include "fuzz_target.hpp"
#include "image.hpp"
#include "inspector.hpp"
#include "support/library.hpp"
#include "support/temp_dir.hpp"

using namespace mmapvideo_fuzz;
using namespace mmapvideo_test;

namespace {

/// The one file of this process.
class ImageFile {
 public:
  ImageFile() : fd_(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {}

  const std::string& path() const { return path_; }
  void put(const Image& image, const std::uint8_t* raw, std::size_t raw_bytes) {
    require(::ftruncate(fd_, static_cast<off_t>(image.file_bytes)) == 0,
            "the test's file can be made");
    write(0, &image.header, sizeof image.header, image.file_bytes);
    std::byte page[MMAPVIDEO_PAYLOAD_ALIGNMENT] = {};  // payloads may keep what they had
    for (std::size_t index = 0; index < slot_total; ++index) {
      std::memcpy(page, image.slots[index], sizeof image.slots[index]);
      write(Image::slot_offset(index), page, sizeof page, image.file_bytes);
    }
    write(0, raw, raw_bytes, image.file_bytes);
  }
  /// What put() has written.
  std::string kept_parts() const {
    std::string all;
    for (std::size_t part = 0; part <= slot_total; ++part) {
      char bytes[MMAPVIDEO_PAYLOAD_ALIGNMENT];
      const ssize_t got =
          ::pread(fd_, bytes, sizeof bytes, static_cast<off_t>(part * MMAPVIDEO_SLOT_ALIGNMENT));
      if (got > 0) all.append(bytes, static_cast<std::size_t>(got));
    }
    return all + std::to_string(::lseek(fd_, 0, SEEK_END));
  }

 private:
  void write(std::uint64_t offset, const void* from, std::size_t bytes, std::uint64_t file_bytes) {
    if (offset >= file_bytes) return;
    const std::size_t room = std::min<std::uint64_t>(bytes, file_bytes - offset);
    require(::pwrite(fd_, from, room, static_cast<off_t>(offset)) == static_cast<ssize_t>(room),
            "the test's file can be written");
  }

  TempDir dir_;
  const std::string path_ = dir_ / "file";
  const int fd_;
};

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
void check_writer(const ImageFile& file) {
  const std::string before = file.kept_parts();
  WriterAttempt attempt = try_writer(file.path(), 0);
  if (!attempt.writer) {
    check_failure(attempt.error.status, attempt.error);
    require(file.kept_parts() == before, "a refused file stays as it was");
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
  check_readers(file.path());
  inspect_file(file.path());
  check_writer(file);
  check_readers(file.path());
  return 0;
}
