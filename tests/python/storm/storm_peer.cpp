// SPDX-License-Identifier: MIT
// Readers and writers of the C++ library in the storm of Python processes. They do and look at the
// same as reader.py and writer.py, and share the words of board.py.
//
//   storm-peer reader PATH BOARD ROW SEED DELIVERY LEASES
//   storm-peer writer PATH BOARD ROW SEED TAG SLOTS DELIVERY WAIT_MS ROWS METADATA PAUSE_US GROWS
//   KEEPS
#include <sys/prctl.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <string>

#include "board.hpp"
#include "peer_reader.hpp"
#include "peer_writer.hpp"

int main(int count, char** words) try {
  const std::string kind = count > 1 ? words[1] : "";
  if (!(kind == "reader" && count == 8) && !(kind == "writer" && count == 15)) return 2;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const python_storm::Board board(words[3], std::stoull(words[4]));
  if (kind == "reader")
    python_storm::PeerReader(words[2], board, words + 5).run();
  else
    python_storm::PeerWriter(words[2], board, words + 5).run();
  return 0;
} catch (const std::exception& problem) {
  std::fprintf(stderr, "storm-peer: %s\n", problem.what());
  return 1;
}
