// SPDX-License-Identifier: MIT
// Readers at work while another thread scribbles over header and slots, through a mapping of its
// own. The input says what is scribbled; where it meets the readers is left to chance.
#include <sys/mman.h>

#include <atomic>
#include <string>
#include <thread>

#include "failure.hpp"
#include "frame_contract.hpp"
#include "fuzz_target.hpp"
#include "image.hpp"
#include "inspector.hpp"
#include "support/library.hpp"
#include "support/raw_file.hpp"
#include "support/temp_dir.hpp"

using namespace mmapvideo_fuzz;
using namespace mmapvideo_test;

namespace {

constexpr int rounds = 4;
constexpr int calls_per_round = 8;

/// A file that keeps its size, as files do while they have a name.
class LiveFile {
 public:
  LiveFile() : raw_((write_bytes(path_, std::string(image_bytes, '\0')), path_)) {}
  const std::string& path() const { return path_; }

  void put(const Image& image) {
    copy_words(0, &image.header, sizeof image.header);
    for (std::size_t index = 0; index < slot_total; ++index)
      copy_words(Image::slot_offset(index), image.slots[index], sizeof image.slots[index]);
  }
  void scribble(const Patch& patch) {
    const std::size_t kind = patch.kind % patch_kind_count;
    if (kind == size_kind) return;
    store_bytes(place_of(patch.location % location_count), patch.value, std::size_t{1} << kind);
  }
  /// The frame of a slot again, as if it had just been published.
  void publish(std::size_t index, std::uint64_t number) {
    auto& slot =
        *reinterpret_cast<mmapvideo_slot_header*>(raw_.bytes() + Image::slot_offset(index));
    store(slot.stamp, 1);
    store(slot.number, number);
    store(slot.stamp, 2 * number);
    store(raw_.header().head_slot_id, index);
    store(raw_.header().head_number, number);
    raw_.announce();
  }

 private:
  std::size_t place_of(std::size_t location) const {
    if (location < header_reach) return location;
    const std::size_t in_slots = location - header_reach;
    return Image::slot_offset(in_slots / slot_reach) + in_slots % slot_reach;
  }
  // Byte by byte and atomic, so that the only race is the one that the library allows for.
  void store_bytes(std::size_t offset, std::uint64_t value, std::size_t bytes) {
    if (bytes == 8 && offset % 8 == 0) {
      store(*reinterpret_cast<std::uint64_t*>(raw_.bytes() + offset), value);
      return;
    }
    for (std::size_t i = 0; i < bytes; ++i)
      store(*reinterpret_cast<std::uint8_t*>(raw_.bytes() + offset + i), value >> (8 * i));
  }
  void copy_words(std::uint64_t offset, const void* from, std::size_t bytes) {
    const auto* words = static_cast<const std::uint64_t*>(from);
    for (std::size_t i = 0; i < bytes / 8; ++i) store_bytes(offset + 8 * i, words[i], 8);
  }

  TempDir dir_;
  const std::string path_ = dir_ / "file";
  RawFile raw_;
};

/// Scribbles for as long as it lives.
class Scribbler {
 public:
  Scribbler(LiveFile& file, Mode mode, const Patches& patches)
      : thread_([this, &file, mode, patches] { run(file, mode, patches); }) {}
  ~Scribbler() {
    stopped_ = true;
    thread_.join();
  }
  Scribbler(const Scribbler&) = delete;
  Scribbler& operator=(const Scribbler&) = delete;

 private:
  void run(LiveFile& file, Mode mode, const Patches& patches) {
    const std::size_t first = mode == Mode::two_rings ? slots_in_first_ring : 0;
    const std::size_t count = mode == Mode::two_rings ? slots_in_second_ring : slots_in_first_ring;
    for (std::uint64_t number = slot_total + 1; !stopped_; ++number) {
      for (const Patch& patch : patches) file.scribble(patch);
      file.put(base_of(mode));
      file.publish(first + number % count, number);
    }
  }
  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

void inspect_file(const std::string& path) {
  try {
    mmapvideo::core::inspect(path);
  } catch (const mmapvideo::core::Failure& failure) {
    require(!failure.message().empty(), "a failure has a sentence");
  }
}

/// A reader that attaches in the midst of it, and reads on.
void read_some(const std::string& path, mmapvideo_delivery delivery) {
  const Reader reader = open_reader(path, delivery, true);
  std::uint64_t position = 0;
  std::uint64_t attach_count = 0;
  for (int call = 0; call < calls_per_round; ++call) {
    const std::uint64_t found = check_next(reader, 0);
    require(found == 0 || found > position || stats_of(reader).attach_count > attach_count,
            "numbers increase");
    if (found != 0) position = found;
    attach_count = stats_of(reader).attach_count;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  static LiveFile file;
  const Mode mode = mode_of(data, bytes);
  if (mode < Mode::one_ring) return 0;
  file.put(base_of(mode));
  const Scribbler scribbler(file, mode, Patches(data, bytes));
  for (int round = 0; round < rounds; ++round) {
    read_some(file.path(), kLatest);
    read_some(file.path(), kEveryFrame);
    inspect_file(file.path());
  }
  return 0;
}
