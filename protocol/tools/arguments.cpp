// SPDX-License-Identifier: MIT
// The command line: subcommands, options, and their help, which manual and completion are made of.
//
// The name of an option's value tells what it is, here and to the completion: FILE, DIR, CLIP and
// OUTPUT are paths, "a|b" is one of these words, everything else is a number.
#include "arguments.hpp"

#include <charconv>

namespace mmapvideo::tools {
namespace {

constexpr const char* default_place = "/dev/shm";

// Lines of help fit 80 columns. The manual joins lines into paragraphs; those that begin with two
// spaces stay as they are.
constexpr const char* list_teaching =
    R"(Shows live and left-over files below each DIR (a file is shown itself):
format, size, nominal rate (~: measured), readers, age of the newest frame,
and its writer:
  alive     a writer has the file
  ended     its writer ended; the file was kept
  crashed   its writer is gone without ending
  starting  a writer is about to begin
  unknown   the file system has no locks to tell by
  broken    it contradicts the specification; "mmapvideo check" says how
Other files are not touched. --json prints an array of what "info --json"
prints.

Examples:
  mmapvideo list
  mmapvideo list --json | jq -r '.[] | select(.writer == "alive").path')";

constexpr const char* info_teaching =
    R"(Shows the file as it is at this moment. A reader is shown by its lane, a
number that it drew; one of every frame also with how far it is behind.

Examples:
  mmapvideo info /dev/shm/cam0
  mmapvideo info --json /dev/shm/cam0 | jq .newest.age_ns)";

constexpr const char* watch_teaching =
    R"(Draws on a terminal; elsewhere it prints a line each second. It is no reader:
no writer waits for it or counts it. Ctrl-C ends it.

Latency is the time from the publication of a frame until watch, which waits
as a reader does, has seen it. Solid bars show the median, shaded ones the
maximum, on a logarithmic scale. "skipped" are frames that were followed by
another one before watch saw them, "dropped" those for which the writer had no
free slot.

With -n the exit status is 1 if not a single frame came.

Examples:
  mmapvideo watch /dev/shm/cam0
  mmapvideo watch --json -n 60 /dev/shm/cam0 > latency.jsonl)";

constexpr const char* dump_teaching =
    R"(OUTPUT ends in .png or .y4m, or is - for y4m on stdout. PNG is one frame (with
-n 3: frame-1.png to frame-3.png); y4m and --raw go on until the writer ends,
or Ctrl-C.

PNG holds RGB and grey as they are, and YUV converted by the frame's
colorimetry (where that is open: BT.601 up to 576 lines, BT.709 above, limited
range). y4m holds YUV and grey as they are; it has neither RGB, which is
converted to 4:4:4, nor alpha, which is left out. --raw writes frames of any
format as they lie in the file, with their strides.

The exit status is 1 if no frame came in time, the writer crashed, or
--every-frame missed one, and 3 if there is no file.

Examples:
  mmapvideo dump /dev/shm/cam0 -o frame.png
  mmapvideo dump /dev/shm/cam0 -n 300 -o clip.y4m
  mmapvideo dump /dev/shm/cam0 - | mpv -
  mmapvideo dump /dev/shm/cam0 - | ffmpeg -i - -c:v libx264 clip.mp4)";

constexpr const char* play_teaching =
    R"(Reads y4m: 4:2:0, 4:2:2, 4:4:4, 4:1:1 and grey of 8 bits, 4:2:0, 4:2:2 and
4:4:4 of 10 bits, and grey of 16 bits. The file is removed at the end, also at
Ctrl-C, unless --keep-file is given. Frames wait for readers as those of
mmapsink do, by the same options.

Examples:
  mmapvideo play /dev/shm/clip --loop clip.y4m
  ffmpeg -i clip.mp4 -f yuv4mpegpipe - | mmapvideo play /dev/shm/clip
  mmapvideo play /dev/shm/clip --fast --delivery every-frame \
    --wait-for-readers 1 < clip.y4m)";

constexpr const char* check_teaching =
    R"(Checks the header, the ring and every frame that is in the file. Says "fine",
or one line for each finding, and then the exit status is 1. Slots that a dead
writer left half written are found as well; the next writer repairs them.

Examples:
  mmapvideo check /dev/shm/cam0
  mmapvideo check /dev/shm/cam0 || mmapvideo gc /dev/shm/cam0)";

constexpr const char* gc_teaching =
    R"(Removes files that writers left behind below each DIR, and says why it keeps
the others. What is no mapped file, is held by a writer or a reader, or cannot
be asked about (no locks, another version) stays. Nothing but memory depends
on it: a new writer takes a left-over file over.

Examples:
  mmapvideo gc --dry-run
  mmapvideo gc /dev/shm/cameras)";

// Instead of a type and relations, which the text below the options tells better.
constexpr const char* no_words = " ";

CLI::Option* add_file(CLI::App* command, std::string& path) {
  return command->add_option("FILE", path, "the mapped file, e.g. /dev/shm/cam0")
      ->required()
      ->option_text(no_words);
}

void add_json(CLI::App* command, bool& json, const char* what = "print one JSON object") {
  command->add_flag("--json", json, what);
}

/// A number whose value is called `unit` in help.
template <typename Value>
CLI::Option* add_number(CLI::App* command, const char* name, Value& value, const char* unit,
                        const char* what) {
  return command->add_option(name, value, what)->type_name(unit);
}

/// Newer versions of CLI11 would wrap the lines anew, examples and all.
void keep_lines(auto& formatter) {
  if constexpr (requires { formatter.enable_footer_formatting(false); })
    formatter.enable_footer_formatting(false);
}

/// CLI11 has no type for octal numbers.
std::string parse_permissions(const std::string& text, std::uint32_t& permissions) {
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, permissions, 8);
  if (result.ec == std::errc{} && result.ptr == end && permissions <= 0777) return "";
  return "--perms " + text + " is no mode such as 0644";
}

}  // namespace

Arguments::Arguments()
    : app_("Works with the files in which mmapsink and libmmapvideo share raw video.",
           "mmapvideo") {
  keep_lines(*app_.get_formatter());
  app_.require_subcommand(1);
  app_.allow_windows_style_options(false);  // a path may begin with a slash
  app_.get_help_ptr()->description("print this help");
  app_.set_version_flag("--version", MMAPVIDEO_COMMAND_VERSION, "print the version");
  app_.footer(std::string("mmapvideo COMMAND --help explains a command, with examples.\n") +
              "Exit status: " + exit_statuses);
  add_list();
  add_info();
  add_watch();
  add_dump();
  add_play();
  add_check();
  add_gc();
}

Request Arguments::request() const {
  if (app_.got_subcommand("list")) return list_;
  if (app_.got_subcommand("info")) return info_;
  if (app_.got_subcommand("watch")) return watch_;
  if (app_.got_subcommand("dump")) return dump_;
  if (app_.got_subcommand("play")) return play_;
  if (app_.got_subcommand("check")) return check_;
  return gc_;
}

CLI::App* Arguments::add(const char* name, const char* summary, const char* teaching) {
  CLI::App* command = app_.add_subcommand(name, summary);
  command->footer(teaching);
  command->get_help_ptr()->description("print this help");
  return command;
}

void Arguments::add_list() {
  CLI::App* command = add("list", "list mapped files, live and left over", list_teaching);
  list_.places = {default_place};
  command->add_option("DIR", list_.places, "where to look (/dev/shm)")->option_text("...");
  add_json(command, list_.json, "print a JSON array");
}

void Arguments::add_info() {
  CLI::App* command = add("info", "show writer, readers, format and ring", info_teaching);
  add_file(command, info_.path);
  add_json(command, info_.json);
}

void Arguments::add_watch() {
  CLI::App* command =
      add("watch", "show rate, latency and readers while they change", watch_teaching);
  add_file(command, watch_.path);
  add_number(command, "-n,--seconds", watch_.seconds, "SECONDS", "end after so long")
      ->check(CLI::Range(0.001, 1e9).description(""));
  command->add_flag("--wait", watch_.wait, "wait for a file that does not exist yet");
  command->add_flag("--plain", watch_.plain, "print lines on a terminal, too");
  add_json(command, watch_.json, "print one JSON object a second, one on each line");
}

void Arguments::add_dump() {
  CLI::App* command = add("dump", "write frames as PNG, y4m or raw bytes", dump_teaching);
  add_file(command, dump_.path);
  CLI::Option* positional =
      command->add_option("OUTPUT", dump_.output, "the same as -o OUTPUT")->option_text(no_words);
  command->add_option("-o,--output", dump_.output, "where to; -: stdout")
      ->type_name("OUTPUT")
      ->option_text("OUTPUT")
      ->excludes(positional);
  add_number(command, "-n,--frames", dump_.frames, "FRAMES", "end after so many")
      ->check(CLI::PositiveNumber.description(""));
  command->add_flag("--raw", dump_.raw, "the bytes of the frames as they are");
  command->add_flag("--png", dump_.png, "PNG, whatever the name of the output");
  command->add_flag("--every-frame", dump_.every_frame, "all frames in order, not only the newest");
  add_number(command, "--timeout", dump_.timeout_s, "SECONDS",
             "the longest wait for a frame (5; -1: for ever)");
  add_json(command, dump_.json, "print a summary as JSON at the end");
}

void Arguments::add_play() {
  CLI::App* command = add("play", "write a y4m stream into a mapped file", play_teaching);
  add_file(command, play_.path);
  command->add_option("CLIP", play_.clip, "the y4m stream (stdin)")->option_text(no_words);
  command->add_flag("--fast", play_.fast, "as fast as it goes, not by the stream's frame rate");
  command->add_flag("--loop", play_.loop, "again and again; needs a file, not a pipe");
  command->add_option("--delivery", play_.delivery, "whom frames wait for (latest)")
      ->type_name("latest|every-frame|acknowledged")
      ->check(CLI::IsMember({"latest", "every-frame", "acknowledged"}).description(""));
  add_number(command, "--wait-for-readers", play_.wait_for_readers, "COUNT",
             "begin when so many readers are attached (0)");
  add_number(command, "--wait-timeout", play_.wait_timeout_s, "SECONDS",
             "longest wait of a frame for readers (1; -1: for ever)");
  add_number(command, "--slots", play_.slots, "COUNT", "ring depth, 2 to 1024 (by the frame size)")
      ->check(CLI::Range(2u, 1024u).description(""));
  command
      ->add_option_function<std::string>(
          "--perms",
          [this](const std::string& text) {
            const std::string problem = parse_permissions(text, play_.permissions);
            if (!problem.empty()) throw CLI::ValidationError(problem);
          },
          "mode of the file if it is created (0600)")
      ->type_name("MODE");
  command->add_flag("--keep-file", play_.keep_file, "leave the file in place at the end");
  add_json(command, play_.json, "print a summary as JSON at the end");
}

void Arguments::add_check() {
  CLI::App* command = add("check", "validate a file against the specification", check_teaching);
  add_file(command, check_.path);
  add_json(command, check_.json);
}

void Arguments::add_gc() {
  CLI::App* command = add("gc", "remove files that nobody has any more", gc_teaching);
  gc_.places = {default_place};
  command->add_option("DIR", gc_.places, "where to look (/dev/shm)")->option_text("...");
  command->add_flag("--dry-run", gc_.dry_run, "say what would be removed, and remove nothing");
  add_json(command, gc_.json);
}

}  // namespace mmapvideo::tools
