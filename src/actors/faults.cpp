// SPDX-License-Identifier: MIT
#include "actors/faults.hpp"

#include <caf/actor_cast.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <stdexcept>
#include <string>

namespace greenroom::actors::faults {

namespace {

/// Its id; 0: nobody.
std::atomic<std::uint64_t> victim{0};

}  // namespace

std::atomic<std::uint32_t> armed{0};

void throw_if_armed(actor_kind kind, std::uint64_t actor) {
  if (auto id = actor; actor != 0 && victim.compare_exchange_strong(id, 0)) {
    armed.fetch_and(~one_actor);
    throw std::runtime_error("rehearsed failure of this " + std::string(to_string(kind)));
  }
  const auto bit = std::uint32_t{1} << static_cast<unsigned>(kind);
  if ((armed.load(std::memory_order_relaxed) & bit) != 0 && (armed.fetch_and(~bit) & bit) != 0) {
    throw std::runtime_error("rehearsed failure of a " + std::string(to_string(kind)));
  }
}

void arm(actor_kind kind) noexcept {
  armed.fetch_or(std::uint32_t{1} << static_cast<unsigned>(kind));
}

bool kill(std::uint64_t actor) {
  const auto handle = caf::actor_cast<caf::actor>(registry::instance().address_of(actor));
  if (!handle) {
    return false;
  }
  victim = actor;
  armed.fetch_or(one_actor);
  // Whatever it waits for, it takes this: as the failing handler's message, and otherwise as the
  // end that it is.
  caf::anon_send_exit(handle, caf::exit_reason::kill);
  return true;
}

}  // namespace greenroom::actors::faults
