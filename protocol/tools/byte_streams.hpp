// SPDX-License-Identifier: MIT
// Bytes in and out: stdin, stdout or a file, until the user interrupts.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "interrupt.hpp"
#include "unique_descriptor.hpp"

namespace mmapvideo::tools {

/// Is the name that of stdin or stdout?
inline bool is_standard(const std::string& name) { return name == "-"; }

class ByteInput {
 public:
  /// "-": stdin. Throws core::Failure.
  ByteInput(const std::string& name, const Interrupt& interrupt);

  /// Up to `bytes`; 0: the end, or interrupted. Throws core::Failure.
  std::size_t read(char* to, std::size_t bytes);
  bool seekable() const;
  /// Goes back to where it was when it was opened.
  void rewind();
  /// For messages.
  const std::string& name() const noexcept { return name_; }

 private:
  const Interrupt& interrupt_;
  const std::string name_;
  UniqueDescriptor own_;
  const int descriptor_;
  const long long begin_;  // negative: not seekable
};

class ByteOutput {
 public:
  /// "-": stdout. Files are created or overwritten, but not if they are mapped files, whose readers
  /// would die of it. Throws core::Failure.
  ByteOutput(const std::string& name, const Interrupt& interrupt);

  /// Writes all. False: interrupted, or nobody reads any more. Throws core::Failure.
  bool write(std::string_view bytes);

 private:
  const Interrupt& interrupt_;
  const std::string name_;
  UniqueDescriptor own_;
  const int descriptor_;
};

}  // namespace mmapvideo::tools
