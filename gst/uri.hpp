// SPDX-License-Identifier: MIT
// mmap:///dev/shm/cam0?delivery=every-frame: location and properties of an element as one URI.
#pragma once

#include <gst/gst.h>

namespace gstmmap {

/// Makes an element type a GstURIHandler of `type`; for G_IMPLEMENT_INTERFACE.
template <GstURIType type>
void init_uri_handler(gpointer iface, gpointer);

/// The protocols, NULL-terminated.
const gchar* const* uri_protocols(GType);
/// The element's location as a URI, NULL if it has none. The caller frees it.
gchar* get_uri(GstURIHandler* handler);
/// Sets location, and the properties that the query part names. Nothing is set if any of it is
/// wrong.
gboolean set_uri(GstURIHandler* handler, const gchar* text, GError** error);

template <GstURIType type>
void init_uri_handler(gpointer iface, gpointer) {
  auto* handler = static_cast<GstURIHandlerInterface*>(iface);
  handler->get_type = [](GType) { return type; };
  handler->get_protocols = uri_protocols;
  handler->get_uri = get_uri;
  handler->set_uri = set_uri;
}

}  // namespace gstmmap
