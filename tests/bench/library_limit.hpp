// SPDX-License-Identifier: MIT
// What the file alone costs: the library in both processes, without elements.
#pragma once

#include "bench_figures.hpp"

namespace bench {

/// The roles "library-writer", which is told "go", and "library-reader".
void run_library_writer(const Json& task);
void run_library_reader(const Json& task);

}  // namespace bench
