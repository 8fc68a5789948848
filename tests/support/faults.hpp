// SPDX-License-Identifier: MIT
// Makes one chosen call of the library to the system fail, once. Test programs are linked with
// --wrap for the calls of protocol/src/platform/, which land in faults.cpp; they are passed on
// unless a fault is due. Between arm() and disarm() time is made up: waits end at once, and the
// clock has moved on by as much as they would have lasted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace mmapvideo_test::faults {

enum class Call : std::size_t {
  open,
  status,  // fstat, stat, lstat
  change_mode,
  read,  // pread, read
  write,
  reserve,    // posix_fallocate
  give_back,  // fallocate
  map,
  advise,
  lock,
  unlock,
  query_lock,
  unlink,
  ask_system,  // fstatfs, fstatvfs, getrlimit
  random,
  sleep,  // futex waits
  wake,
  clock,
  count
};
const char* name_of(Call call);

/// Is a call that was interrupted made again, so that nobody notices?
bool is_repeated(Call call);

/// Beside errno, where a call can go wrong in other ways.
inline constexpr int short_count = -1;       // read and write: fewer bytes than asked for
inline constexpr int jump_forwards = -2;     // clock: ten seconds, from then on
inline constexpr int jump_backwards = -3;    // clock
inline constexpr int held_by_somebody = -4;  // query_lock: a lock on all of the range

struct Fault {
  Call call;
  int error;
};
std::string text_of(const Fault& fault);

/// All that each kind of call can come back with.
std::vector<Fault> all_faults();

/// From here on the `nth` call of this kind fails; 0: none does.
void arm(const Fault& fault, unsigned nth);
/// How many calls of that kind there were since arm().
unsigned disarm();

/// What others do between two steps: `action` runs once, right before the next call of this kind.
void before_next(Call call, std::function<void()> action);

}  // namespace mmapvideo_test::faults
