// SPDX-License-Identifier: MIT
// The records in a frame's metadata (SPEC.md 3.7), found without looking into them. Pure.
#include "metadata_records.hpp"

#include <cstring>

namespace mmapvideo::core {
namespace {

constexpr int max_named_records = 16;

bool is_kind_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

/// At least one character, and a NUL; what is behind that is not looked at.
template <std::size_t N>
bool is_kind(const char (&kind)[N]) noexcept {
  std::size_t length = 0;
  while (length < N && is_kind_character(kind[length])) ++length;
  return length > 0 && length < N && kind[length] == '\0';
}

mmapvideo_status check_header(const void* metadata, std::uint64_t bytes) noexcept {
  mmapvideo_metadata_header header;
  if (bytes < sizeof header) return MMAPVIDEO_FOREIGN_FILE;
  std::memcpy(&header, metadata, sizeof header);
  if (header.magic != MMAPVIDEO_METADATA_MAGIC) return MMAPVIDEO_FOREIGN_FILE;
  return header.version == MMAPVIDEO_METADATA_VERSION ? MMAPVIDEO_OK
                                                      : MMAPVIDEO_UNSUPPORTED_VERSION;
}

}  // namespace

mmapvideo_status next_record(const void* metadata, std::uint64_t bytes, std::uint64_t& position,
                             mmapvideo_record& record) noexcept {
  if (position == 0) {
    const mmapvideo_status status = check_header(metadata, bytes);
    if (status != MMAPVIDEO_OK) return status;
    position = sizeof(mmapvideo_metadata_header);
  }
  if (position >= bytes) return MMAPVIDEO_ENDED;
  mmapvideo_metadata_record header;
  if (bytes - position < sizeof header) return MMAPVIDEO_BROKEN_FILE;
  const auto* at = static_cast<const unsigned char*>(metadata) + position;
  std::memcpy(&header, at, sizeof header);
  if (header.record_bytes < sizeof header || header.record_bytes > bytes - position ||
      !is_kind(header.kind))
    return MMAPVIDEO_BROKEN_FILE;
  static_assert(sizeof record.kind == sizeof header.kind);
  std::memcpy(record.kind, header.kind, sizeof record.kind);
  record.version = header.version;
  record.reserved = 0;
  record.content = at + sizeof header;
  record.content_bytes = header.record_bytes - sizeof header;
  position += header.record_bytes;
  return MMAPVIDEO_OK;
}

std::string describe_records(const void* metadata, std::uint64_t bytes) {
  std::string text;
  const auto add = [&text](const std::string& word) { text += (text.empty() ? "" : ", ") + word; };
  if (bytes == 0) return text;
  std::uint64_t position = 0;
  mmapvideo_record record{};
  mmapvideo_status status = MMAPVIDEO_OK;
  int count = 0;
  while ((status = next_record(metadata, bytes, position, record)) == MMAPVIDEO_OK)
    if (++count <= max_named_records) add(record.kind);
  if (count > max_named_records) add(std::to_string(count - max_named_records) + " more");
  if (status == MMAPVIDEO_FOREIGN_FILE) add("not records");
  if (status == MMAPVIDEO_UNSUPPORTED_VERSION) add("records of another version");
  if (status == MMAPVIDEO_BROKEN_FILE) add("then broken records");
  return text;
}

}  // namespace mmapvideo::core
