// SPDX-License-Identifier: MIT
#include "telemetry/process.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <utility>

#include "telemetry/heap.hpp"

namespace greenroom::telemetry {

namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily single(MetricType type, std::string name, std::string help, double value) {
  MetricFamily family{std::move(name), std::move(help), type, {}};
  auto& metric = family.metric.emplace_back();
  (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  return family;
}

/// Fields of /proc/self/stat after the name of the program, which may hold spaces (proc(5)).
std::vector<std::string> stat_fields() {
  std::ifstream file("/proc/self/stat");
  std::string text(std::istreambuf_iterator<char>(file), {});
  const auto end_of_name = text.rfind(')');
  if (end_of_name == std::string::npos) return {};
  std::istringstream rest(text.substr(end_of_name + 1));
  return {std::istream_iterator<std::string>(rest), {}};
}

/// Seconds since 1970 of the machine's start.
double boot_time() {
  std::ifstream file("/proc/stat");
  std::string word;
  double seconds = 0;
  while (file >> word) {
    if (word == "btime" && file >> seconds) return seconds;
  }
  return 0;
}

double open_files() {
  std::error_code ignored;
  const std::filesystem::directory_iterator files("/proc/self/fd", ignored);
  // The iterator itself holds one of them open.
  return static_cast<double>(std::distance(begin(files), end(files))) - 1;
}

}  // namespace

std::vector<MetricFamily> process_figures() {
  std::vector<MetricFamily> all;
  const auto add = [&](MetricType type, const char* name, const char* help, double value) {
    all.push_back(single(type, name, help, value));
  };
  const auto fields = stat_fields();
  // Numbered from 3 in proc(5), since two fields come before the closing bracket.
  const auto field = [&](std::size_t number) { return std::stod(fields.at(number - 3)); };
  if (fields.size() > 21) {
    const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    add(MetricType::Counter, "process_cpu_seconds_total", "User and system CPU time",
        (field(14) + field(15)) / ticks);
    add(MetricType::Gauge, "process_threads", "Threads", field(20));
    add(MetricType::Gauge, "process_start_time_seconds", "Start, since 1970",
        boot_time() + field(22) / ticks);
    add(MetricType::Gauge, "process_virtual_memory_bytes", "Address space", field(23));
    add(MetricType::Gauge, "process_resident_memory_bytes", "Memory in RAM",
        field(24) * static_cast<double>(sysconf(_SC_PAGESIZE)));
  }
  add(MetricType::Gauge, "greenroom_heap_used_bytes", "Memory that malloc has given out",
      static_cast<double>(heap_used_bytes()));
  add(MetricType::Gauge, "process_open_fds", "Open files and sockets", open_files());
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    add(MetricType::Gauge, "process_max_fds", "Limit of open files",
        static_cast<double>(limit.rlim_cur));
  }
  return all;
}

}  // namespace greenroom::telemetry
