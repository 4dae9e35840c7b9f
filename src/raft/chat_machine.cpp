// SPDX-License-Identifier: MIT
#include "raft/chat_machine.hpp"

#include <utility>
#include <vector>

#include "chat/apply.hpp"
#include "store/commands.hpp"
#include "store/fatal.hpp"
#include "store/shard_state.hpp"
#include "telemetry/log.hpp"

namespace greenroom::raft {

struct chat_machine::impl {
  store::shard_state state;
  std::uint16_t shard;
  listener on_applied;
  std::vector<applied_command> outcomes;  ///< of entries that are not visible yet
};

chat_machine::chat_machine(store::database& db, std::uint16_t shard, listener on_applied)
    : impl_(new impl{store::shard_state(db, shard), shard, std::move(on_applied), {}}) {}

chat_machine::~chat_machine() = default;

std::uint64_t chat_machine::applied_index() const {
  return impl_->state.applied_index();
}

void chat_machine::apply(const committed_entry& entry) {
  auto& s = impl_->state;
  applied_command done{
      .index = entry.index, .term = entry.term, .tag = entry.tag, .time = 0, .outcome = {}};
  const auto command = store::decode_command(entry.data);
  if (command) {
    done.outcome = chat::apply(*command, {.term = entry.term}, s);
  } else {
    // Every replica has the same bytes and goes the same way: nothing changes, and it is told.
    telemetry::log("raft").error("shard {}: entry {} is not a command: {}", impl_->shard,
                                 entry.index, command.error().message);
    done.outcome.answer = error{ec::internal, "the command could not be read"};
  }
  done.time = s.clock();
  impl_->outcomes.push_back(std::move(done));
}

void chat_machine::commit(std::uint64_t index) {
  // A state that is half written must not be read: the process ends, the log has everything.
  if (const auto written = impl_->state.commit(index); !written) {
    store::stop(written.error().message);
  }
  // The listener may propose, which applies nothing before this returns.
  auto visible = std::exchange(impl_->outcomes, {});
  if (!impl_->on_applied) return;
  for (auto& done : visible)
    impl_->on_applied(std::move(done));
}

}  // namespace greenroom::raft
