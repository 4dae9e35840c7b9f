// SPDX-License-Identifier: MIT
#include "raft/chat_machine.hpp"

#include <optional>
#include <utility>
#include <vector>

#include "chat/apply.hpp"
#include "store/commands.hpp"
#include "store/fatal.hpp"
#include "store/shard_state.hpp"
#include "store/transfer.hpp"
#include "telemetry/log.hpp"

namespace greenroom::raft {

namespace {

/// What a sweep looks at in one go.
constexpr std::size_t swept_at_once = 500;

class chat_stream final : public state_stream {
 public:
  chat_stream(store::database& db, std::uint16_t shard) : from_(db, shard) {}
  expected<store::state_piece> read(std::string_view position, std::size_t bytes) override {
    return from_.read(position, bytes);
  }

 private:
  store::state_source from_;
};

/// Tells the machine which generation is not to be swept while it lives.
class chat_intake final : public state_intake {
 public:
  chat_intake(store::database& db, std::uint16_t shard, std::shared_ptr<std::uint32_t> spared)
      : to_(db, shard), spared_(std::move(spared)) {
    *spared_ = to_.generation();
  }
  ~chat_intake() override { *spared_ = 0; }
  chat_intake(const chat_intake&) = delete;
  chat_intake& operator=(const chat_intake&) = delete;
  expected<void> add(std::string_view piece) override { return to_.add(piece); }
  expected<std::vector<store::raw_record>> finish(std::uint64_t applied_index) override {
    return to_.finish(applied_index);
  }

 private:
  store::state_installer to_;
  std::shared_ptr<std::uint32_t> spared_;
};

}  // namespace

struct chat_machine::impl {
  store::database& db;
  store::shard_state state;
  std::uint16_t shard;
  listener on_applied;
  std::vector<applied_command> outcomes{};  ///< of entries that are not visible yet
  std::optional<store::generation_sweeper> sweeper{};
  std::shared_ptr<std::uint32_t> spared = std::make_shared<std::uint32_t>(0);
};

chat_machine::chat_machine(store::database& db, std::uint16_t shard, listener on_applied)
    : impl_(new impl{db, store::shard_state(db, shard), shard, std::move(on_applied)}) {}

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

std::unique_ptr<state_stream> chat_machine::read_state() {
  return std::make_unique<chat_stream>(impl_->db, impl_->shard);
}

std::unique_ptr<state_intake> chat_machine::write_state() {
  return std::make_unique<chat_intake>(impl_->db, impl_->shard, impl_->spared);
}

void chat_machine::replaced() {
  impl_->state.reload();
  impl_->sweeper.reset();
}

bool chat_machine::sweep() {
  auto& s = impl_->sweeper;
  if (!s) s.emplace(impl_->db, impl_->shard);
  if (s->step(swept_at_once, *impl_->spared)) return true;
  s.reset();
  return false;
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
