// SPDX-License-Identifier: MIT
// What /proc and GStreamer say of this machine.
#include "bench_machine.hpp"

#include <gst/gst.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "transports.hpp"

namespace bench {
namespace {

/// ARM kernels name none.
std::string processor() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.compare(0, 10, "model name") == 0) return line.substr(line.find(':') + 2);
  return "unknown processor";
}

std::string kernel() {
  utsname name{};
  uname(&name);
  return std::string(name.sysname) + " " + name.release + " " + name.machine;
}

std::string gstreamer() {
  gchar* text = gst_version_string();
  std::string version = text;
  g_free(text);
  return version;
}

double load_average() {
  double load = 0;
  getloadavg(&load, 1);
  return load;
}

}  // namespace

Json describe_machine() {
  Json missing = Json::array();
  for (const Transport& transport : all_transports())
    if (!is_installed(transport)) missing.push_back(transport.name);
  return {{"processor", processor()},
          {"cores", sysconf(_SC_NPROCESSORS_ONLN)},
          {"kernel", kernel()},
          {"gstreamer", gstreamer()},
          {"load_average_at_start", load_average()},
          {"transports_not_installed", missing}};
}

std::string to_line(const Json& machine) {
  char load[32];
  std::snprintf(load, sizeof load, "%.2f", machine.at("load_average_at_start").get<double>());
  std::string line = machine.at("processor").get<std::string>() + ", " +
                     machine.at("cores").dump() + " cores; " +
                     machine.at("kernel").get<std::string>() + "; " +
                     machine.at("gstreamer").get<std::string>() + "; load at start " + load;
  for (const Json& name : machine.at("transports_not_installed"))
    line += "; " + name.get<std::string>() + " is not installed";
  return line;
}

}  // namespace bench
