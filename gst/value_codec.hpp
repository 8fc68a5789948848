// SPDX-License-Identifier: MIT
// Structures of GStreamer as bytes of the file (SPEC.md 3.7), and back from bytes that may be
// hostile. GStreamer's own text form is not used for that: its parser can be made to recurse
// without end. Pure.
#pragma once

#include <gst/gst.h>

#include <memory>
#include <string>
#include <string_view>

#include "byte_cursor.hpp"

namespace gstmmap {

struct StructureFree {
  void operator()(GstStructure* structure) const { gst_structure_free(structure); }
};
using OwnedStructure = std::unique_ptr<GstStructure, StructureFree>;

/// Appends a structure. False: a field holds something that only this process can use (a pointer,
/// an object); it was left out.
bool write_structure(ByteWriter& out, const GstStructure* structure);

/// Appends a value. False: as above, and nothing was appended.
bool write_value(ByteWriter& out, const GValue* value);

/// Throws Malformed.
OwnedStructure read_structure(ByteReader& in);

/// Names become quarks, which are never freed, so a hostile file may bring only so many new ones.
/// Throws Malformed beyond that.
GQuark quark_of_name(const std::string& name);

/// Is it a name that GStreamer takes for a structure?
bool is_structure_name(std::string_view name);

}  // namespace gstmmap
