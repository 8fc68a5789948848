// SPDX-License-Identifier: MIT
// Metadata as bytes (SPEC.md 3.7): little-endian integers, text and bytes with their lengths.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace gstmmap {

static_assert(std::endian::native == std::endian::little, "the file is little-endian");

/// Bytes contradict SPEC.md: what they belong to cannot be used.
class Malformed : public std::runtime_error {
 public:
  explicit Malformed(const char* what) : std::runtime_error(what) {}
};

/// Appends to a string of bytes that it does not own.
class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}

  template <typename Number>
  requires std::integral<Number> || std::floating_point<Number>
  void number(Number value) { out_.append(reinterpret_cast<const char*>(&value), sizeof value); }
  void u32(std::uint64_t value) { number(static_cast<std::uint32_t>(value)); }
  void bytes(const void* data, std::size_t count) {
    u32(count);
    out_.append(static_cast<const char*>(data), count);
  }
  void text(std::string_view text) { bytes(text.data(), text.size()); }
  /// Uninitialised room for that many bytes, to be filled before anything else is appended.
  char* room(std::size_t count) {
    out_.resize(out_.size() + count);
    return out_.data() + out_.size() - count;
  }

  std::size_t position() const { return out_.size(); }
  void set_u32(std::size_t position, std::uint64_t value) {
    const auto number = static_cast<std::uint32_t>(value);
    std::memcpy(out_.data() + position, &number, sizeof number);
  }
  /// Takes back all that was appended since.
  void rewind(std::size_t position) { out_.resize(position); }

 private:
  std::string& out_;
};

/// Reads a private copy. Throws Malformed where there is less than asked for.
class ByteReader {
 public:
  ByteReader(const void* data, std::size_t bytes)
      : at_(static_cast<const char*>(data)), left_(bytes) {}

  template <typename Number>
  Number number() {
    Number value;
    std::memcpy(&value, take(sizeof value), sizeof value);
    return value;
  }
  std::uint32_t u32() { return number<std::uint32_t>(); }
  std::int32_t i32() { return number<std::int32_t>(); }
  std::uint64_t u64() { return number<std::uint64_t>(); }
  std::span<const char> bytes() {
    const std::uint32_t count = u32();
    return {take(count), count};
  }
  /// UTF-8 without a NUL.
  std::string text();

  bool at_end() const { return left_ == 0; }
  void require_end() const {
    if (!at_end()) throw Malformed("bytes are left over");
  }

 private:
  const char* take(std::size_t count) {
    if (count > left_) throw Malformed("it is cut off");
    const char* const taken = at_;
    at_ += count;
    left_ -= count;
    return taken;
  }
  const char* at_;
  std::size_t left_;
};

}  // namespace gstmmap
