// SPDX-License-Identifier: MIT
// Children on Windows: started with an entry point, a pipe and arguments in the environment.
#include "child.hpp"

#include <windows.h>
// After windows.h.
#include <winternl.h>

#include <cstdio>
#include <exception>
#include <stdexcept>

extern "C" IMAGE_DOS_HEADER __ImageBase;

namespace mmapvideo_test {
namespace {

constexpr const char* kVariable = "MMAPVIDEO_TEST_CHILD";
constexpr UINT kKilledStatus = 137;
// A dead process's locks go a little later than its handle tells of its end.
constexpr DWORD kLocksGoneMs = 10;

HANDLE handle_of(std::intptr_t number) { return reinterpret_cast<HANDLE>(number); }
std::intptr_t number_of(HANDLE handle) { return reinterpret_cast<std::intptr_t>(handle); }

void require(bool done, const char* call) {
  if (!done) throw std::runtime_error(std::string(call) + ": " + std::to_string(GetLastError()));
}

/// Children die with the process that has this open.
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

std::string to_hex(const std::string& bytes) {
  std::string hex;
  char digits[3];
  for (const char byte : bytes) {
    std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned char>(byte));
    hex += digits;
  }
  return hex;
}

std::string from_hex(const char* hex) {
  std::string bytes;
  unsigned value = 0;
  for (; std::sscanf(hex, "%2x", &value) == 1; hex += 2) bytes += static_cast<char>(value);
  return bytes;
}

/// The image may lie elsewhere in the child.
std::uintptr_t image() { return reinterpret_cast<std::uintptr_t>(&__ImageBase); }

using SuspendOrResume = LONG(NTAPI*)(HANDLE);

void call_ntdll(const char* name, HANDLE process) {
  const auto function = reinterpret_cast<SuspendOrResume>(
      reinterpret_cast<void*>(GetProcAddress(GetModuleHandleA("ntdll.dll"), name)));
  require(function != nullptr && function(process) >= 0, name);
}

/// As this program was started. Under load, now and then a process of Wine ends before it is ready.
bool start_suspended(wchar_t* program, PROCESS_INFORMATION& started) {
  constexpr int kAttempts = 5;
  STARTUPINFOW startup{};
  startup.cb = sizeof startup;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (CreateProcessW(program, GetCommandLineW(), nullptr, nullptr, TRUE, CREATE_SUSPENDED,
                       nullptr, nullptr, &startup, &started) != 0)
      return true;
    if (GetLastError() != ERROR_INTERNAL_ERROR) return false;
  }
  return false;
}

}  // namespace

void sleep_for_ever() {
  for (;;) Sleep(INFINITE);
}

void Results::write_all(const void* from, std::size_t bytes) const {
  DWORD put = 0;
  if (WriteFile(handle_of(pipe_), from, static_cast<DWORD>(bytes), &put, nullptr) == 0 ||
      put != bytes)
    ExitProcess(97);
}

void Child::start(ChildEntry entry, const std::string& arguments) {
  HANDLE read_end = nullptr, write_end = nullptr;
  require(CreatePipe(&read_end, &write_end, nullptr, 1 << 20) != 0, "CreatePipe");
  pipe_ = number_of(read_end);
  SetHandleInformation(write_end, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
  char place[64];
  std::snprintf(place, sizeof place, "%llx %llx ",
                static_cast<unsigned long long>(reinterpret_cast<std::uintptr_t>(entry) - image()),
                static_cast<unsigned long long>(number_of(write_end)));
  SetEnvironmentVariableA(kVariable, (place + to_hex(arguments)).c_str());
  std::fflush(nullptr);
  wchar_t program[1024];
  GetModuleFileNameW(nullptr, program, 1024);
  PROCESS_INFORMATION started{};
  const bool done = start_suspended(program, started);
  SetEnvironmentVariableA(kVariable, nullptr);
  CloseHandle(write_end);
  require(done, "CreateProcess");
  process_ = number_of(started.hProcess);
  pid_ = started.dwProcessId;
  AssignProcessToJobObject(job(), started.hProcess);
  ResumeThread(started.hThread);
  CloseHandle(started.hThread);
}

Child::~Child() {
  kill_and_reap();
  CloseHandle(handle_of(process_));
  CloseHandle(handle_of(pipe_));
}

void Child::kill() const {
  if (is_alive()) TerminateProcess(handle_of(process_), kKilledStatus);
}

void Child::stop() const {
  call_ntdll("NtSuspendProcess", handle_of(process_));
  Sleep(5);  // a thread may be on its way back from a call
}

void Child::resume() const { call_ntdll("NtResumeProcess", handle_of(process_)); }

bool Child::is_alive() const { return WaitForSingleObject(handle_of(process_), 0) == WAIT_TIMEOUT; }

int Child::exit_status() {
  const bool was_alive = is_alive();
  WaitForSingleObject(handle_of(process_), INFINITE);
  if (was_alive) Sleep(kLocksGoneMs);
  DWORD status = 0;
  GetExitCodeProcess(handle_of(process_), &status);
  return status == kKilledStatus ? kKilled : static_cast<int>(status);
}

bool Child::read_all(void* to, std::size_t bytes) const {
  auto* next = static_cast<char*>(to);
  while (bytes > 0) {
    DWORD got = 0;
    if (ReadFile(handle_of(pipe_), next, static_cast<DWORD>(bytes), &got, nullptr) == 0 || got == 0)
      return false;
    next += got;
    bytes -= got;
  }
  return true;
}

void become_child_if_told() {
  static char told[32768];
  if (GetEnvironmentVariableA(kVariable, told, sizeof told) == 0) return;
  SetEnvironmentVariableA(kVariable, nullptr);  // its own children get another one
  unsigned long long entry = 0, pipe = 0;
  int read = 0;
  std::sscanf(told, "%llx %llx %n", &entry, &pipe, &read);
  const std::string arguments = from_hex(told + read);
  int status = 95;
  try {
    status = reinterpret_cast<ChildEntry>(image() + entry)(
        Results(static_cast<std::intptr_t>(pipe)), arguments.data());
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "child: %s\n", problem.what());
  }
  std::fflush(nullptr);
  ExitProcess(static_cast<UINT>(status));
}

}  // namespace mmapvideo_test
