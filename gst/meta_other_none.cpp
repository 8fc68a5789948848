// SPDX-License-Identifier: MIT
// Metas without a kind of their own, where GStreamer is older than 1.24 and cannot write them.
#include "meta_kinds.hpp"

namespace gstmmap {

bool write_other_meta(ByteWriter&, const GstMeta*) { return false; }

void read_other_meta(ByteReader&, GstBuffer*) {
  throw Malformed("only GStreamer 1.24 and newer can read it");
}

}  // namespace gstmmap
