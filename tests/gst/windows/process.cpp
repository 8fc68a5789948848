// SPDX-License-Identifier: MIT
// Processes with a pipe for their output. They die with this one.
#include "process.hpp"

#include <fcntl.h>
#include <io.h>
#include <windows.h>
// After windows.h.
#include <winternl.h>

#include <cstdlib>

namespace mmapvideo_test {
namespace {

constexpr UINT killed_status = 137;
// The locks of a dead process go a little later than its handle tells of its end.
constexpr DWORD locks_gone_ms = 10;

HANDLE handle_of(std::intptr_t number) { return reinterpret_cast<HANDLE>(number); }

void require(bool done, const char* call) {
  if (!done) throw std::runtime_error(std::string(call) + ": " + std::to_string(GetLastError()));
}

/// Processes in it are killed when its last handle goes, which is that of this process.
HANDLE job() {
  static const HANDLE created = [] {
    const HANDLE made = CreateJobObjectW(nullptr, nullptr);
    require(made != nullptr, "CreateJobObject");
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits{};
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    SetInformationJobObject(made, JobObjectExtendedLimitInformation, &limits, sizeof limits);
    return made;
  }();
  return created;
}

std::wstring to_wide(const std::string& text) {
  std::wstring wide(text.size() + 1, L'\0');
  const int length = MultiByteToWideChar(CP_UTF8, 0, text.data(), static_cast<int>(text.size()),
                                         wide.data(), static_cast<int>(wide.size()));
  wide.resize(static_cast<std::size_t>(length));
  return wide;
}

/// As the C runtime of the other program takes it apart again.
std::string quoted(const std::string& argument) {
  std::string result = "\"";
  std::size_t backslashes = 0;
  for (const char c : argument) {
    if (c == '\\') {
      ++backslashes;
      continue;
    }
    // Backslashes mean something before a quotation mark only.
    result.append(c == '"' ? 2 * backslashes + 1 : backslashes, '\\');
    backslashes = 0;
    result += c;
  }
  result.append(2 * backslashes, '\\');
  return result + "\"";
}

void call_ntdll(const char* name, HANDLE process) {
  using SuspendOrResume = LONG(NTAPI*)(HANDLE);
  const auto function = reinterpret_cast<SuspendOrResume>(
      reinterpret_cast<void*>(GetProcAddress(GetModuleHandleA("ntdll.dll"), name)));
  require(function != nullptr && function(process) >= 0, name);
}

}  // namespace

Process::Process(std::vector<std::string> arguments) {
  const char* program = std::getenv("PIPELINE_CHILD");
  if (program == nullptr) throw std::runtime_error("PIPELINE_CHILD is not set");
  std::string command = quoted(program);
  for (const std::string& argument : arguments) command += " " + quoted(argument);
  std::wstring wide = to_wide(command);

  HANDLE read_end = nullptr, write_end = nullptr;
  require(CreatePipe(&read_end, &write_end, nullptr, 1 << 20) != 0, "CreatePipe");
  SetHandleInformation(write_end, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
  STARTUPINFOW startup{};
  startup.cb = sizeof startup;
  startup.dwFlags = STARTF_USESTDHANDLES;
  startup.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
  startup.hStdOutput = write_end;
  startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
  PROCESS_INFORMATION started{};
  const BOOL done = CreateProcessW(nullptr, wide.data(), nullptr, nullptr, TRUE, CREATE_SUSPENDED,
                                   nullptr, nullptr, &startup, &started);
  CloseHandle(write_end);
  require(done != 0, "CreateProcess");
  process_ = reinterpret_cast<std::intptr_t>(started.hProcess);
  AssignProcessToJobObject(job(), started.hProcess);
  ResumeThread(started.hThread);
  CloseHandle(started.hThread);
  lines_ = _fdopen(_open_osfhandle(reinterpret_cast<std::intptr_t>(read_end), _O_RDONLY), "rb");
}

Process::~Process() {
  kill_and_reap();
  std::fclose(lines_);
  CloseHandle(handle_of(process_));
}

void Process::pause() const {
  call_ntdll("NtSuspendProcess", handle_of(process_));
  Sleep(5);  // a thread may be on its way back from a call
}

void Process::resume() const { call_ntdll("NtResumeProcess", handle_of(process_)); }

std::optional<std::string> Process::line() {
  std::string text;
  for (int c = std::fgetc(lines_); c != EOF; c = std::fgetc(lines_)) {
    if (c == '\n') return text;
    if (c != '\r') text += static_cast<char>(c);
  }
  return std::nullopt;
}

std::string Process::expect(const std::string& word) {
  while (auto text = line())
    if (text->compare(0, word.size(), word) == 0)
      return text->size() > word.size() ? text->substr(word.size() + 1) : "";
  throw std::runtime_error("the other process ended without saying \"" + word + "\"");
}

std::vector<std::string> Process::all_lines() {
  std::vector<std::string> lines;
  while (auto text = line()) lines.push_back(*text);
  return lines;
}

int Process::wait() {
  WaitForSingleObject(handle_of(process_), INFINITE);
  DWORD status = 0;
  GetExitCodeProcess(handle_of(process_), &status);
  return status == killed_status ? -9 : static_cast<int>(status);
}

void Process::kill_and_reap() {
  if (WaitForSingleObject(handle_of(process_), 0) != WAIT_TIMEOUT) return;
  TerminateProcess(handle_of(process_), killed_status);
  wait();
  Sleep(locks_gone_ms);
}

}  // namespace mmapvideo_test
