// SPDX-License-Identifier: MIT
// The mapped files that a writer publishes into now, kept up to date from what a DirectoryWatch
// says. Nothing in the files is trusted, and nothing done to them is noticed by their users.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mmapvideo/mmapvideo.hpp>
#include <string>

#include "directory_watch.hpp"

namespace gstmmap {

struct UnrefCaps {
  void operator()(GstCaps* caps) const { gst_caps_unref(caps); }
};

/// A file that can be read now: a writer lives, and there is a frame.
struct LiveFile {
  std::string path;
  std::string caps_text;
  std::shared_ptr<GstCaps> caps;  // of the newest frame; fixed raw video
  std::uint32_t reader_count = 0;
  std::uint64_t writer_process_id = 0;
  std::uint64_t session_id = 0;
};

/// Told of each difference, from the thread that calls LiveFiles::update().
class LiveFilesListener {
 public:
  virtual void appeared(const LiveFile& file) = 0;
  virtual void changed(const LiveFile& file) = 0;
  virtual void disappeared(const std::string& path) = 0;

 protected:
  ~LiveFilesListener() = default;
};

/// Directories do not tell what happens in a file's memory: the first frame, another format, an end
/// that leaves the file, readers. A file is therefore looked at again in steps that grow from 10 ms
/// to a second, and then each second; files of other kinds are not. A writer that dies closes the
/// file, which the directory tells at once.
class LiveFiles {
 public:
  static constexpr std::size_t max_files = 1024;  // beyond it no file is added

  explicit LiveFiles(LiveFilesListener& listener) : listener_(listener) {}

  void update(const DirectoryChanges& changes, std::uint64_t now_ns);

  /// When update() wants to be called although nothing changed; -1: not before that.
  std::int64_t due_in_ns(std::uint64_t now_ns) const;

 private:
  struct Known {
    LiveFile file;
    bool listed = false;
    std::uint64_t due_ns = 0;
    std::uint64_t delay_ns = 0;  // how long after `due_ns` it is looked at again
  };
  using KnownFiles = std::map<std::string, Known>;

  void look(const std::string& path, std::uint64_t now_ns);
  void look_again(KnownFiles::iterator known, std::uint64_t now_ns);
  void show(Known& known, const mmapvideo::FileInfo& info);
  void hide(Known& known);

  LiveFilesListener& listener_;
  KnownFiles known_;  // by path
};

}  // namespace gstmmap
