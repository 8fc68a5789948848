// SPDX-License-Identifier: MIT
// The words that the processes of the storm share, with the numbers of board.py; each is written by
// one process at a time.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>

namespace python_storm {

using Word = volatile std::uint64_t;

constexpr std::uint32_t kWidth = 64;
constexpr std::uint64_t kMostRows = 8192;

enum Global { kStop, kWriterCommand, kWriterIsReady, kWriterRunningSinceNs, kFirstRow = 8 };
enum Row { kRunningSinceNs, kSessionTag, kFramesOfSession, kProblems, kRowWords = 16 };
enum ReaderRow { kDelivered = 4, kSkipped, kLeased, kCheckedAgain, kCopied, kGaps, kMissed };
enum WriterRow { kPublished = 4, kDropped, kAborted, kGrowths };
enum SessionRow { kTag, kFirstPublishNs, kSessionGrowths, kSessionWords = 4 };
constexpr std::uint64_t kFirstSession = 1024, kSessions = 4096;
constexpr std::uint64_t kBoardBytes = (kFirstSession + kSessions * kSessionWords) * 8;

class Board {
 public:
  Board(const std::string& path, std::uint64_t row) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    void* memory = ::mmap(nullptr, kBoardBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd < 0 || memory == MAP_FAILED) throw std::runtime_error("no board at " + path);
    ::close(fd);
    words_ = static_cast<Word*>(memory);
    row_ = words_ + kFirstRow + row * kRowWords;
  }

  Word& operator[](Global word) const { return words_[word]; }
  Word* session(std::uint64_t tag) const {
    return words_ + kFirstSession + tag % kSessions * kSessionWords;
  }
  Word& row(int word) const { return row_[word]; }
  void count(int word, std::uint64_t by = 1) const { row_[word] = row_[word] + by; }
  void report(const std::string& what) const {
    count(kProblems);
    std::fprintf(stderr, "FAILURE in process %d, in C++: %s\n", ::getpid(), what.c_str());
  }
  bool has_problems() const { return row_[kProblems] != 0; }

 private:
  Word* words_ = nullptr;
  Word* row_ = nullptr;
};

inline std::uint64_t now_ns() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                        std::chrono::steady_clock::now().time_since_epoch())
                                        .count());
}

/// What travels in front of the rest of the metadata.
struct Origin {
  std::uint64_t tag, inode;
};

}  // namespace python_storm
