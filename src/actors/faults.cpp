// SPDX-License-Identifier: MIT
#include "actors/faults.hpp"

#include <array>
#include <caf/actor_cast.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

#include "actors/fault_messages.hpp"
#include "actors/message_kind.hpp"

namespace greenroom::actors::faults {

namespace {

/// Its id; 0: nobody.
std::atomic<std::uint64_t> victim{0};

std::mutex mutex;
/// By kind: which message it is to be; empty: any. Under the mutex.
std::array<std::string, actor_kind_count> messages;

/// Whether it is that message which this actor, the caller, is about to handle.
bool is_awaited(actor_kind kind, std::uint64_t actor) {
  const auto wanted = awaited(kind);
  if (wanted.empty()) {
    return true;
  }
  const auto self = registry::instance().find(actor);
  return self && name_of_message_kind(self->last_kind) == wanted;
}

}  // namespace

std::atomic<std::uint32_t> armed{0};

void throw_if_armed(actor_kind kind, std::uint64_t actor) {
  if (auto id = actor; actor != 0 && victim.compare_exchange_strong(id, 0)) {
    armed.fetch_and(~one_actor);
    throw std::runtime_error("rehearsed failure of this " + std::string(to_string(kind)));
  }
  const auto bit = std::uint32_t{1} << static_cast<unsigned>(kind);
  if ((armed.load(std::memory_order_relaxed) & bit) != 0 && is_awaited(kind, actor) &&
      (armed.fetch_and(~bit) & bit) != 0) {
    throw std::runtime_error("rehearsed failure of a " + std::string(to_string(kind)));
  }
}

void arm(actor_kind kind) {
  arm(kind, {});
}

void arm(actor_kind kind, std::string message) {
  {
    const std::lock_guard lock(mutex);
    messages.at(static_cast<std::size_t>(kind)) = std::move(message);
  }
  armed.fetch_or(std::uint32_t{1} << static_cast<unsigned>(kind));
}

std::string awaited(actor_kind kind) {
  const std::lock_guard lock(mutex);
  return messages.at(static_cast<std::size_t>(kind));
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
