// SPDX-License-Identifier: MIT
// What the properties of both elements have in common.
#pragma once

#include <gst/gst.h>

#include <string>

namespace gstmmap {

inline constexpr auto writable =
    static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);
inline constexpr auto readable =
    static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

/// A text that was not set is empty here, and NULL as a property.
inline std::string text_of(const GValue* value) {
  const gchar* const text = g_value_get_string(value);
  return text != nullptr ? text : "";
}
inline void set_text(GValue* value, const std::string& text) {
  g_value_set_string(value, text.empty() ? nullptr : text.c_str());
}

}  // namespace gstmmap
