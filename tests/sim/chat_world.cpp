// SPDX-License-Identifier: MIT
#include "sim/chat_world.hpp"

#include <algorithm>

#include "store/commands.hpp"

namespace greenroom::sim {

namespace {

constexpr unix_ms begin_ms = 1'800'000'000'000;
/// Addresses of clients in the network.
constexpr server_id first_client = client_address(0);

}  // namespace

chat_world::chat_world(const chat_options& options)
    : group(options.group), chat_options_(options), history_(options.skew_ms) {
  const auto count = options.group.servers + options.group.spares;
  clocks_.resize(count);
  for (server_id id = 1; id <= count; ++id)
    servers_.push_back(std::make_unique<chat_server>(*this, id));
  for (std::size_t n = 0; n < options.clients; ++n)
    clients_.push_back(std::make_unique<chat_client>(*this, first_client + n, options.busy));
  begin();
}

chat_world::~chat_world() = default;

std::unique_ptr<machine> chat_world::make_machine(server_id id, disk& on) {
  rules how{.how = options().how, .by = id, .clock = [this, id] { return wall(id); }};
  chat_machine::listener told;
  told.before = [this, id](const raft::committed_entry& e) {
    first_ = agree(id, e);
    if (first_) rules{.how = options().how}.apply(e, reference_);
  };
  told.after = [this](const decided& d, const chat::memory_state& s) {
    history_.applied(d, s, first_, true_time());
  };
  told.visible = [this, id](const decided& d) { server(id).visible(d); };
  return std::make_unique<chat_machine>(on, std::move(how), std::move(told));
}

chat_machine& chat_world::chat_of(server_id id) {
  return dynamic_cast<chat_machine&>(machine_of(id));
}

void chat_world::role_changed(server_id id, raft::role now, std::uint64_t term) {
  server(id).role_changed(now, term);
}

void chat_world::dropped(server_id id, std::uint64_t tag, bool /*never_written*/) {
  server(id).dropped(tag);
}

void chat_world::crashed(server_id id) {
  servers_.at(id - 1) = std::make_unique<chat_server>(*this, id);
}

void chat_world::ticked() {
  for (const auto id : ids())
    if (running(id)) server(id).on_time();
  for (auto& c : clients_)
    c->on_time();
}

void chat_world::nudge(server_id leader) {
  const chat::command c{.time = wall(leader), .data = chat::forget_outbox{}};
  offer(leader, next_tag(), store::encode(c));
}

// -- time ----------------------------------------------------------------------------------------

unix_ms chat_world::true_time() const {
  return begin_ms + leapt_ + static_cast<unix_ms>(now());
}

unix_ms chat_world::wall(server_id id) const {
  const auto& c = clocks_.at(id - 1);
  return true_time() + c.ahead + static_cast<unix_ms>(now()) * c.ppm / 1'000'000;
}

void chat_world::leap(unix_ms by) {
  leapt_ += by;
  ++leaps_;
}

void chat_world::clock_happens() {
  const auto limit = chat_options_.skew_ms;
  if (limit == 0) return;
  auto& c = clocks_[pick(clocks_.size())];
  // What it gains or loses by its rate stays within the last second of the limit.
  const auto jump = static_cast<std::size_t>(2 * limit - 1000);
  c.ahead = static_cast<unix_ms>(pick(jump)) - (limit - 500);
  c.ppm = static_cast<std::int64_t>(pick(40'001)) - 20'000;
}

// -- what servers and clients need ---------------------------------------------------------------

int chat_world::post(server_id from, server_id to, network::parcel what) {
  return net().post(from, to, std::move(what));
}

bool chat_world::offer(server_id at, std::uint64_t tag, std::string command) {
  return propose(at, tag, std::move(command));
}

uuid chat_world::new_id(server_id by) {
  std::array<std::uint8_t, 10> dice{};
  for (auto& d : dice)
    d = static_cast<std::uint8_t>(pick(256));
  return uuid::v7(wall(by), dice);
}

void chat_world::tell(server_id client, const answer& a) {
  history_.answered(a, now());
  clients_.at(client - first_client)->take(a);
}

void chat_world::found_room(const uuid& id) {
  if (std::ranges::find(rooms_, id) == rooms_.end()) rooms_.push_back(id);
}

answer chat_world::finish(chat_client& c, steady_ms limit) {
  const auto end = now() + limit;
  while (!c.idle() && now() < end)
    run(1);
  ensure(c.idle(), "a request is not answered", [&] { return describe(); });
  return *c.last();
}

answer chat_world::ask(chat_client& c, request what, server_id at) {
  c.ask(std::move(what), at);
  return finish(c);
}

// -- the end -------------------------------------------------------------------------------------

bool chat_world::at_rest() {
  const auto first = leader();
  return first && state(*first).outbox().empty() && server(*first).duties().at_rest() &&
         std::ranges::all_of(clients_, [](const auto& c) { return c->idle(); });
}

void chat_world::check_end() {
  for (auto& c : clients_)
    c->stop();
  calm_down();
  for (int i = 0; i < 400 && !at_rest(); ++i)
    run(50);
  ensure(at_rest(), "a request is not answered although all is well", [&] { return describe(); });
  calm_down();
  for (const auto id : members()) {
    ensure(state(id).dump() == reference_.dump(), "a server's state is not what its log says",
           [&] { return std::to_string(id) + "\n" + describe(); });
  }
  history_.check_end(reference_);
}

chat_options calm_chat(std::uint64_t seed, std::size_t servers, std::size_t spares) {
  return {.group = {.seed = seed,
                    .servers = servers,
                    .spares = spares,
                    .loss_percent = 0,
                    .network_ms_max = 2,
                    .disk_ms_max = 1,
                    .piece_bytes = 1024,
                    .how = sabotage::none},
          .clients = 2,
          .busy = false};
}

// -- one seed ------------------------------------------------------------------------------------

seed_result& seed_result::operator+=(const seed_result& other) {
  acknowledged += other.acknowledged;
  repeats += other.repeats;
  reads += other.reads;
  second_effects += other.second_effects;
  states += other.states;
  torn += other.torn;
  rests += other.rests;
  terms += other.terms;
  changes += other.changes;
  virtual_ms += other.virtual_ms;
  purged += other.purged;
  deliveries += other.deliveries;
  restored += other.restored;
  cut += other.cut;
  closed += other.closed;
  erased += other.erased;
  digest = digest * 31 + other.digest;
  return *this;
}

seed_result run_seed(std::uint64_t seed, sabotage how, bool watch_messages) {
  constexpr std::size_t sizes[] = {3, 3, 5, 3, 1, 3, 4};
  constexpr unix_ms skews[] = {0, 2000, 60'000, 3'600'000, 10'800'000};
  // What kind of world it is; apart from what happens in it.
  std::mt19937_64 kinds(seed ^ 0x5eed);
  const auto draw = [&](std::uint32_t bound) {
    return static_cast<std::uint32_t>(kinds() % bound);
  };
  chat_options o;
  o.group.seed = seed;
  o.group.servers = sizes[draw(7)];
  o.group.spares = draw(2) == 0 ? 0 : 2;
  o.group.loss_percent = draw(8);
  o.group.network_ms_max = 1 + draw(23);
  o.group.disk_ms_max = draw(13);
  o.group.log_entries_max = draw(3) == 0 ? 1 << 20 : 8 + draw(40);
  o.group.piece_bytes = 256 << draw(4);
  o.group.how = how;
  o.group.watch_messages = watch_messages;
  o.clients = 3 + draw(4);
  o.skew_ms = skews[draw(5)];
  const bool days_go_by = draw(4) == 0;
  chat_world w(o);
  seed_result out;
  for (int round = 0; round < 80; ++round) {
    if (w.pick(3) == 0) w.something_happens();
    if (o.group.spares > 0 && w.pick(2) == 0) out.changes += w.group_changes() ? 1 : 0;
    if (w.pick(12) == 0) w.clock_happens();
    if (days_go_by && w.pick(12) == 0) {
      w.leap(static_cast<unix_ms>(w.pick(30)) * 3'600'000);
    }
    w.run(5 + w.pick(90));
  }
  w.check_end();
  out.acknowledged = w.log().acknowledged_sends();
  out.repeats = w.log().repeats();
  out.reads = w.log().reads();
  out.second_effects = w.log().second_effects();
  out.purged = w.log().kept().purged();
  out.deliveries = w.log().kept().deliveries();
  out.restored = w.log().restored().opened();
  out.cut = w.log().restored().opened_at_entry();
  out.closed = w.log().accounts().closed();
  out.erased = w.log().accounts().erased();
  out.states = w.states_fetched();
  out.torn = w.torn_writes();
  out.rests = w.rests();
  out.terms = w.terms();
  out.virtual_ms = w.now();
  out.digest = w.log().digest();
  return out;
}

}  // namespace greenroom::sim
