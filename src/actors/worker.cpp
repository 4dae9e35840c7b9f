// SPDX-License-Identifier: MIT
#include "actors/worker.hpp"

#include "runtime/thread_name.hpp"

namespace greenroom::actors {

worker::worker(caf::actor_config& cfg, std::shared_ptr<worker_slots> slots, std::size_t index,
               security::password_cost cost)
    : observed(cfg, {actor_kind::worker, std::to_string(index), "node"}),
      slots_(std::move(slots)),
      index_(index),
      cost_(cost) {}

worker::behavior_type worker::make_behavior() {
  runtime::name_thread("password-hash");
  become_known_as("idle");
  return {[this](const hash_job_ptr& job) { work(*job); }};
}

void worker::work(const hash_job& job) {
  become_known_as(job.kind == hash_job::what::hash ? "hashing" : "verifying");
  auto result = std::make_shared<hash_done>();
  result->job = job.job;
  if (job.kind == hash_job::what::hash) {
    auto hashed = security::hash_password(job.password, cost_);
    if (hashed) {
      result->hash = std::move(*hashed);
    } else {
      result->failure = hashed.error();
    }
  } else {
    result->verified = security::verify_password(job.hash, job.password, cost_);
  }
  become_known_as("idle");
  slots_->finished(index_);
  caf::anon_send(job.done, hash_done_ptr(std::move(result)));
}

void worker::on_exit() {
  slots_->replace(index_);
}

}  // namespace greenroom::actors
