// SPDX-License-Identifier: MIT
// Measurements that take turns: each round runs all of them once, so that a machine whose speed
// drifts slows all of them alike. The medians over the rounds are compared.
#pragma once

#include <cstdio>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "bench_figures.hpp"
#include "bench_process.hpp"

namespace bench {

class Rounds {
 public:
  /// The number by which to ask for it afterwards.
  std::size_t add(std::string name, std::function<Figures()> measure) {
    entries_.push_back({std::move(name), std::move(measure), {}, {}});
    return entries_.size() - 1;
  }

  /// Says on stderr what it is at; figures go to stdout.
  void run(int rounds) {
    for (int round = 1; round <= rounds; ++round) {
      for (Entry& entry : entries_) {
        std::fprintf(stderr, "round %d of %d: %s\n", round, rounds, entry.name.c_str());
        measure(entry);
      }
    }
  }

  /// Of the runs that worked.
  Figures figures(std::size_t entry) const { return median(entries_[entry].results); }
  /// What went wrong, if something did.
  const std::string& problem(std::size_t entry) const { return entries_[entry].problem; }

 private:
  struct Entry {
    std::string name;
    std::function<Figures()> measure;
    std::vector<Figures> results;
    std::string problem;
  };

  static void measure(Entry& entry) {
    try {
      entry.results.push_back(entry.measure());
    } catch (const Interrupted&) {
      throw;
    } catch (const std::exception& error) {
      entry.problem = error.what();
      std::fprintf(stderr, "%s: %s\n", entry.name.c_str(), error.what());
    }
  }

  std::vector<Entry> entries_;
};

}  // namespace bench
