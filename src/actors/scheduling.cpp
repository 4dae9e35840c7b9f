// SPDX-License-Identifier: MIT
#include "actors/scheduling.hpp"

#include <sched.h>

#include <algorithm>
#include <caf/detail/set_thread_name.hpp>
#include <caf/logger.hpp>
#include <caf/policy/unprofiled.hpp>
#include <set>
#include <thread>
#include <utility>

// CAF is built without its log, and its workers still tell the log who is at work: for each actor
// that they resume they ask for its type and take locks. See also before_resume().
#undef CAF_PUSH_AID_FROM_PTR
#define CAF_PUSH_AID_FROM_PTR(actor) static_cast<void>(0)
#include <caf/scheduler/coordinator.hpp>
#include <caf/scheduler/worker.hpp>

#include "actors/job_queue.hpp"
#include "actors/message_clock.hpp"
#include "runtime/thread_name.hpp"

namespace greenroom::actors {

namespace {

/// What CAF's coordinator and workers ask.
class policy final : public caf::policy::unprofiled {
 public:
  struct coordinator_data {
    explicit coordinator_data(caf::scheduler::abstract_coordinator*) : jobs(usable_processors()) {}
    job_queue jobs;
  };
  struct worker_data {
    explicit worker_data(caf::scheduler::abstract_coordinator*) {}
    job_queue::taker self;
    bool is_named = false;
  };

  template <class Coordinator>
  void central_enqueue(Coordinator* to, caf::resumable* job) {
    d(to).jobs.put(job);
  }
  template <class Worker>
  void external_enqueue(Worker* to, caf::resumable* job) {
    jobs_of(to).put(job);
  }
  template <class Worker>
  void internal_enqueue(Worker* to, caf::resumable* job) {
    jobs_of(to).put(job);
  }
  template <class Worker>
  void resume_job_later(Worker* to, caf::resumable* job) {
    jobs_of(to).put(job);
  }
  template <class Worker>
  caf::resumable* dequeue(Worker* self) {
    if (!std::exchange(d(self).is_named, true)) {
      runtime::name_thread("actors");  // CAF calls them after its multiplexer
    }
    return jobs_of(self).take(d(self).self);
  }
  /// On a thread without a log nobody is told there who is at work, which takes four locks.
  template <class Worker>
  void before_resume(Worker*, caf::resumable*) {
    caf::logger::set_current_actor_system(nullptr);  // whoever has made an actor has set it
  }
  template <class Worker>
  void before_shutdown(Worker* self) {
    jobs_of(self).leave(d(self).self);
  }
  template <class Worker, class Each>
  void foreach_resumable(Worker*, Each) {}
  template <class Coordinator, class Each>
  void foreach_central_resumable(Coordinator* of, Each each) {
    while (auto* job = d(of).jobs.take_rest())
      each(job);
  }

 private:
  template <class Worker>
  static job_queue& jobs_of(Worker* w) {
    return d(w->parent()).jobs;
  }
};

/// CAF's, with our queue and our clock.
class coordinator final : public caf::scheduler::coordinator<policy> {
 public:
  using base = caf::scheduler::coordinator<policy>;

  explicit coordinator(caf::actor_system& system) : base(system), clock_(base::clock()) {}

  message_clock& clock() noexcept override { return clock_; }

 protected:
  void start() override {
    timer_ = std::thread([this] {
      CAF_SET_LOGGER_SYS(&system());
      caf::detail::set_thread_name("clock");
      system().thread_started();
      clock_.run();
      system().thread_terminates();
    });
    base::start();
  }

  void stop() override {
    clock_.stop();
    timer_.join();
    base::stop();
    clock_.clear();
  }

 private:
  message_clock clock_;
  std::thread timer_;
};

}  // namespace

std::size_t usable_processors() {
  cpu_set_t usable;
  CPU_ZERO(&usable);
  const bool known = sched_getaffinity(0, sizeof usable, &usable) == 0;
  return std::max<std::size_t>(1, known ? static_cast<std::size_t>(CPU_COUNT(&usable)) : 1);
}

caf::actor_system::module* make_scheduler(caf::actor_system& system) {
  // CAF's modules belong to the system, which is what takes it.
  return new coordinator(system);
}

}  // namespace greenroom::actors
