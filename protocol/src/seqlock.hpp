// SPDX-License-Identifier: MIT
// Every atomic access to mapped bytes. The only file that names a memory order; the letters are
// the pairs of SPEC.md section 14.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>

#include <mmapvideo/layout.h>

namespace mmapvideo::core {

static_assert(std::endian::native == std::endian::little, "the file is little-endian");
static_assert(std::atomic_ref<std::uint64_t>::is_always_lock_free);
static_assert(std::atomic_ref<std::uint32_t>::is_always_lock_free);

// A read-only mapping may be loaded from but not be named by a non-const atomic_ref, which C++20
// lacks a const form of; the cast does not lead to a store.
template <typename Word>
Word load_acquire(const Word& word) noexcept {
  return std::atomic_ref<Word>(const_cast<Word&>(word)).load(std::memory_order_acquire);
}

template <typename Word>
Word load_relaxed(const Word& word) noexcept {
  return std::atomic_ref<Word>(const_cast<Word&>(word)).load(std::memory_order_relaxed);
}

template <typename Word>
void store_release(Word& word, Word value) noexcept {
  std::atomic_ref<Word>(word).store(value, std::memory_order_release);
}

template <typename Word>
void store_relaxed(Word& word, Word value) noexcept {
  std::atomic_ref<Word>(word).store(value, std::memory_order_relaxed);
}

/// Adds one to a word that only the caller writes. Pair D when the word is `published`.
template <typename Word>
void increment_release(Word& word) noexcept {
  store_release(word, static_cast<Word>(load_relaxed(word) + 1));
}

/// Adds to a counter that only the caller writes; `by` may be negative.
inline void increment_relaxed(std::uint64_t& counter, std::int64_t by) noexcept {
  store_relaxed(counter, load_relaxed(counter) + static_cast<std::uint64_t>(by));
}

/// Between making a stamp odd and writing the slot (A), before rewriting a ring descriptor (E),
/// between state = forming and writing the header (F).
inline void fence_before_writing() noexcept { std::atomic_thread_fence(std::memory_order_release); }

/// Between copying plain bytes and loading again the word that guards them (A, E, F). Behind a word
/// that was read by a system call it stands for an acquire load (B).
inline void fence_after_copying() noexcept { std::atomic_thread_fence(std::memory_order_acquire); }

/// Between a change in the lock table and a look at the word that the other side changes before it
/// looks at the table (G, H).
inline void fence_between_lock_and_word() noexcept {
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

/// Writer: warns of a rewrite. Then it calls fence_between_lock_and_word() and looks for leases (G)
/// and turns (H). Returns the number of the frame that is there, 0: none.
inline std::uint64_t claim_slot(std::uint64_t& stamp) noexcept {
  const std::uint64_t former = load_relaxed(stamp);
  store_relaxed(stamp, former | 1);
  return former / 2;
}

/// Writer: the claimed slot stays as it was.
inline void withdraw_slot(std::uint64_t& stamp) noexcept {
  store_release(stamp, load_relaxed(stamp) & ~std::uint64_t{1});
}

/// Writer: nobody leases the claimed slot; its bytes are about to change (A).
inline void begin_slot(std::uint64_t& stamp) noexcept {
  store_relaxed(stamp, std::uint64_t{MMAPVIDEO_STAMP_WRITING});
  fence_before_writing();
}

/// Writer: the slot holds frame `number` (B).
inline void complete_slot(std::uint64_t& stamp, std::uint64_t number) noexcept {
  store_release(stamp, 2 * number);
}

/// Writer: the slot holds nothing, and its memory may be given back (A).
inline void void_slot(std::uint64_t& stamp) noexcept {
  store_relaxed(stamp, std::uint64_t{0});
  fence_before_writing();
}

/// Reader: the stamp of the frame that is in the slot, claimed or not (B). 0: there is none.
inline std::uint64_t load_frame_stamp(const std::uint64_t& stamp) noexcept {
  return load_acquire(stamp) & ~std::uint64_t{1};
}

/// Reader: are the bytes read until now still those of the frame of that stamp? (A)
inline bool slot_unchanged(const std::uint64_t& stamp, std::uint64_t frame_stamp) noexcept {
  fence_after_copying();
  return (load_relaxed(stamp) & ~std::uint64_t{1}) == frame_stamp;
}

constexpr std::uint64_t stamp_number(std::uint64_t stamp) noexcept { return stamp / 2; }

}  // namespace mmapvideo::core
