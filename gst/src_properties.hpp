// SPDX-License-Identifier: MIT
// The properties of mmapsrc: their kinds, values, words and defaults.
#pragma once

#include "subscriber.hpp"

namespace gstmmap {

struct SrcProperty {
  /// In the order in which they are shown. `stats` is answered by Subscriber::stats().
  enum Id : guint { location = 1, delivery, io_mode, max_leases, on_disconnect, timeout, stats };
};

void install_src_properties(GObjectClass* object_class);
/// False: there is no such property to set.
bool set_src_property(Subscriber::Settings& settings, guint id, const GValue* value);
/// False: there is no such property in the settings.
bool get_src_property(const Subscriber::Settings& settings, guint id, GValue* value);

}  // namespace gstmmap
