// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What Linux says about time, processes, cores and memory, and the few socket calls that the
/// programs share. Figures come from /proc, so they hold for processes that know nothing of this.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// CLOCK_MONOTONIC, the same for all processes of the machine.
std::uint64_t now_ns();
double seconds_between(std::uint64_t from_ns, std::uint64_t to_ns);

struct cpu_time {
  double user_s = 0;
  double all_s = 0;  ///< user and system
};
/// Both zero when there is no such process.
cpu_time cpu_of(int pid);
cpu_time cpu_of_self();
long rss_kib(int pid);

/// What the whole machine has done since it started.
struct machine_time {
  std::vector<double> busy_s;  ///< of each core: everything but idling and waiting for disks
  double user_s = 0;           ///< of all cores together, kernel excluded
};
machine_time time_of_machine();

/// A line of /proc/meminfo, such as "Slab".
long meminfo_kib(std::string_view key);

/// Says why on standard error and ends the program.
[[noreturn]] void give_up(std::string_view why, int status = 1);
/// As give_up(), with the reason in errno.
[[noreturn]] void system_failure(std::string_view what);

std::string read_file(const std::string& path);
void raise_file_limit(std::uint64_t files = 65536);
void pin_to_core(int core);
/// Non-blocking, and without Nagle's delay.
void prepare_socket(int fd);
/// A listening socket on 127.0.0.1; port 0 takes a free one, and `port` tells which.
int listen_on_loopback(int& port);

}  // namespace bench
