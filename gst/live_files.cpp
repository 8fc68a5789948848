// SPDX-License-Identifier: MIT
// The mapped files that a writer publishes into now.
#include "live_files.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "video_format.hpp"

namespace gstmmap {
namespace {

constexpr std::uint64_t first_delay_ns = 10'000'000;
constexpr std::uint64_t last_delay_ns = 1'000'000'000;

/// What mmapsrc can put on its pad.
bool can_be_read(GstCaps* caps) {
  static GstStaticCaps readable = GST_STATIC_CAPS(GSTMMAP_CAPS);
  GstCaps* all = gst_static_caps_get(&readable);
  const bool fits = gst_caps_can_intersect(all, caps) != FALSE;
  gst_caps_unref(all);
  return fits && describe_caps(caps);
}

/// Caps from a file of anybody's. Fixed caps are plain text without ranges and lists, which
/// GStreamer's parser need not see.
std::shared_ptr<GstCaps> parse_caps(const std::string& text) {
  const auto is_odd = [](char c) { return c < ' ' || c > '~' || c == '[' || c == '{'; };
  if (text.empty() || std::any_of(text.begin(), text.end(), is_odd)) return nullptr;
  GstCaps* parsed = gst_caps_from_string(text.c_str());
  if (parsed == nullptr) return nullptr;
  std::shared_ptr<GstCaps> caps(parsed, UnrefCaps());
  return can_be_read(parsed) ? caps : nullptr;
}

/// Nothing: it could not be told, for a reason that does not lie in the file.
std::optional<mmapvideo::FileInfo> look_at(const std::string& path, bool& is_ours) {
  is_ours = true;
  try {
    return mmapvideo::inspect(path);
  } catch (const mmapvideo::Error& error) {
    is_ours = error.status() == MMAPVIDEO_SYSTEM || error.status() == MMAPVIDEO_OUT_OF_MEMORY;
    return std::nullopt;
  }
}

bool has_writer(const mmapvideo::FileInfo& info) {
  // A file without locks cannot tell whether its writer lives; that it ended, it can.
  return info.writer_alive != 0 || (info.locked == 0 && info.state != MMAPVIDEO_STATE_FORMING);
}

bool is_live(const mmapvideo::FileInfo& info) {
  return has_writer(info) && info.state == MMAPVIDEO_STATE_STREAMING && info.has_newest != 0;
}

/// Would a later look be of use, if nothing is told of the file?
bool may_become_live(const mmapvideo::FileInfo& info) {
  return has_writer(info) || info.state != MMAPVIDEO_STATE_FORMING;
}

}  // namespace

void LiveFiles::update(const DirectoryChanges& changes, std::uint64_t now_ns) {
  std::set<std::string> paths(changes.paths.begin(), changes.paths.end());
  if (changes.everything)
    for (const auto& [path, known] : known_) paths.insert(path);
  for (const std::string& path : paths) look(path, now_ns);
  for (auto it = known_.begin(); it != known_.end();) {
    const auto known = it++;
    if (known->second.due_ns <= now_ns) look_again(known, now_ns);
  }
}

std::int64_t LiveFiles::due_in_ns(std::uint64_t now_ns) const {
  std::int64_t least = -1;
  for (const auto& [path, known] : known_) {
    const std::int64_t due =
        known.due_ns > now_ns ? static_cast<std::int64_t>(known.due_ns - now_ns) : 0;
    if (least < 0 || due < least) least = due;
  }
  return least;
}

/// Something happened to it: more may follow soon.
void LiveFiles::look(const std::string& path, std::uint64_t now_ns) {
  if (known_.size() >= max_files && known_.count(path) == 0) return;
  const auto known = known_.try_emplace(path).first;
  known->second.file.path = path;
  known->second.delay_ns = first_delay_ns;
  look_again(known, now_ns);
}

void LiveFiles::look_again(KnownFiles::iterator it, std::uint64_t now_ns) {
  Known& known = it->second;
  bool is_ours = false;
  const auto info = look_at(known.file.path, is_ours);
  if (info && is_live(*info)) {
    show(known, *info);
  } else if (info || !is_ours) {
    hide(known);
  }
  const bool is_settled = known.delay_ns >= last_delay_ns;
  if (!is_ours || (info && is_settled && !may_become_live(*info))) {
    known_.erase(it);
    return;
  }
  known.due_ns = now_ns + known.delay_ns;
  known.delay_ns = std::min(2 * known.delay_ns, last_delay_ns);
}

void LiveFiles::show(Known& known, const mmapvideo::FileInfo& info) {
  LiveFile& file = known.file;
  const bool same_caps = file.caps && file.caps_text == info.caps;
  auto caps = same_caps ? file.caps : parse_caps(info.caps);
  if (!caps) return hide(known);
  const bool same = known.listed && same_caps && file.reader_count == info.reader_count &&
                    file.writer_process_id == info.writer_process_id &&
                    file.session_id == info.session_id;
  if (same) return;
  file.caps_text = info.caps;
  file.caps = std::move(caps);
  file.reader_count = info.reader_count;
  file.writer_process_id = info.writer_process_id;
  file.session_id = info.session_id;
  if (known.listed)
    listener_.changed(file);
  else
    listener_.appeared(file);
  known.listed = true;
}

void LiveFiles::hide(Known& known) {
  if (known.listed) listener_.disappeared(known.file.path);
  known.listed = false;
}

}  // namespace gstmmap
