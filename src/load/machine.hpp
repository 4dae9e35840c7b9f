// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What Linux says about time, processes, cores and memory, and the few socket calls that the
/// programs share. Figures come from /proc, so they hold for processes that know nothing of this.

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace greenroom::load {

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
/// What a process has caused to be written to disks, in bytes: pages that it made dirty, each as
/// often as it was written. 0 where that may not be seen.
std::uint64_t disk_bytes_of(int pid);

/// What the whole machine has done since it started.
struct machine_time {
  std::vector<double> busy_s;  ///< of each core: everything but idling and waiting for disks
  double user_s = 0;           ///< of all cores together, kernel excluded
};
machine_time time_of_machine();

/// The processes of this machine that listen on a TCP port, as far as this user may see them.
std::vector<int> pids_listening_on(int port);

/// A line of /proc/meminfo, such as "Slab".
long meminfo_kib(std::string_view key);

/// Why nothing can be measured.
class gave_up : public std::runtime_error {
 public:
  gave_up(const std::string& why, int status) : std::runtime_error(why), status_(status) {}
  /// What a program ends with: 1, or 2 when it was used wrongly or not all could join.
  [[nodiscard]] int status() const noexcept { return status_; }

 private:
  int status_;
};
/// Throws gave_up.
[[noreturn]] void give_up(std::string_view why, int status = 1);
/// As give_up(), with the reason in errno.
[[noreturn]] void system_failure(std::string_view what);

/// The whole of a program that may give up: says why on standard error, and returns the status.
int run_program(int (*program)(int, char**), int argc, char** argv);

/// Empty when it cannot be read.
std::string read_file(const std::string& path);
void raise_file_limit(std::uint64_t files = 65536);
void pin_to_core(int core);
/// Non-blocking, and without Nagle's delay.
void prepare_socket(int fd);
/// A listening socket on 127.0.0.1; port 0 takes a free one, and `port` tells which.
int listen_on_loopback(int& port);

}  // namespace greenroom::load
