// SPDX-License-Identifier: MIT
#include <future>
#include <utility>

#include "raft/log_storage.hpp"
#include "raft/replica.hpp"
#include "runtime/wakes.hpp"
#include "store/database.hpp"

namespace greenroom::raft {

namespace {

class stored_log final : public log_storage {
 public:
  stored_log(store::database& db, store::log_writer& writer, std::uint16_t shard)
      : writer_(writer), reader_(db, shard), shard_(shard) {}

  void append(store::log_append what) override {
    what.shard = shard_;
    writer_.append(std::move(what));
  }
  void append_and_wait(store::log_append what) override {
    // Shared: the writer may still be inside set_value() when this thread goes on.
    const auto done = std::make_shared<std::promise<void>>();
    auto synced = done->get_future();
    what.synced = [done] { done->set_value(); };
    append(std::move(what));
    runtime::wake_gathered();
    synced.wait();
  }
  [[nodiscard]] std::optional<store::hard_state> hard() const override { return reader_.hard(); }
  [[nodiscard]] std::vector<store::log_entry> read(std::uint64_t from, std::size_t max_entries,
                                                   std::size_t max_bytes) const override {
    return reader_.read(from, max_entries, max_bytes);
  }
  [[nodiscard]] std::optional<store::log_mark> mark() const override { return reader_.mark(); }
  [[nodiscard]] std::uint64_t first_index() const override { return reader_.first_index(); }
  [[nodiscard]] std::uint64_t last_index() const override { return reader_.last_index(); }

 private:
  store::log_writer& writer_;
  store::log_reader reader_;
  std::uint16_t shard_;
};

}  // namespace

std::unique_ptr<log_storage> make_stored_log(store::database& db, store::log_writer& writer,
                                             std::uint16_t shard) {
  return std::make_unique<stored_log>(db, writer, shard);
}

replica::replica(const replica_options& options, store::database& db, store::log_writer& writer,
                 machine& state, replica_host& host)
    : replica(options, make_stored_log(db, writer, options.shard), state, host) {}

}  // namespace greenroom::raft
