// SPDX-License-Identifier: MIT
// The properties of mmapsink: their kinds, values, words and defaults.
#pragma once

#include <gst/base/gstbasesink.h>

#include "publisher.hpp"

namespace gstmmap {

/// What the properties set. The element guards it by its object lock.
struct SinkSettings {
  Publisher::Settings publisher;
  guint wait_for_readers = 0;
};

struct SinkProperty {
  /// In the order in which they are shown. `stats` is answered by make_sink_stats().
  enum Id : guint {
    location = 1,
    slots,
    delivery,
    wait_for_readers,
    wait_timeout,
    perms,
    keep_file,
    stats
  };
};

void install_sink_properties(GObjectClass* object_class);
/// False: there is no such property to set.
bool set_sink_property(SinkSettings& settings, guint id, const GValue* value);
/// False: there is no such property in the settings.
bool get_sink_property(const SinkSettings& settings, guint id, GValue* value);

/// The base class's figures and ours in one structure.
GstStructure* make_sink_stats(GstBaseSink* sink, const Publisher::Stats& figures);

}  // namespace gstmmap
