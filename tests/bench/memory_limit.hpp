// SPDX-License-Identifier: MIT
// How fast frames can be filled by one process and read completely by another, at most.
#pragma once

#include "bench_figures.hpp"

namespace bench {

/// Each goes round frames of its own, both at the same time: what the memory allows. The roles
/// "memory-filler" and "memory-summer", told "go".
void run_memory_filler(const Json& task);
void run_memory_summer(const Json& task);

/// One goes round the same frames right behind the other, so that caches help: what any transport
/// could do. The roles "handover-filler", told "go", and "handover-summer".
void run_handover_filler(const Json& task);
void run_handover_summer(const Json& task);

/// Copies frames from one piece of private memory to another: what each copy of a transport costs.
/// The role "memory-copier", told "go".
void run_memory_copier(const Json& task);

}  // namespace bench
