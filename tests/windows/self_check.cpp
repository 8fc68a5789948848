// SPDX-License-Identifier: MIT
// What the library needs of Windows, asked of the running system, as a table. Wine cannot tell how
// NTFS and the real scheduler behave; this can, on a real Windows:
//
//   self-check [FOLDER]       FOLDER is where the files would be; %LOCALAPPDATA% if it is not given
//
// Exit status 0 if all that is needed holds ("needed" in the table), 1 if something does not, 2 if
// the check itself could not be done. It needs no library, and starts itself as the other process.
#include <windows.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

constexpr DWORD share_all = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
constexpr std::uint64_t granularity = 65536;
constexpr std::uint64_t lock_base = std::uint64_t{1} << 62;
constexpr std::uint32_t event_count = 16;
constexpr DWORD patience_ms = 10'000;
constexpr int latency_rounds = 300;
constexpr int death_rounds = 20;

[[noreturn]] void fail(const char* call) {
  throw std::runtime_error(std::string(call) + " failed with error " +
                           std::to_string(GetLastError()));
}

// ---- Small things -----------------------------------------------------------------------------

class Handle {
 public:
  explicit Handle(HANDLE handle = nullptr) noexcept : handle_(handle) {}
  Handle(Handle&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Handle() { close(); }
  void close() noexcept {
    if (handle_ != nullptr && handle_ != INVALID_HANDLE_VALUE) CloseHandle(handle_);
    handle_ = nullptr;
  }
  HANDLE get() const noexcept { return handle_; }

 private:
  HANDLE handle_;
};

Handle open_file(const std::wstring& path, DWORD access) {
  Handle file(CreateFileW(path.c_str(), access, share_all, nullptr,
                          (access & GENERIC_WRITE) != 0 ? OPEN_ALWAYS : OPEN_EXISTING,
                          FILE_FLAG_OPEN_REPARSE_POINT, nullptr));
  if (file.get() == INVALID_HANDLE_VALUE) fail("CreateFile");
  return file;
}

/// A mapped part of a file.
class View {
 public:
  View(HANDLE file, bool writable, std::uint64_t offset, std::size_t bytes) {
    const Handle section(CreateFileMappingW(
        file, nullptr, writable ? PAGE_READWRITE : PAGE_READONLY, 0, 0, nullptr));
    if (section.get() == nullptr) fail("CreateFileMapping");
    data_ = MapViewOfFile(section.get(), writable ? FILE_MAP_WRITE : FILE_MAP_READ,
                          static_cast<DWORD>(offset >> 32), static_cast<DWORD>(offset), bytes);
    if (data_ == nullptr) fail("MapViewOfFile");
  }
  ~View() { UnmapViewOfFile(data_); }
  View(const View&) = delete;
  View& operator=(const View&) = delete;

  std::uint64_t load(std::size_t index) const {
    return std::atomic_ref<std::uint64_t>(words()[index]).load();
  }
  void store(std::size_t index, std::uint64_t value) const {
    std::atomic_ref<std::uint64_t>(words()[index]).store(value);
  }

 private:
  std::uint64_t* words() const { return static_cast<std::uint64_t*>(data_); }
  void* data_ = nullptr;
};

bool resize(HANDLE file, std::uint64_t size) {
  FILE_END_OF_FILE_INFO end{};
  end.EndOfFile.QuadPart = static_cast<LONGLONG>(size);
  return SetFileInformationByHandle(file, FileEndOfFileInfo, &end, sizeof end) != 0;
}

OVERLAPPED place(std::uint64_t offset) {
  OVERLAPPED at{};
  at.Offset = static_cast<DWORD>(offset);
  at.OffsetHigh = static_cast<DWORD>(offset >> 32);
  return at;
}
/// 0 or the error.
DWORD lock(HANDLE file, std::uint64_t offset, bool exclusive) {
  OVERLAPPED at = place(offset);
  const DWORD flags = LOCKFILE_FAIL_IMMEDIATELY | (exclusive ? LOCKFILE_EXCLUSIVE_LOCK : 0);
  return LockFileEx(file, flags, 0, 16, 0, &at) != 0 ? 0 : GetLastError();
}
void unlock(HANDLE file, std::uint64_t offset) {
  OVERLAPPED at = place(offset);
  UnlockFileEx(file, 0, 16, 0, &at);
}

double now_us() {
  LARGE_INTEGER count{}, frequency{};
  QueryPerformanceCounter(&count);
  QueryPerformanceFrequency(&frequency);
  return static_cast<double>(count.QuadPart) * 1e6 / static_cast<double>(frequency.QuadPart);
}

std::uint64_t counter() {
  LARGE_INTEGER count{};
  QueryPerformanceCounter(&count);
  return static_cast<std::uint64_t>(count.QuadPart);
}

std::string error_text(DWORD error) { return "error " + std::to_string(error); }

std::string percentiles(std::vector<double> values) {
  if (values.empty()) return "none";
  std::sort(values.begin(), values.end());
  const auto at = [&](double part) {
    return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1))];
  };
  char text[96];
  std::snprintf(text, sizeof text, "p50 %.0f us, p99 %.0f us, max %.0f us", at(0.5), at(0.99),
                at(1));
  return text;
}

// ---- The other process ------------------------------------------------------------------------

std::wstring own_path() {
  wchar_t path[MAX_PATH] = {};
  GetModuleFileNameW(nullptr, path, MAX_PATH);
  return path;
}

/// This program in another role, with the file's path; killed when it goes out of scope.
class Other {
 public:
  Other(const wchar_t* role, const std::wstring& file)
      : ready_(CreateEventW(nullptr, TRUE, FALSE, name(L"ready").c_str())),
        go_(CreateEventW(nullptr, TRUE, FALSE, name(L"go").c_str())) {
    ResetEvent(ready_.get());
    ResetEvent(go_.get());
    std::wstring command = L"\"" + own_path() + L"\" --other " + role + L" \"" + file + L"\" " +
                           std::to_wstring(GetCurrentProcessId());
    STARTUPINFOW startup{};
    startup.cb = sizeof startup;
    PROCESS_INFORMATION information{};
    if (CreateProcessW(nullptr, command.data(), nullptr, nullptr, FALSE, 0, nullptr, nullptr,
                       &startup, &information) == 0)
      fail("CreateProcess");
    process_ = Handle(information.hProcess);
    CloseHandle(information.hThread);
    if (WaitForSingleObject(ready_.get(), patience_ms) != WAIT_OBJECT_0)
      throw std::runtime_error("the other process does not get ready");
  }
  ~Other() { kill(); }
  Other(const Other&) = delete;
  Other& operator=(const Other&) = delete;

  void go() const { SetEvent(go_.get()); }
  void kill() const { TerminateProcess(process_.get(), 9); }
  /// The exit status; throws if it does not end.
  DWORD wait() const {
    if (WaitForSingleObject(process_.get(), patience_ms) != WAIT_OBJECT_0)
      throw std::runtime_error("the other process does not end");
    DWORD status = 0;
    GetExitCodeProcess(process_.get(), &status);
    return status;
  }
  static std::wstring name(const wchar_t* what, DWORD process = GetCurrentProcessId()) {
    return L"Local\\mmapvideo-self-check-" + std::to_wstring(process) + L"-" + what;
  }

 private:
  Handle ready_, go_, process_;
};

std::wstring event_name(std::uint32_t index, DWORD process) {
  return Other::name(std::to_wstring(index).c_str(), process);
}

// Words of the file that both processes use.
constexpr std::size_t word_number = 0, word_time = 1, word_seen = 2;
constexpr std::size_t word_grown = granularity / sizeof(std::uint64_t);
constexpr std::uint64_t grown_bytes = 4 * granularity;

/// Sees the growth through a view of its own, and answers through its first one.
int follow_growth(const std::wstring& path) {
  const Handle file = open_file(path, GENERIC_READ | GENERIC_WRITE);
  const View whole(file.get(), true, 0, grown_bytes);
  const View second(file.get(), false, granularity, granularity);
  const bool alike = whole.load(word_grown) == 77 && second.load(0) == 77;
  whole.store(word_seen, 78);
  return alike ? 0 : 1;
}

/// Waits for each number as a reader of the library does; stores how long the wake took.
int count_wakes(const std::wstring& path, DWORD parent) {
  const Handle file = open_file(path, GENERIC_READ | GENERIC_WRITE);
  const View view(file.get(), true, 0, granularity);
  std::vector<Handle> events;
  for (std::uint32_t i = 0; i < event_count; ++i) {
    events.emplace_back(OpenEventW(SYNCHRONIZE, FALSE, event_name(i, parent).c_str()));
    if (events.back().get() == nullptr) fail("OpenEvent");
  }
  const Handle ready(OpenEventW(EVENT_MODIFY_STATE, FALSE, Other::name(L"ready", parent).c_str()));
  SetEvent(ready.get());
  std::uint64_t last = 0;
  while (last < latency_rounds) {
    const DWORD outcome = WaitForSingleObject(events[(last + 1) % event_count].get(), patience_ms);
    const std::uint64_t woken = counter();
    if (outcome != WAIT_OBJECT_0) return 1;
    const std::uint64_t number = view.load(word_number);
    if (number == last) continue;
    view.store(8 + number, woken - view.load(word_time));
    view.store(word_seen, last = number);
  }
  return 0;
}

int be_other(const std::wstring& role, const std::wstring& path, DWORD parent) {
  if (role == L"wakes") return count_wakes(path, parent);
  const Handle ready(OpenEventW(EVENT_MODIFY_STATE, FALSE, Other::name(L"ready", parent).c_str()));
  const Handle go(OpenEventW(SYNCHRONIZE, FALSE, Other::name(L"go", parent).c_str()));
  const Handle file = open_file(path, GENERIC_READ);
  const View view(file.get(), false, 0, granularity);
  if (role == L"lock" && lock(file.get(), lock_base, false) != 0) return 3;
  SetEvent(ready.get());
  if (WaitForSingleObject(go.get(), patience_ms) != WAIT_OBJECT_0) return 4;
  if (role == L"growth") return follow_growth(path);
  return view.load(word_number) == 5 ? 0 : 1;  // "view": what it mapped is still there
}

// ---- The table --------------------------------------------------------------------------------

bool all_hold = true;

void print_row(const char* what, const char* verdict, const std::string& seen) {
  std::printf("| %-52s | %-8s | %s |\n", what, verdict, seen.c_str());
  std::fflush(stdout);
}
/// Something the library cannot do without.
void need(const char* what, bool holds, const std::string& seen) {
  all_hold = all_hold && holds;
  print_row(what, holds ? "needed" : "MISSING", seen);
}
/// Something it copes with either way.
void tell(const char* what, const std::string& seen) { print_row(what, "either", seen); }

class Checks {
 public:
  explicit Checks(const std::wstring& folder)
      : path_(folder + L"\\mmapvideo-self-check-" + std::to_wstring(GetCurrentProcessId())) {}
  ~Checks() { DeleteFileW(path_.c_str()); }

  void run() {
    std::printf("| %-52s | %-8s | seen |\n|---|---|---|\n", "what", "");
    places();
    locks();
    locks_of_the_dead();
    growth();
    wakes();
    removal();
  }

 private:
  /// A fresh file of one granule.
  Handle make_file() const {
    DeleteFileW(path_.c_str());
    Handle file = open_file(path_, GENERIC_READ | GENERIC_WRITE);
    if (!resize(file.get(), granularity)) fail("SetFileInformationByHandle");
    return file;
  }

  void places() const {
    const Handle file = make_file();
    SYSTEM_INFO system{};
    GetSystemInfo(&system);
    need("views may begin at multiples of 64 KiB", system.dwAllocationGranularity <= granularity,
         "granularity " + std::to_string(system.dwAllocationGranularity) + ", pages of " +
             std::to_string(system.dwPageSize));
    wchar_t kind[64] = {};
    GetVolumeInformationByHandleW(file.get(), nullptr, 0, nullptr, nullptr, nullptr, kind, 64);
    char text[64] = {};
    WideCharToMultiByte(CP_UTF8, 0, kind, -1, text, sizeof text - 1, nullptr, nullptr);
    tell("the file system", text[0] != 0 ? text : "unknown");
    LARGE_INTEGER frequency{};
    QueryPerformanceFrequency(&frequency);
    tell("QueryPerformanceCounter", std::to_string(frequency.QuadPart) + " per second");
  }

  void locks() const {
    const Handle file = make_file();
    const Handle reader = open_file(path_, GENERIC_READ);
    const DWORD beyond = lock(reader.get(), 0x7fffffffffffffe0, false);
    need("a read-only handle locks shared, far beyond the end", beyond == 0,
         beyond == 0 ? "yes" : error_text(beyond));
    DWORD refused = lock(file.get(), 0x7fffffffffffffe0, true);
    need("another handle's exclusive lock is refused", refused == ERROR_LOCK_VIOLATION,
         error_text(refused));
    refused = lock(reader.get(), 0x7fffffffffffffe0, true);
    tell("and so is the same handle's", refused == 0 ? "no" : error_text(refused));
    lock(reader.get(), 0x7fffffffffffffe0, false);
    unlock(reader.get(), 0x7fffffffffffffe0);
    const bool adds_up = lock(file.get(), 0x7fffffffffffffe0, true) != 0;
    tell("equal locks add up", adds_up ? "yes" : "no");
    const View view(file.get(), true, 0, granularity);
    lock(reader.get(), 0, true);
    view.store(word_number, 1);
    need("a mapped view does not mind locks", view.load(word_number) == 1, "yes");
  }

  void locks_of_the_dead() const {
    const Handle file = make_file();
    std::vector<double> times;
    for (int round = 0; round < death_rounds; ++round) {
      const Other other(L"lock", path_);
      if (lock(file.get(), lock_base, true) == 0)
        return need("another process's lock is seen", false, "it is not");
      other.kill();
      const double killed = now_us();
      while (lock(file.get(), lock_base, true) != 0) {
        if (now_us() - killed > patience_ms * 1e3)
          return need("locks of a killed process are dropped", false, "not in 10 s");
        Sleep(0);
      }
      times.push_back(now_us() - killed);
      unlock(file.get(), lock_base);
    }
    need("locks of a killed process are dropped", true, percentiles(times));
  }

  void growth() const {
    const Handle file = make_file();
    const View before(file.get(), true, 0, granularity);
    before.store(word_number, 5);
    const Other other(L"growth", path_);
    const bool grown = resize(file.get(), grown_bytes);
    need("a file grows while two processes have it mapped", grown,
         grown ? "yes" : error_text(GetLastError()));
    if (!grown) return;
    const View after(file.get(), true, 0, grown_bytes);
    after.store(word_grown, 77);
    other.go();
    need("a view of after sees what was put there", other.wait() == 0, "in the other process");
    need("a view of before sees what a new one wrote",
         before.load(word_seen) == 78 && before.load(word_number) == 5, "yes");
    FILE_STANDARD_INFO information{};
    GetFileInformationByHandleEx(file.get(), FileStandardInfo, &information, sizeof information);
    tell("a grown file has its space at once",
         std::to_string(information.AllocationSize.QuadPart) + " of " +
             std::to_string(information.EndOfFile.QuadPart) + " bytes");
    tell("a mapped file is cut",
         resize(file.get(), granularity) ? "yes" : error_text(GetLastError()));
  }

  /// As the library's writer and reader, at 60 Hz.
  void wakes() const {
    const Handle file = make_file();
    const View view(file.get(), true, 0, granularity);
    std::vector<Handle> events;
    for (std::uint32_t i = 0; i < event_count; ++i)
      events.emplace_back(
          CreateEventW(nullptr, TRUE, FALSE, event_name(i, GetCurrentProcessId()).c_str()));
    const Other other(L"wakes", path_);
    for (std::uint64_t number = 1; number <= latency_rounds; ++number) {
      Sleep(16);
      ResetEvent(events[(number + 1) % event_count].get());
      view.store(word_time, counter());
      view.store(word_number, number);
      SetEvent(events[number % event_count].get());
    }
    need("named events wake another process", other.wait() == 0, "of this logon session");
    LARGE_INTEGER frequency{};
    QueryPerformanceFrequency(&frequency);
    std::vector<double> times;
    int backwards = 0;
    for (std::uint64_t number = 1; number <= latency_rounds; ++number) {
      const auto ticks = static_cast<std::int64_t>(view.load(8 + number));
      if (ticks == 0) continue;  // it came late and saw a later number
      if (ticks < 0) ++backwards;
      times.push_back(static_cast<double>(ticks) * 1e6 / static_cast<double>(frequency.QuadPart));
    }
    tell("from SetEvent to the other process, 60 Hz", percentiles(times));
    need("both have the same clock", backwards == 0,
         std::to_string(backwards) + " of " + std::to_string(times.size()) + " times went back");
  }

  void removal() const {
    rename_then_remove();
    Handle file = make_file();
    {
      const View view(file.get(), true, 0, granularity);
      view.store(word_number, 5);
      const Other other(L"view", path_);
      const bool removed = DeleteFileW(path_.c_str()) != 0;
      tell("a mapped file can be removed", removed ? "yes" : error_text(GetLastError()));
      tell("its name is free at once", name_is_free());
      BY_HANDLE_FILE_INFORMATION information{};
      GetFileInformationByHandle(file.get(), &information);
      tell("links that its handle counts then", std::to_string(information.nNumberOfLinks));
      other.go();
      need("who has it mapped goes on", other.wait() == 0, "the other process reads it");
    }
    file.close();
    DeleteFileW(path_.c_str());
    tell("its name is free when nobody has it", name_is_free());
  }

  void rename_then_remove() const {
    const Handle file = make_file();
    const View view(file.get(), true, 0, granularity);
    const std::wstring aside = path_ + L"-aside";
    const bool moved = MoveFileExW(path_.c_str(), aside.c_str(), 0) != 0;
    tell("a mapped file can be renamed", moved ? "yes" : error_text(GetLastError()));
    tell("its former name is free at once", name_is_free());
    if (moved) DeleteFileW(aside.c_str());
  }

  std::string name_is_free() const {
    const Handle fresh(
        CreateFileW(path_.c_str(), GENERIC_WRITE, share_all, nullptr, CREATE_NEW, 0, nullptr));
    return fresh.get() != INVALID_HANDLE_VALUE ? "yes" : error_text(GetLastError());
  }

  std::wstring path_;
};

std::wstring variable(const wchar_t* name) {
  wchar_t value[MAX_PATH] = {};
  return GetEnvironmentVariableW(name, value, MAX_PATH) < MAX_PATH ? value : L"";
}

std::wstring wide(const char* text) {
  wchar_t result[MAX_PATH] = {};
  MultiByteToWideChar(CP_ACP, 0, text, -1, result, MAX_PATH);
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc == 5 && std::strcmp(argv[1], "--other") == 0)
      return be_other(wide(argv[2]), wide(argv[3]), std::strtoul(argv[4], nullptr, 10));
    const std::wstring folder = argc > 1 ? wide(argv[1]) : variable(L"LOCALAPPDATA");
    Checks(folder.empty() ? L"." : folder).run();
    std::puts(all_hold ? "All that is needed holds." : "Something that is needed does not hold.");
    return all_hold ? 0 : 1;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "self-check: %s\n", problem.what());
    return 2;
  }
}
