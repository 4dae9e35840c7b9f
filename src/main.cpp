// SPDX-License-Identifier: MIT
/// greenroomd: reads the configuration, starts the node, waits for a signal, ends in good order.

#include <sodium.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <iostream>

#include "actors/process.hpp"
#include "config/command_line.hpp"
#include "telemetry/heap.hpp"
#include "telemetry/log.hpp"

namespace {

using namespace greenroom;

telemetry::log_format format_of(const std::string& name) {
  if (name == "json") return telemetry::log_format::json;
  if (name == "text") return telemetry::log_format::text;
  return telemetry::log_format::automatic;
}

/// As many descriptors as the system allows: each client is one.
void raise_file_limit(std::uint32_t connections) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return;
  }
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
  constexpr rlim_t beside_clients = 512;
  if (limit.rlim_cur < connections + beside_clients) {
    telemetry::log("main").warn(
        "only {} files can be open, too few for {} connections: raise the limit (ulimit -n)",
        limit.rlim_cur, connections);
  }
}

/// Signals are taken by sigtimedwait on the main thread alone; every other thread has them blocked.
sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return set;
}

/// Waits for a signal, and looks after the heap meanwhile.
int wait_for_signal(const sigset_t& signals) {
  telemetry::heap_keeper heap;
  constexpr timespec interval{5, 0};
  for (;;) {
    const int signal = sigtimedwait(&signals, nullptr, &interval);
    if (signal > 0) return signal;
    heap.look();
  }
}

}  // namespace

int main(int argc, char** argv) {
  // Whatever is written is the owner's: passwords' hashes and messages are in it.
  umask(S_IRWXG | S_IRWXO);
  const auto start = config::parse_command_line(argc, argv);
  if (!start) {
    (start.error().code == 0 ? std::cout : std::cerr) << start.error().text << std::flush;
    return start.error().code;
  }
  const auto& settings = start->config.values;
  if (geteuid() == 0 && !start->allow_root) {
    std::cerr << "greenroomd does not run as root: start it as a user of its own, or say "
                 "--allow-root.\n";
    return 1;
  }
  if (sodium_init() < 0) {
    std::cerr << "libsodium cannot be initialised.\n";
    return 1;
  }
  const auto signals = block_signals();
  telemetry::start_logging(
      {settings.log.level, format_of(settings.log.format), settings.node.name});
  raise_file_limit(settings.limits.max_connections);
  int code = 0;
  {
    auto node = actors::process::start(settings);
    if (!node) {
      telemetry::log("main").critical("{}", node.error().message);
      code = 1;
    } else {
      const int signal = wait_for_signal(signals);
      telemetry::log("main").info("stopping on signal {}; a second one ends at once", signal);
      // The default action comes back, so that the second one needs nobody's help.
      std::signal(SIGINT, SIG_DFL);
      std::signal(SIGTERM, SIG_DFL);
      pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
      (*node)->stop();
    }
  }
  telemetry::stop_logging();
  return code;
}
