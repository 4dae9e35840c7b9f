// SPDX-License-Identifier: MIT
#include "load/machine.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <sstream>

namespace greenroom::load {

namespace {

double seconds_of_ticks(std::uint64_t ticks) {
  static const auto per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  return static_cast<double>(ticks) / per_second;
}

}  // namespace

std::uint64_t now_ns() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(t.tv_nsec);
}

double seconds_between(std::uint64_t from_ns, std::uint64_t to_ns) {
  return static_cast<double>(to_ns - from_ns) / 1e9;
}

cpu_time cpu_of(int pid) {
  const auto stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  const auto name_end = stat.rfind(')');  // the name may hold blanks
  if (name_end == std::string::npos) return {};
  std::istringstream rest(stat.substr(name_end + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i)  // state … cmajflt
    rest >> skipped;
  std::uint64_t user = 0;
  std::uint64_t kernel = 0;
  rest >> user >> kernel;
  return {seconds_of_ticks(user), seconds_of_ticks(user + kernel)};
}

cpu_time cpu_of_self() {
  rusage r{};
  getrusage(RUSAGE_SELF, &r);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return {seconds(r.ru_utime), seconds(r.ru_utime) + seconds(r.ru_stime)};
}

long rss_kib(int pid) {
  std::istringstream statm(read_file("/proc/" + std::to_string(pid) + "/statm"));
  long total = 0;
  long resident = 0;
  statm >> total >> resident;
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

std::uint64_t disk_bytes_of(int pid) {
  constexpr std::string_view key = "\nwrite_bytes: ";
  const auto text = read_file("/proc/" + std::to_string(pid) + "/io");
  const auto at = text.find(key);
  return at == std::string::npos ? 0 : std::strtoull(&text[at + key.size()], nullptr, 10);
}

machine_time time_of_machine() {
  machine_time result;
  std::istringstream stat(read_file("/proc/stat"));
  for (std::string line; std::getline(stat, line);) {
    if (!line.starts_with("cpu") || line.starts_with("cpu ")) continue;
    std::istringstream fields(line);
    std::string name;
    std::array<std::uint64_t, 8> t{};  // user nice system idle iowait irq softirq steal
    fields >> name;
    for (auto& each : t)
      fields >> each;
    result.busy_s.push_back(seconds_of_ticks(t[0] + t[1] + t[2] + t[5] + t[6] + t[7]));
    result.user_s += seconds_of_ticks(t[0] + t[1]);
  }
  return result;
}

long meminfo_kib(std::string_view key) {
  const auto text = read_file("/proc/meminfo");
  const auto at = text.find("\n" + std::string(key) + ":");
  return at == std::string::npos ? 0 : std::strtol(&text[at + key.size() + 2], nullptr, 10);
}

void give_up(std::string_view why, int status) {
  throw gave_up(std::string(why), status);
}

void system_failure(std::string_view what) {
  give_up(std::string(what) + ": " + std::strerror(errno));
}

int run_program(int (*program)(int, char**), int argc, char** argv) {
  try {
    return program(argc, argv);
  } catch (const gave_up& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return e.status();
  }
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

void raise_file_limit(std::uint64_t files) {
  rlimit now{};
  getrlimit(RLIMIT_NOFILE, &now);
  if (now.rlim_cur >= files) return;
  const rlimit wanted{files, std::max<rlim_t>(files, now.rlim_max)};
  if (setrlimit(RLIMIT_NOFILE, &wanted) != 0) {  // not root: as far as it goes
    now.rlim_cur = now.rlim_max;
    setrlimit(RLIMIT_NOFILE, &now);
  }
}

void pin_to_core(int core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(core, &cores);
  sched_setaffinity(0, sizeof cores, &cores);
}

void prepare_socket(int fd) {
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

int listen_on_loopback(int& port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  at.sin_port = htons(static_cast<std::uint16_t>(port));
  socklen_t size = sizeof at;
  if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&at), size) != 0 || listen(fd, 4096) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) != 0) {
    system_failure("cannot listen on port " + std::to_string(port));
  }
  port = ntohs(at.sin_port);
  return fd;
}

}  // namespace greenroom::load
