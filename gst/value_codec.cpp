// SPDX-License-Identifier: MIT
// Structures of GStreamer as bytes of the file (SPEC.md 3.7), and back from bytes that may be
// hostile.
#include "value_codec.hpp"

#include <algorithm>
#include <atomic>
#include <mmapvideo/mmapvideo.hpp>

namespace gstmmap {
namespace {

constexpr int max_depth = 16;
constexpr int max_new_names = 4096;

enum class Type : std::uint8_t {
  no_text,
  boolean,
  int32,
  uint32,
  int64,
  uint64,
  float32,
  float64,
  text,
  fraction,
  bytes,
  buffer,
  structure,
  list,
  array,
  named
};

struct GFree {
  void operator()(void* memory) const { g_free(memory); }
};
using OwnedText = std::unique_ptr<char, GFree>;

/// A GValue that is emptied in the end.
class Value {
 public:
  Value() = default;
  ~Value() {
    if (G_IS_VALUE(&value_)) g_value_unset(&value_);
  }
  Value(const Value&) = delete;
  Value& operator=(const Value&) = delete;
  GValue* get() { return &value_; }
  GValue* init(GType type) { return g_value_init(&value_, type); }

 private:
  GValue value_ = G_VALUE_INIT;
};

void put_type(ByteWriter& out, Type type) { out.number(static_cast<std::uint8_t>(type)); }

/// Types whose text form is flat, and is read without recursion.
bool is_named_type(GType type) {
  return G_TYPE_IS_ENUM(type) || G_TYPE_IS_FLAGS(type) || type == GST_TYPE_BITMASK ||
         type == G_TYPE_DATE || type == GST_TYPE_DATE_TIME;
}

bool is_field_name(std::string_view name) {
  static constexpr std::string_view others = "/-_.:+";
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return g_ascii_isalnum(c) || others.find(c) != std::string_view::npos;
  });
}

bool is_utf8(std::string_view text) {
  return g_utf8_validate(text.data(), static_cast<gssize>(text.size()), nullptr);
}

// ---- Writing ----------------------------------------------------------------------------------

bool write_value_at(ByteWriter& out, const GValue* value, int depth);
bool write_structure_at(ByteWriter& out, const GstStructure* structure, int depth);

void write_number(ByteWriter& out, const GValue* value) {
  switch (G_VALUE_TYPE(value)) {
    case G_TYPE_BOOLEAN:
      put_type(out, Type::boolean);
      return out.number(static_cast<std::uint8_t>(g_value_get_boolean(value) != FALSE));
    case G_TYPE_INT:
      put_type(out, Type::int32);
      return out.number(g_value_get_int(value));
    case G_TYPE_UINT:
      put_type(out, Type::uint32);
      return out.number(g_value_get_uint(value));
    case G_TYPE_INT64:
      put_type(out, Type::int64);
      return out.number(static_cast<std::int64_t>(g_value_get_int64(value)));
    case G_TYPE_UINT64:
      put_type(out, Type::uint64);
      return out.number(static_cast<std::uint64_t>(g_value_get_uint64(value)));
    case G_TYPE_FLOAT:
      put_type(out, Type::float32);
      return out.number(g_value_get_float(value));
    default:
      put_type(out, Type::float64);
      return out.number(g_value_get_double(value));
  }
}

bool is_number(GType type) {
  return type == G_TYPE_BOOLEAN || type == G_TYPE_INT || type == G_TYPE_UINT ||
         type == G_TYPE_INT64 || type == G_TYPE_UINT64 || type == G_TYPE_FLOAT ||
         type == G_TYPE_DOUBLE;
}

bool write_text(ByteWriter& out, const char* text) {
  if (text == nullptr) {
    put_type(out, Type::no_text);
    return true;
  }
  if (!is_utf8(text)) return false;
  put_type(out, Type::text);
  out.text(text);
  return true;
}

bool write_bytes(ByteWriter& out, GBytes* bytes) {
  if (bytes == nullptr) return false;
  gsize count = 0;
  const void* const data = g_bytes_get_data(bytes, &count);
  put_type(out, Type::bytes);
  out.bytes(data, count);
  return true;
}

bool write_buffer(ByteWriter& out, GstBuffer* buffer) {
  if (buffer == nullptr) return false;
  const gsize count = gst_buffer_get_size(buffer);
  if (count > MMAPVIDEO_MAX_METADATA_BYTES) return false;
  put_type(out, Type::buffer);
  out.u32(count);
  return gst_buffer_extract(buffer, 0, out.room(count), count) == count;
}

/// All elements or none: a list with some left out would be another list.
template <typename Size, typename At>
bool write_elements(ByteWriter& out, Type type, const GValue* value, Size size_of, At at,
                    int depth) {
  const guint count = size_of(value);
  put_type(out, type);
  out.u32(count);
  for (guint i = 0; i < count; ++i)
    if (!write_value_at(out, at(value, i), depth + 1)) return false;
  return true;
}

bool write_named(ByteWriter& out, const GValue* value) {
  const OwnedText text(gst_value_serialize(value));
  if (!text || !is_utf8(text.get())) return false;
  put_type(out, Type::named);
  out.text(G_VALUE_TYPE_NAME(value));
  out.text(text.get());
  return true;
}

bool write_content(ByteWriter& out, const GValue* value, int depth) {
  const GType type = G_VALUE_TYPE(value);
  if (is_number(type)) {
    write_number(out, value);
    return true;
  }
  if (type == G_TYPE_STRING) return write_text(out, g_value_get_string(value));
  if (type == GST_TYPE_FRACTION) {
    put_type(out, Type::fraction);
    out.number(gst_value_get_fraction_numerator(value));
    out.number(gst_value_get_fraction_denominator(value));
    return true;
  }
  if (type == G_TYPE_BYTES) return write_bytes(out, static_cast<GBytes*>(g_value_get_boxed(value)));
  if (type == GST_TYPE_BUFFER) return write_buffer(out, gst_value_get_buffer(value));
  if (type == GST_TYPE_STRUCTURE) {
    const GstStructure* const nested = gst_value_get_structure(value);
    if (nested == nullptr) return false;
    put_type(out, Type::structure);
    return write_structure_at(out, nested, depth + 1);
  }
  if (type == GST_TYPE_LIST)
    return write_elements(out, Type::list, value, gst_value_list_get_size, gst_value_list_get_value,
                          depth);
  if (type == GST_TYPE_ARRAY)
    return write_elements(out, Type::array, value, gst_value_array_get_size,
                          gst_value_array_get_value, depth);
  return is_named_type(type) && write_named(out, value);
}

bool write_value_at(ByteWriter& out, const GValue* value, int depth) {
  const std::size_t begin = out.position();
  if (depth <= max_depth && write_content(out, value, depth)) return true;
  out.rewind(begin);
  return false;
}

struct FieldsWriter {
  ByteWriter& out;
  int depth;
  guint written = 0;
  bool complete = true;
};

gboolean write_field(GQuark field, const GValue* value, gpointer data) {
  FieldsWriter& fields = *static_cast<FieldsWriter*>(data);
  const std::size_t begin = fields.out.position();
  const char* const name = g_quark_to_string(field);
  fields.out.text(name);
  if (is_field_name(name) && write_value_at(fields.out, value, fields.depth)) {
    ++fields.written;
  } else {
    fields.out.rewind(begin);
    fields.complete = false;
  }
  return TRUE;
}

bool write_structure_at(ByteWriter& out, const GstStructure* structure, int depth) {
  out.text(gst_structure_get_name(structure));
  const std::size_t count_at = out.position();
  out.u32(0);
  FieldsWriter fields{out, depth};
  gst_structure_foreach(structure, write_field, &fields);
  out.set_u32(count_at, fields.written);
  return fields.complete;
}

// ---- Reading ----------------------------------------------------------------------------------

OwnedStructure read_structure_at(ByteReader& in, int depth);
void read_value_at(ByteReader& in, Value& value, int depth);

/// What GStreamer wants to be the same for all elements of a list: the type at its bottom. Nothing:
/// an empty list, which goes with all.
GType bottom_type(const GValue* value) {
  while (GST_VALUE_HOLDS_LIST(value) || GST_VALUE_HOLDS_ARRAY(value)) {
    const bool list = GST_VALUE_HOLDS_LIST(value);
    const guint count = list ? gst_value_list_get_size(value) : gst_value_array_get_size(value);
    if (count == 0) return G_TYPE_INVALID;
    value = list ? gst_value_list_get_value(value, 0) : gst_value_array_get_value(value, 0);
  }
  return G_VALUE_TYPE(value);
}

void read_elements(ByteReader& in, Value& value, GType type, int depth) {
  GValue* const list = value.init(type);
  GType common = G_TYPE_INVALID;
  for (std::uint32_t left = in.u32(); left > 0; --left) {
    Value element;
    read_value_at(in, element, depth + 1);
    const GType bottom = bottom_type(element.get());
    if (common == G_TYPE_INVALID) common = bottom;
    if (bottom != G_TYPE_INVALID && bottom != common) throw Malformed("a list of different types");
    (type == GST_TYPE_LIST ? gst_value_list_append_value : gst_value_array_append_value)(
        list, element.get());
  }
}

void read_named(ByteReader& in, Value& value) {
  const GType type = g_type_from_name(in.text().c_str());
  const std::string text = in.text();
  if (type == G_TYPE_INVALID || !is_named_type(type)) throw Malformed("a value of another type");
  if (!gst_value_deserialize(value.init(type), text.c_str()))
    throw Malformed("a value that cannot be read");
}

void read_buffer(ByteReader& in, Value& value) {
  const std::span<const char> bytes = in.bytes();
  GstBuffer* const buffer =
      bytes.empty() ? gst_buffer_new() : gst_buffer_new_memdup(bytes.data(), bytes.size());
  gst_value_take_buffer(value.init(GST_TYPE_BUFFER), buffer);
}

void read_fraction(ByteReader& in, Value& value) {
  const std::int32_t numerator = in.i32();
  const std::int32_t denominator = in.i32();
  // GStreamer negates them.
  if (denominator == 0 || numerator == G_MININT || denominator == G_MININT)
    throw Malformed("a fraction out of range");
  gst_value_set_fraction(value.init(GST_TYPE_FRACTION), numerator, denominator);
}

void read_value_at(ByteReader& in, Value& value, int depth) {
  if (depth > max_depth) throw Malformed("it is nested too deep");
  switch (static_cast<Type>(in.number<std::uint8_t>())) {
    case Type::no_text:
      value.init(G_TYPE_STRING);
      return;
    case Type::boolean:
      return g_value_set_boolean(value.init(G_TYPE_BOOLEAN), in.number<std::uint8_t>() != 0);
    case Type::int32:
      return g_value_set_int(value.init(G_TYPE_INT), in.i32());
    case Type::uint32:
      return g_value_set_uint(value.init(G_TYPE_UINT), in.u32());
    case Type::int64:
      return g_value_set_int64(value.init(G_TYPE_INT64), in.number<std::int64_t>());
    case Type::uint64:
      return g_value_set_uint64(value.init(G_TYPE_UINT64), in.u64());
    case Type::float32:
      return g_value_set_float(value.init(G_TYPE_FLOAT), in.number<float>());
    case Type::float64:
      return g_value_set_double(value.init(G_TYPE_DOUBLE), in.number<double>());
    case Type::text:
      return g_value_set_string(value.init(G_TYPE_STRING), in.text().c_str());
    case Type::fraction:
      return read_fraction(in, value);
    case Type::bytes: {
      const std::span<const char> bytes = in.bytes();
      return g_value_take_boxed(value.init(G_TYPE_BYTES), g_bytes_new(bytes.data(), bytes.size()));
    }
    case Type::buffer:
      return read_buffer(in, value);
    case Type::structure: {
      const OwnedStructure nested = read_structure_at(in, depth + 1);
      return gst_value_set_structure(value.init(GST_TYPE_STRUCTURE), nested.get());
    }
    case Type::list:
      return read_elements(in, value, GST_TYPE_LIST, depth);
    case Type::array:
      return read_elements(in, value, GST_TYPE_ARRAY, depth);
    case Type::named:
      return read_named(in, value);
  }
  throw Malformed("a value of unknown type");
}

OwnedStructure read_structure_at(ByteReader& in, int depth) {
  const std::string name = in.text();
  if (!is_structure_name(name)) throw Malformed("a structure without a proper name");
  OwnedStructure structure(gst_structure_new_id_empty(quark_of_name(name)));
  for (std::uint32_t left = in.u32(); left > 0; --left) {
    const std::string field = in.text();
    if (!is_field_name(field)) throw Malformed("a field without a proper name");
    const GQuark quark = quark_of_name(field);
    Value value;
    read_value_at(in, value, depth);
    gst_structure_id_set_value(structure.get(), quark, value.get());
  }
  return structure;
}

}  // namespace

std::string ByteReader::text() {
  const std::span<const char> found = bytes();
  std::string text(found.data(), found.size());
  if (text.find('\0') != std::string::npos || !is_utf8(text)) throw Malformed("not UTF-8");
  return text;
}

bool is_structure_name(std::string_view name) {
  return is_field_name(name) && g_ascii_isalpha(name.front());
}

GQuark quark_of_name(const std::string& name) {
  static std::atomic<int> new_names{0};
  const GQuark known = g_quark_try_string(name.c_str());
  if (known != 0) return known;
  if (new_names.fetch_add(1) >= max_new_names) throw Malformed("one new name too many");
  return g_quark_from_string(name.c_str());
}

bool write_structure(ByteWriter& out, const GstStructure* structure) {
  return write_structure_at(out, structure, 1);
}

bool write_value(ByteWriter& out, const GValue* value) { return write_value_at(out, value, 1); }

OwnedStructure read_structure(ByteReader& in) { return read_structure_at(in, 1); }

}  // namespace gstmmap
