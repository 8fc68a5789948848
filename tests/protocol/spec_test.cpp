// SPDX-License-Identifier: MIT
// SPEC.md against layout.h: every field of every table, and the constants that the text names.
#include <gtest/gtest.h>
#include <mmapvideo/mmapvideo.h>

#include <cstddef>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "support/ofd_lock.hpp"

namespace {

struct Field {
  std::string name;
  std::size_t offset;
  std::size_t size;
  bool operator==(const Field&) const = default;
};
void PrintTo(const Field& field, std::ostream* out) {
  *out << field.name << " at " << field.offset << ", " << field.size << " bytes";
}

#define FIELD(type, field) \
  Field { #field, offsetof(struct type, field), sizeof(type::field) }

const std::map<std::string, std::vector<Field>> kStructs = {
    {"mmapvideo_file_header",
     {FIELD(mmapvideo_file_header, magic),
      FIELD(mmapvideo_file_header, version),
      FIELD(mmapvideo_file_header, header_bytes),
      FIELD(mmapvideo_file_header, incompatible_flags),
      FIELD(mmapvideo_file_header, compatible_flags),
      FIELD(mmapvideo_file_header, file_id),
      FIELD(mmapvideo_file_header, state),
      FIELD(mmapvideo_file_header, clock_id),
      FIELD(mmapvideo_file_header, clock_namespace),
      FIELD(mmapvideo_file_header, boot_id),
      FIELD(mmapvideo_file_header, session_id),
      FIELD(mmapvideo_file_header, session_count),
      FIELD(mmapvideo_file_header, session_start_time_ns),
      FIELD(mmapvideo_file_header, session_first_number),
      FIELD(mmapvideo_file_header, writer_process_id),
      FIELD(mmapvideo_file_header, delivery),
      FIELD(mmapvideo_file_header, reserved_124),
      FIELD(mmapvideo_file_header, ring_generation),
      FIELD(mmapvideo_file_header, reserved_136),
      FIELD(mmapvideo_file_header, rings),
      FIELD(mmapvideo_file_header, reserved_320),
      FIELD(mmapvideo_file_header, head_number),
      FIELD(mmapvideo_file_header, head_slot_id),
      FIELD(mmapvideo_file_header, reserved_400),
      FIELD(mmapvideo_file_header, published),
      FIELD(mmapvideo_file_header, reserved_452),
      FIELD(mmapvideo_file_header, released),
      FIELD(mmapvideo_file_header, reserved_516),
      FIELD(mmapvideo_file_header, frame_count),
      FIELD(mmapvideo_file_header, dropped_count),
      FIELD(mmapvideo_file_header, byte_count),
      FIELD(mmapvideo_file_header, wait_count),
      FIELD(mmapvideo_file_header, passed_over_count),
      FIELD(mmapvideo_file_header, reserved_616)}},
    {"mmapvideo_ring",
     {FIELD(mmapvideo_ring, generation), FIELD(mmapvideo_ring, offset),
      FIELD(mmapvideo_ring, slot_stride), FIELD(mmapvideo_ring, payload_offset),
      FIELD(mmapvideo_ring, payload_capacity), FIELD(mmapvideo_ring, metadata_capacity),
      FIELD(mmapvideo_ring, slot_count), FIELD(mmapvideo_ring, first_slot_id),
      FIELD(mmapvideo_ring, reserved)}},
    {"mmapvideo_slot_header",
     {FIELD(mmapvideo_slot_header, stamp), FIELD(mmapvideo_slot_header, number),
      FIELD(mmapvideo_slot_header, session_id), FIELD(mmapvideo_slot_header, reserved),
      FIELD(mmapvideo_slot_header, info)}},
    {"mmapvideo_frame_info", {FIELD(mmapvideo_frame_info, pts_ns),
                              FIELD(mmapvideo_frame_info, dts_ns),
                              FIELD(mmapvideo_frame_info, duration_ns),
                              FIELD(mmapvideo_frame_info, offset),
                              FIELD(mmapvideo_frame_info, offset_end),
                              FIELD(mmapvideo_frame_info, flags),
                              FIELD(mmapvideo_frame_info, clock_time_ns),
                              FIELD(mmapvideo_frame_info, latency_ns),
                              FIELD(mmapvideo_frame_info, publish_time_ns),
                              FIELD(mmapvideo_frame_info, publish_wall_time_ns),
                              FIELD(mmapvideo_frame_info, payload_bytes),
                              FIELD(mmapvideo_frame_info, metadata_bytes),
                              FIELD(mmapvideo_frame_info, caps_bytes),
                              FIELD(mmapvideo_frame_info, width),
                              FIELD(mmapvideo_frame_info, height),
                              FIELD(mmapvideo_frame_info, fps_numerator),
                              FIELD(mmapvideo_frame_info, fps_denominator),
                              FIELD(mmapvideo_frame_info, par_numerator),
                              FIELD(mmapvideo_frame_info, par_denominator),
                              FIELD(mmapvideo_frame_info, interlace_mode),
                              FIELD(mmapvideo_frame_info, field_order),
                              FIELD(mmapvideo_frame_info, plane_count),
                              FIELD(mmapvideo_frame_info, view_count),
                              FIELD(mmapvideo_frame_info, reserved_140),
                              FIELD(mmapvideo_frame_info, format),
                              FIELD(mmapvideo_frame_info, colorimetry),
                              FIELD(mmapvideo_frame_info, chroma_site),
                              FIELD(mmapvideo_frame_info, planes),
                              FIELD(mmapvideo_frame_info, reserved_400)}},
    {"mmapvideo_plane",
     {FIELD(mmapvideo_plane, offset), FIELD(mmapvideo_plane, stride),
      FIELD(mmapvideo_plane, row_bytes), FIELD(mmapvideo_plane, rows),
      FIELD(mmapvideo_plane, reserved)}},
    {"mmapvideo_metadata_header",
     {FIELD(mmapvideo_metadata_header, magic), FIELD(mmapvideo_metadata_header, version),
      FIELD(mmapvideo_metadata_header, reserved)}},
    {"mmapvideo_metadata_record",
     {FIELD(mmapvideo_metadata_record, record_bytes), FIELD(mmapvideo_metadata_record, version),
      FIELD(mmapvideo_metadata_record, kind)}},
};
#undef FIELD

const std::map<std::string, std::size_t> kSizes = {
    {"mmapvideo_file_header", sizeof(mmapvideo_file_header)},
    {"mmapvideo_ring", sizeof(mmapvideo_ring)},
    {"mmapvideo_slot_header", sizeof(mmapvideo_slot_header)},
    {"mmapvideo_frame_info", sizeof(mmapvideo_frame_info)},
    {"mmapvideo_plane", sizeof(mmapvideo_plane)},
    {"mmapvideo_metadata_header", sizeof(mmapvideo_metadata_header)},
    {"mmapvideo_metadata_record", sizeof(mmapvideo_metadata_record)},
};

std::string text_of(const char* path) {
  std::ifstream in(path);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}
const std::string& spec() {
  static const std::string text = text_of(MMAPVIDEO_SPEC_PATH);
  return text;
}

std::string trimmed(const std::string& text) {
  std::size_t first = text.find_first_not_of(' ');
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

using Row = std::vector<std::string>;

Row split_row(const std::string& line) {
  Row cells;
  std::istringstream in(line.substr(1));  // what is before the first bar
  for (std::string cell; std::getline(in, cell, '|');) cells.push_back(trimmed(cell));
  return cells;
}

/// The rows of the first table at or after `from`, without its two heading lines.
std::vector<Row> table_at(std::size_t from) {
  std::istringstream in(spec().substr(from));
  std::vector<Row> rows;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line[0] == '|') {
      rows.push_back(split_row(line));
    } else if (!rows.empty()) {
      break;
    }
  }
  if (rows.size() < 3) return {};
  rows.erase(rows.begin(), rows.begin() + 2);
  return rows;
}

std::map<std::string, std::vector<Row>> find_marked_tables() {
  std::map<std::string, std::vector<Row>> tables;
  std::regex marker("<!-- table: (\\w+) -->");
  for (std::sregex_iterator it(spec().begin(), spec().end(), marker), end; it != end; ++it) {
    tables[(*it)[1]] = table_at(static_cast<std::size_t>(it->position()));
  }
  return tables;
}

const std::map<std::string, std::vector<Row>>& marked_tables() {
  static const std::map<std::string, std::vector<Row>> tables = find_marked_tables();
  return tables;
}
const std::vector<Row>& marked_table(const std::string& name) {
  static const std::vector<Row> none;
  auto found = marked_tables().find(name);
  return found == marked_tables().end() ? none : found->second;
}

std::vector<Row> table_after(const std::string& text) {
  std::size_t at = spec().find(text);
  EXPECT_NE(at, std::string::npos) << "SPEC.md does not contain: " << text;
  return at == std::string::npos ? std::vector<Row>{} : table_at(at);
}

std::vector<Field> fields_of(const std::vector<Row>& rows) {
  std::vector<Field> fields;
  for (const Row& row : rows) {
    fields.push_back({row.at(2), std::stoul(row.at(0)), std::stoul(row.at(1))});
  }
  return fields;
}

/// Size of a type as the text names it, 0 for a structure.
std::size_t size_of_type(const std::string& type) {
  static const std::map<std::string, std::size_t> scalars = {
      {"u8", 1}, {"char", 1}, {"u32", 4}, {"u64", 8}, {"i64", 8}};
  std::smatch match;
  if (!std::regex_match(type, match, std::regex("(\\w+?)(?:\\[(\\d+)\\])?"))) return 0;
  auto scalar = scalars.find(match[1]);
  if (scalar == scalars.end()) return 0;
  return scalar->second * (match[2].matched ? std::stoul(match[2]) : 1);
}

/// The "meaning" cell of one field.
std::string meaning_of(const std::string& table, const std::string& field) {
  for (const Row& row : marked_table(table)) {
    if (row.at(2) == field) return row.back();
  }
  ADD_FAILURE() << table << " has no field " << field;
  return "";
}

bool spec_contains(const std::string& text) { return spec().find(text) != std::string::npos; }

}  // namespace

TEST(Spec, has_a_table_for_every_structure_and_no_other) {
  EXPECT_EQ(marked_tables().size(), kStructs.size());
  for (const auto& [name, fields] : kStructs) EXPECT_EQ(marked_tables().count(name), 1u) << name;
}

TEST(Spec, tables_and_layout_h_name_the_same_fields_at_the_same_bytes) {
  for (const auto& [name, fields] : kStructs) {
    EXPECT_EQ(fields_of(marked_table(name)), fields) << name;
  }
}

TEST(Spec, tables_describe_every_byte_once) {
  for (const auto& [name, rows] : marked_tables()) {
    std::size_t next = 0;
    for (const Field& field : fields_of(rows)) {
      EXPECT_EQ(field.offset, next) << name << "." << field.name;
      next = field.offset + field.size;
    }
    EXPECT_EQ(next, kSizes.at(name)) << name;
  }
}

TEST(Spec, tables_give_types_of_the_size_they_state) {
  for (const auto& [name, rows] : marked_tables()) {
    for (const Row& row : rows) {
      std::size_t size = size_of_type(row.at(3));
      if (size == 0) continue;
      EXPECT_EQ(std::stoul(row.at(1)), size) << name << "." << row.at(2);
    }
  }
}

TEST(Spec, marks_as_atomic_what_layout_h_marks_as_atomic) {
  std::string layout = text_of(MMAPVIDEO_LAYOUT_PATH);
  int seen = 0;
  for (const char* name : {"mmapvideo_file_header", "mmapvideo_slot_header"}) {
    std::size_t begin = layout.find(std::string("struct ") + name + " {");
    ASSERT_NE(begin, std::string::npos);
    std::string body = layout.substr(begin, layout.find("};", begin) - begin);
    for (const Row& row : marked_table(name)) {
      std::regex declaration("\\b" + row.at(2) + "(\\[\\d+\\])?;([^\\n]*)");
      std::smatch match;
      ASSERT_TRUE(std::regex_search(body, match, declaration)) << row.at(2);
      bool atomic_here = match[2].str().find("(atomic") != std::string::npos;
      EXPECT_EQ(row.at(4) == "a", atomic_here) << name << "." << row.at(2);
      seen += atomic_here;
    }
  }
  EXPECT_GT(seen, 0);
}

TEST(Spec, atomic_fields_are_aligned_to_their_size) {
  for (const auto& [name, rows] : marked_tables()) {
    for (const Row& row : rows) {
      if (row.at(4) != "a") continue;
      EXPECT_EQ(std::stoul(row.at(0)) % std::stoul(row.at(1)), 0u) << name << "." << row.at(2);
    }
  }
}

TEST(Spec, enumerated_values_are_those_of_layout_h) {
  struct Enumerated {
    const char* table;
    const char* field;
    std::vector<std::pair<std::string, unsigned>> values;
  };
  const std::vector<Enumerated> all = {
      {"mmapvideo_file_header",
       "state",
       {{"forming", MMAPVIDEO_STATE_FORMING},
        {"empty", MMAPVIDEO_STATE_EMPTY},
        {"streaming", MMAPVIDEO_STATE_STREAMING},
        {"ended", MMAPVIDEO_STATE_ENDED}}},
      {"mmapvideo_file_header",
       "clock_id",
       {{"unknown", MMAPVIDEO_CLOCK_UNKNOWN},
        {"CLOCK_MONOTONIC", MMAPVIDEO_CLOCK_MONOTONIC},
        {"QueryPerformanceCounter", MMAPVIDEO_CLOCK_QPC}}},
      {"mmapvideo_file_header",
       "delivery",
       {{"latest", MMAPVIDEO_DELIVERY_LATEST}, {"every-frame", MMAPVIDEO_DELIVERY_EVERY_FRAME}}},
      {"mmapvideo_frame_info",
       "interlace_mode",
       {{"progressive", MMAPVIDEO_INTERLACE_PROGRESSIVE},
        {"interleaved", MMAPVIDEO_INTERLACE_INTERLEAVED},
        {"mixed", MMAPVIDEO_INTERLACE_MIXED},
        {"fields", MMAPVIDEO_INTERLACE_FIELDS},
        {"alternate", MMAPVIDEO_INTERLACE_ALTERNATE}}},
      {"mmapvideo_frame_info",
       "field_order",
       {{"unknown", MMAPVIDEO_FIELD_ORDER_UNKNOWN},
        {"top field first", MMAPVIDEO_FIELD_ORDER_TOP_FIRST},
        {"bottom field first", MMAPVIDEO_FIELD_ORDER_BOTTOM_FIRST}}},
  };
  for (const Enumerated& each : all) {
    std::string meaning = meaning_of(each.table, each.field);
    for (const auto& [word, value] : each.values) {
      std::string expected = std::to_string(value) + " " + word;
      EXPECT_NE(meaning.find(expected), std::string::npos) << each.field << ": " << expected;
    }
  }
}

TEST(Spec, frame_flags_are_those_of_layout_h) {
  const std::map<unsigned, std::pair<std::string, std::uint64_t>> constants = {
      {0, {"discontinuity", MMAPVIDEO_FRAME_DISCONTINUITY}},
      {1, {"corrupted", MMAPVIDEO_FRAME_CORRUPTED}},
      {2, {"gap", MMAPVIDEO_FRAME_GAP}},
      {3, {"droppable", MMAPVIDEO_FRAME_DROPPABLE}},
      {4, {"delta unit", MMAPVIDEO_FRAME_DELTA_UNIT}},
      {5, {"marker", MMAPVIDEO_FRAME_MARKER}},
      {6, {"header", MMAPVIDEO_FRAME_HEADER}},
      {7, {"resync", MMAPVIDEO_FRAME_RESYNC}},
      {8, {"must not be dropped", MMAPVIDEO_FRAME_NON_DROPPABLE}},
      {9, {"live", MMAPVIDEO_FRAME_LIVE}},
      {10, {"decode-only", MMAPVIDEO_FRAME_DECODE_ONLY}},
      {16, {"interlaced", MMAPVIDEO_FRAME_INTERLACED}},
      {17, {"top field first", MMAPVIDEO_FRAME_TOP_FIELD_FIRST}},
      {18, {"repeat first field", MMAPVIDEO_FRAME_REPEAT_FIRST_FIELD}},
      {19, {"one field", MMAPVIDEO_FRAME_ONE_FIELD}},
      {20, {"multiple views", MMAPVIDEO_FRAME_MULTIPLE_VIEW}},
      {21, {"first in bundle", MMAPVIDEO_FRAME_FIRST_IN_BUNDLE}},
  };
  std::map<unsigned, std::string> in_text;
  for (const Row& row : table_after("### 3.6 Frame flags")) {
    for (std::size_t column = 0; column + 1 < row.size(); column += 2) {
      if (!row[column].empty()) in_text[std::stoul(row[column])] = row[column + 1];
    }
  }
  EXPECT_EQ(in_text.size(), constants.size());
  for (const auto& [bit, constant] : constants) {
    EXPECT_EQ(in_text[bit].rfind(constant.first, 0), 0u) << bit << ": " << in_text[bit];
    EXPECT_EQ(constant.second, std::uint64_t{1} << bit) << constant.first;
  }
}

TEST(Spec, lock_formula_is_that_of_layout_h) {
  std::regex formula(
      "lock offset = 2\\^(\\d+) \\+ family \\* 2\\^(\\d+) \\+ index \\* 2\\^(\\d+) \\+ lane \\* "
      "(\\d+) +family < (\\d+), index < 2\\^(\\d+), lane < 2\\^(\\d+)");
  std::smatch match;
  ASSERT_TRUE(std::regex_search(spec(), match, formula));
  auto power = [&](int group) { return std::uint64_t{1} << std::stoul(match[group]); };
  EXPECT_EQ(power(1), MMAPVIDEO_LOCK_BASE);
  EXPECT_EQ(power(2), MMAPVIDEO_LOCK_FAMILY_BYTES);
  EXPECT_EQ(power(3), MMAPVIDEO_LOCK_INDEX_BYTES);
  EXPECT_EQ(std::stoul(match[4]), MMAPVIDEO_LOCK_ITEM_BYTES);
  EXPECT_EQ(power(6), MMAPVIDEO_LOCK_INDEX_COUNT);
  // The parts must not run into each other, and the last byte must be a valid file position.
  EXPECT_EQ(power(7) * MMAPVIDEO_LOCK_ITEM_BYTES, MMAPVIDEO_LOCK_INDEX_BYTES);
  EXPECT_EQ(power(6) * MMAPVIDEO_LOCK_INDEX_BYTES, MMAPVIDEO_LOCK_FAMILY_BYTES);
  EXPECT_EQ(MMAPVIDEO_LOCK_BASE + std::stoul(match[5]) * MMAPVIDEO_LOCK_FAMILY_BYTES - 1,
            static_cast<std::uint64_t>(INT64_MAX));
}

TEST(Spec, lock_families_are_those_of_layout_h) {
  const std::map<std::string, unsigned> families = {{"WRITER", MMAPVIDEO_LOCK_WRITER},
                                                    {"READER", MMAPVIDEO_LOCK_READER},
                                                    {"SLOT", MMAPVIDEO_LOCK_SLOT},
                                                    {"TURN", MMAPVIDEO_LOCK_TURN}};
  std::map<std::string, unsigned> in_text;
  for (const Row& row : table_after("lock offset =")) in_text[row.at(1)] = std::stoul(row.at(0));
  EXPECT_EQ(in_text, families);
}

TEST(Spec, lock_helpers_of_the_tests_agree_with_layout_h) {
  using mmapvideo_test::Family;
  for (Family family : {Family::writer, Family::reader, Family::slot, Family::turn}) {
    for (std::uint64_t index : {0ull, 1ull, 65535ull, (1ull << 24) - 1}) {
      for (std::uint64_t lane : {0ull, 1ull, (1ull << 32) - 1}) {
        EXPECT_EQ(mmapvideo_test::lock_offset(family, index, lane),
                  MMAPVIDEO_LOCK_BASE +
                      static_cast<std::uint64_t>(family) * MMAPVIDEO_LOCK_FAMILY_BYTES +
                      index * MMAPVIDEO_LOCK_INDEX_BYTES + lane * MMAPVIDEO_LOCK_ITEM_BYTES);
      }
    }
  }
}

TEST(Spec, magic_is_the_bytes_that_the_text_shows) {
  EXPECT_TRUE(spec_contains("the bytes `mmapvid\\n`"));
  const std::uint64_t magic = MMAPVIDEO_MAGIC;
  EXPECT_EQ(std::memcmp(&magic, "mmapvid\n", sizeof magic), 0);
}

TEST(Spec, constants_in_the_text_are_those_of_layout_h) {
  EXPECT_EQ(meaning_of("mmapvideo_file_header", "version"), std::to_string(MMAPVIDEO_VERSION));
  EXPECT_EQ(meaning_of("mmapvideo_file_header", "header_bytes"),
            std::to_string(MMAPVIDEO_HEADER_BYTES));
  auto number = [](std::uint64_t value) { return std::to_string(value); };
  const std::string slots = number(MMAPVIDEO_MIN_SLOTS) + " to " + number(MMAPVIDEO_MAX_SLOTS);
  EXPECT_EQ(meaning_of("mmapvideo_ring", "slot_count"), slots);
  EXPECT_TRUE(spec_contains("slot_count is " + slots));
  EXPECT_TRUE(spec_contains("slot_stride is a multiple of " + number(MMAPVIDEO_SLOT_ALIGNMENT)));
  EXPECT_TRUE(
      spec_contains("payload_offset is a multiple of " + number(MMAPVIDEO_PAYLOAD_ALIGNMENT)));
  EXPECT_TRUE(
      spec_contains("payload_capacity is a multiple of " + number(MMAPVIDEO_METADATA_ALIGNMENT)));
  EXPECT_TRUE(spec_contains("The first " + number(MMAPVIDEO_PREAMBLE_BYTES) + " bytes"));
  EXPECT_TRUE(spec_contains("plane_count <= " + number(MMAPVIDEO_MAX_PLANES)));
  EXPECT_TRUE(spec_contains("payload_offset - " + number(MMAPVIDEO_CAPS_OFFSET)));
  EXPECT_TRUE(spec_contains("number mod " + number(MMAPVIDEO_TURN_COUNT)));
  EXPECT_TRUE(spec_contains("1 to 2^62 - 1"));
  EXPECT_EQ(MMAPVIDEO_MAX_FRAME_NUMBER, (std::uint64_t{1} << 62) - 1);
  EXPECT_TRUE(spec_contains("`2^64 - 1` in a time\nor media offset means \"there is none\""));
  EXPECT_EQ(MMAPVIDEO_NONE, ~std::uint64_t{0});
  EXPECT_TRUE(spec_contains("| compatible | 0 | UNLOCKED |"));
  EXPECT_EQ(MMAPVIDEO_COMPATIBLE_UNLOCKED, 1u);
}

TEST(Spec, preamble_ends_where_the_state_begins) {
  EXPECT_EQ(offsetof(struct mmapvideo_file_header, state), MMAPVIDEO_PREAMBLE_BYTES);
}

TEST(Spec, contents_line_links_to_headings_that_exist) {
  std::regex link("\\(#([a-z0-9-]+)\\)");
  int links = 0;
  for (std::sregex_iterator it(spec().begin(), spec().end(), link), end; it != end; ++it, ++links) {
    std::string anchor = (*it)[1];
    std::string number = anchor.substr(0, anchor.find('-'));
    EXPECT_TRUE(spec_contains("\n## " + number + " ")) << anchor;
  }
  EXPECT_GT(links, 10);
}
