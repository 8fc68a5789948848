// SPDX-License-Identifier: MIT
// Location and properties of an element as one URI.
#include "uri.hpp"

#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace gstmmap {
namespace {

struct Release {
  void operator()(GstUri* uri) const { gst_uri_unref(uri); }
  void operator()(GHashTable* table) const { g_hash_table_unref(table); }
  void operator()(gchar* text) const { g_free(text); }
};
using Uri = std::unique_ptr<GstUri, Release>;
using Table = std::unique_ptr<GHashTable, Release>;
using Text = std::unique_ptr<gchar, Release>;

constexpr char protocol[] = "mmap";

/// A property of the element and its new value.
class Setting {
 public:
  explicit Setting(GParamSpec* spec) : spec_(spec) { g_value_init(&value_, spec->value_type); }
  ~Setting() {
    if (G_IS_VALUE(&value_)) g_value_unset(&value_);
  }
  Setting(Setting&& other) noexcept : spec_(other.spec_), value_(other.value_) {
    other.value_ = G_VALUE_INIT;
  }
  Setting& operator=(Setting&&) = delete;

  bool parse(const gchar* text) { return gst_value_deserialize(&value_, text); }
  void apply(GObject* object) const {
    g_object_set_property(object, g_param_spec_get_name(spec_), &value_);
  }

 private:
  GParamSpec* spec_;
  GValue value_ = G_VALUE_INIT;
};

gboolean refuse(GError** error, GstURIError code, const std::string& sentence) {
  g_set_error_literal(error, GST_URI_ERROR, code, sentence.c_str());
  return FALSE;
}

/// What belongs to the stream, not to the element's place in its pipeline or in the file system.
bool may_be_in_query(const GParamSpec* spec) {
  return (spec->flags & G_PARAM_WRITABLE) != 0 && spec->owner_type != GST_TYPE_OBJECT &&
         g_strcmp0(spec->name, "location") != 0;
}

/// False, and `error`, for a name or value that the element does not know.
bool add_setting(GObject* object, const gchar* name, const gchar* text,
                 std::vector<Setting>& settings, GError** error) {
  GParamSpec* spec = g_object_class_find_property(G_OBJECT_GET_CLASS(object), name);
  if (spec == nullptr || !may_be_in_query(spec))
    return refuse(error, GST_URI_ERROR_BAD_REFERENCE,
                  std::string("\"") + name + "\" in the URI is no property that can be set.");
  settings.emplace_back(spec);
  if (text != nullptr && settings.back().parse(text)) return true;
  return refuse(error, GST_URI_ERROR_BAD_REFERENCE,
                std::string("\"") + (text != nullptr ? text : "") +
                    "\" in the URI is no value of " + name + ".");
}

bool parse_query(GObject* object, const GstUri* uri, std::vector<Setting>& settings,
                 GError** error) {
  const Table table(gst_uri_get_query_table(uri));
  if (!table) return true;
  GHashTableIter iterator;
  gpointer name = nullptr;
  gpointer text = nullptr;
  g_hash_table_iter_init(&iterator, table.get());
  while (g_hash_table_iter_next(&iterator, &name, &text))
    if (!add_setting(object, static_cast<gchar*>(name), static_cast<gchar*>(text), settings, error))
      return false;
  return true;
}

/// The path of a URI as the name of a file here: on Windows /C:/Users/me/cam0 is C:\Users\me\cam0.
Text filename_of(const gchar* path) {
  const Text escaped(g_uri_escape_string(path, "/:", FALSE));
  return Text(
      g_filename_from_uri((std::string("file://") + escaped.get()).c_str(), nullptr, nullptr));
}

}  // namespace

const gchar* const* uri_protocols(GType) {
  static const gchar* const protocols[] = {protocol, nullptr};
  return protocols;
}

gchar* get_uri(GstURIHandler* handler) {
  gchar* location = nullptr;
  g_object_get(handler, "location", &location, nullptr);
  const Text owned(location);
  if (!owned) return nullptr;
  const Text file_uri(g_filename_to_uri(owned.get(), nullptr, nullptr));  // none of a relative path
  if (!file_uri) return nullptr;
  return g_strconcat(protocol, file_uri.get() + std::strlen("file"), nullptr);
}

gboolean set_uri(GstURIHandler* handler, const gchar* text, GError** error) {
  GObject* object = G_OBJECT(handler);
  if (GST_STATE(handler) > GST_STATE_READY)
    return refuse(error, GST_URI_ERROR_BAD_STATE,
                  "The URI cannot change while the element is open. Stop it first.");
  const Uri uri(gst_uri_from_string(text));
  const Text path(uri ? gst_uri_get_path(uri.get()) : nullptr);
  const gchar* host = uri ? gst_uri_get_host(uri.get()) : nullptr;
  const Text location(path ? filename_of(path.get()) : nullptr);
  if (!location || *path == '\0' || (host != nullptr && *host != '\0'))
    return refuse(error, GST_URI_ERROR_BAD_URI,
                  std::string("\"") + text +
                      "\" names no file: write mmap:// and an absolute path, as in "
                      "mmap:///dev/shm/cam0.");
  std::vector<Setting> settings;
  if (!parse_query(object, uri.get(), settings, error)) return FALSE;
  g_object_set(object, "location", location.get(), nullptr);
  for (const Setting& setting : settings) setting.apply(object);
  return TRUE;
}

}  // namespace gstmmap
