// SPDX-License-Identifier: MIT
// The only functions that may race with another process.
#pragma once

#include <cstddef>

namespace mmapvideo::core {

/// Copies mapped bytes that the writer may be changing at this moment. The result is rubbish until
/// the stamp that guards the source was seen unchanged afterwards (SPEC.md 14, A and E).
///
/// Formally a data race; in practice bytes are read in some order, some old and some new, which is
/// all the protocol assumes. Thread sanitizers are told about exactly these functions.
void copy_racing_from_mapping(void* to, const void* from, std::size_t bytes) noexcept;

/// Copies bytes into a slot that readers in copy mode may be reading at this moment.
void copy_racing_into_mapping(void* to, const void* from, std::size_t bytes) noexcept;

}  // namespace mmapvideo::core
