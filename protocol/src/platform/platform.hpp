// SPDX-License-Identifier: MIT
// All the library needs of an operating system. No OS types appear here; one set of files per
// system implements it (chosen by the build), and nothing outside them includes an OS header.
#pragma once

#include <mmapvideo/layout.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "../lock_table.hpp"

namespace mmapvideo::core::platform {

// ---- Files ----------------------------------------------------------------------------------

/// Which file it is, independent of its names.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t node = 0;
  bool operator==(const FileIdentity&) const = default;
};

/// An open regular file. Closing it drops all locks taken through it.
class File {
 public:
  File() = default;
  File(File&& other) noexcept
      : handle_(std::exchange(other.handle_, none)), path_(std::move(other.path_)) {}
  File& operator=(File&& other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(path_, other.path_);
    return *this;
  }
  ~File() { close(); }

  /// Opens for reading; an invalid File if nothing is at `path`. Throws Failure otherwise.
  /// Never blocks, never follows a symbolic link.
  static File open_for_reading(const std::string& path);
  /// Opens for reading and writing, creating an empty file with mode `permissions` if there is
  /// none; `created` says which. Throws Failure. Never blocks, never follows a symbolic link, and
  /// does not take another user's file in a directory where anybody may plant one.
  static File open_for_writing(const std::string& path, std::uint32_t permissions, bool& created);
  /// Takes over the handle of a regular file that the caller opened its own way.
  static File adopt(std::intptr_t handle, std::string path) { return {handle, std::move(path)}; }

  bool valid() const noexcept { return handle_ != none; }
  std::intptr_t handle() const noexcept { return handle_; }
  /// As it was opened; for messages.
  const std::string& path() const noexcept { return path_; }
  void close() noexcept;

  std::uint64_t size() const;
  FileIdentity identity() const;
  /// Reads up to `bytes` from `offset` on; returns how many there were. Unlike a mapping, it
  /// allocates no memory for pages that were given back. Throws Failure.
  std::size_t read_at(std::uint64_t offset, void* to, std::size_t bytes) const;
  /// Writes at the start of the file with one call. Throws Failure.
  void write_start(const void* from, std::size_t bytes);
  /// Reserves [offset, offset + bytes), extending the file when needed, so that touching a page
  /// there later cannot fail. Throws Failure (NO_SPACE with the numbers).
  void reserve(std::uint64_t offset, std::uint64_t bytes);
  /// Returns the memory of [offset, offset + bytes) to the system; it reads as zero afterwards.
  /// Best effort: a system that cannot keeps the memory.
  void give_back(std::uint64_t offset, std::uint64_t bytes) noexcept;
  /// Does the file system keep its files in memory only?
  bool in_memory() const noexcept;

 private:
  static constexpr std::intptr_t none = -1;
  File(std::intptr_t handle, std::string path) : handle_(handle), path_(std::move(path)) {}
  std::intptr_t handle_ = none;
  std::string path_;
};

/// Which file `path` names now; nothing if there is none. Does not follow a symbolic link. Throws
/// Failure where that cannot be told.
std::optional<FileIdentity> identity_at(const std::string& path);
/// Removes the name `path`; it being absent already is fine.
void remove_file(const std::string& path) noexcept;

// ---- Mappings -------------------------------------------------------------------------------

enum class Access { read, write };

/// A range of a file in memory. Unmapped when destroyed.
class Mapping {
 public:
  Mapping() = default;
  /// `offset` is a multiple of 65536 and the range lies within the file. Throws Failure.
  Mapping(const File& file, std::uint64_t offset, std::uint64_t bytes, Access access);
  Mapping(Mapping&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Mapping();

  std::byte* data() const noexcept { return data_; }
  std::size_t bytes() const noexcept { return bytes_; }
  explicit operator bool() const noexcept { return data_ != nullptr; }
  /// Touches every page for writing without changing a byte, so that later writes do not fault.
  void populate_for_writing() noexcept;
  /// Touches the pages of a part for reading, where the system can do that without a risk of
  /// faulting. Nothing depends on its success.
  void populate_for_reading(std::size_t offset, std::size_t bytes) const noexcept;

 private:
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
};

// ---- Locks ----------------------------------------------------------------------------------

enum class LockResult { acquired, held_by_other, unsupported };

/// Try-locks only; nobody waits for a lock. Throw Failure on errors other than "unsupported".
///
/// Where a lock cannot be asked about, a question takes it for a moment: a shared lock may be
/// refused although nobody keeps an exclusive one (lock_patience.hpp). Locks do not count on some
/// systems and stack on others, so nobody takes one twice through one File.
LockResult try_lock_exclusive(const File& file, const LockRange& range);
LockResult try_lock_shared(const File& file, const LockRange& range);
void unlock(const File& file, const LockRange& range) noexcept;

enum class LockAnswer { free, held, unsupported };
/// Would an exclusive lock on `range` meet another holder's? `file` itself has none there.
LockAnswer query_lock(const File& file, const LockRange& range) noexcept;
/// Would a shared lock on `range` meet another holder's exclusive one?
LockAnswer query_exclusive_lock(const File& file, const LockRange& range) noexcept;
/// Is there another holder of a shared lock that `file` has? `free` where one cannot ask.
LockAnswer query_other_holder(const File& file, const LockRange& range) noexcept;
/// Is what was found locked really held, or did it meet another's question, which is a lock for a
/// moment where one cannot ask otherwise? Takes some milliseconds there.
bool is_lasting(const File& file, const LockRange& range) noexcept;
/// One lock of another holder in `range`, clipped to it; nothing if there is none. Costs more than
/// a question where one cannot ask for a place.
std::optional<LockRange> find_lock(const File& file, const LockRange& range) noexcept;

// ---- Waiting --------------------------------------------------------------------------------

/// Ends waits from another thread. Lives in this process only.
class Canceller {
 public:
  Canceller();
  ~Canceller();  // NOLINT(performance-trivially-destructible): not on every system
  Canceller(const Canceller&) = delete;
  Canceller& operator=(const Canceller&) = delete;

  void cancel() noexcept;
  void reset() noexcept;
  bool cancelled() const noexcept { return word_.load() != 0; }
  const std::atomic<std::uint32_t>& word() const noexcept { return word_; }
  /// What a wait may wait for as well; means something to the platform's own files only.
  std::intptr_t handle() const noexcept { return handle_; }

 private:
  std::atomic<std::uint32_t> word_{0};
  std::intptr_t handle_ = 0;
};

/// Sleeps until `canceller` is cancelled or `limit_ns` passed. May return early.
void wait_for_cancel(const Canceller& canceller, std::uint64_t limit_ns) noexcept;

/// How the processes of one file wake one another (SPEC.md 6): readers wait until `published`
/// changes, the writer sleeps on `released`. All waits may return early, and end by the canceller.
///
/// A wake is a hint: it is lost where the other side is of another kind of system.
class Signals {
 public:
  /// `header` is mapped and stays so. Access::write: the writer's side, which a new writer has
  /// before its session begins. Throws Failure.
  Signals(mmapvideo_file_header& header, Access access);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// The writer: adds one to `published` with release order, and wakes all readers. (D)
  void announce() noexcept;
  /// A reader: sleeps unless `published` differs from `expected`.
  void wait_for_published(std::uint32_t expected, const Canceller& canceller,
                          std::uint64_t limit_ns) noexcept;
  /// The writer: sleeps unless `released` differs from `expected`.
  void wait_for_released(std::uint32_t expected, const Canceller& canceller,
                         std::uint64_t limit_ns) noexcept;
  /// A reader: wakes the writer. Any thread.
  void wake_writer() noexcept;

 private:
  mmapvideo_file_header& header_;
  struct Events;  // of systems that wait for objects with names
  std::unique_ptr<Events> events_;
};

// ---- Clock and identity ---------------------------------------------------------------------

/// The clock that stamps publications, and what must be equal for two processes to share it.
struct ClockDomain {
  std::uint32_t clock_id = 0;
  std::uint64_t clock_namespace = 0;
  std::uint8_t boot_id[16] = {};
};

ClockDomain clock_domain() noexcept;
std::uint64_t monotonic_ns() noexcept;
std::uint64_t wall_clock_ns() noexcept;
std::uint64_t process_id() noexcept;
/// Fills with random bytes that no other process draws as well.
void fill_random(void* to, std::size_t bytes) noexcept;

}  // namespace mmapvideo::core::platform
