// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// WORKER: argon2id on a thread of its own, so that hashing never holds a scheduler's thread.
///
/// Owns: nothing but the cost setting.
/// Takes: hash_job (hash or verify a password).
/// Sends: hash_done to the job's `done`.
/// Dies: the pool spawns a successor, which goes on with what waits; the job in hand is answered by
/// its asker's time-out.

#include <cstddef>
#include <memory>

#include "actors/base.hpp"
#include "actors/interfaces.hpp"
#include "actors/worker_pool.hpp"

namespace greenroom::actors {

class worker final : public observed<worker_actor> {
 public:
  worker(caf::actor_config& cfg, std::shared_ptr<worker_slots> slots, std::size_t index,
         security::password_cost cost);

 protected:
  behavior_type make_behavior() override;
  void describe(self_report& to) const override;
  void on_exit() override;

 private:
  void work(const hash_job& job);

  std::shared_ptr<worker_slots> slots_;
  std::size_t index_;
  security::password_cost cost_;
};

}  // namespace greenroom::actors
