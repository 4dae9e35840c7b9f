// SPDX-License-Identifier: MIT
/// Which processes have a listening socket: /proc/net names its inode, /proc/PID/fd who holds it.

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <set>
#include <sstream>

#include "load/machine.hpp"

namespace greenroom::load {

namespace {

constexpr std::string_view listening = "0A";  // the state, as the kernel writes it

std::set<std::string> links_of_listeners(int port) {
  std::set<std::string> found;
  for (const auto* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::istringstream lines(read_file(table));
    for (std::string line; std::getline(lines, line);) {
      std::istringstream fields(line);
      std::string number;
      std::string local;
      std::string remote;
      std::string state;
      std::string skipped;
      std::string inode;
      fields >> number >> local >> remote >> state;
      for (int i = 0; i < 5; ++i)  // queues, timer, retransmits, user, time-out
        fields >> skipped;
      fields >> inode;
      const auto colon = local.rfind(':');
      if (state != listening || colon == std::string::npos) continue;
      int this_port = 0;
      std::from_chars(local.data() + colon + 1, local.data() + local.size(), this_port, 16);
      if (this_port == port) found.insert("socket:[" + inode + "]");
    }
  }
  return found;
}

bool holds_one(const std::filesystem::path& process, const std::set<std::string>& links) {
  std::error_code failure;
  for (std::filesystem::directory_iterator i(process / "fd", failure), end; !failure && i != end;
       i.increment(failure)) {
    std::error_code gone;
    const auto to = std::filesystem::read_symlink(i->path(), gone);
    if (!gone && links.contains(to.string())) return true;
  }
  return false;
}

}  // namespace

std::vector<int> pids_listening_on(int port) {
  const auto links = links_of_listeners(port);
  std::vector<int> pids;
  std::error_code failure;
  for (std::filesystem::directory_iterator i("/proc", failure), end;
       !links.empty() && !failure && i != end; i.increment(failure)) {
    const auto name = i->path().filename().string();
    int pid = 0;
    const auto [stop, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    const bool is_process = error == std::errc() && stop == name.data() + name.size();
    if (is_process && holds_one(i->path(), links)) pids.push_back(pid);
  }
  std::ranges::sort(pids);
  return pids;
}

}  // namespace greenroom::load
