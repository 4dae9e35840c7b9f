// SPDX-License-Identifier: MIT
#include "actors/link.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "actors/link_delays.hpp"
#include "actors/link_metrics.hpp"
#include "actors/transport.hpp"
#include "placement/cluster_map.hpp"
#include "security/tokens.hpp"
#include "telemetry/log.hpp"
#include "telemetry/repeats.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t unacked_bytes_max = 8 << 20;
constexpr std::size_t waiting_bytes_max = 64 << 20;
/// One batch; a link is one TCP stream, and heartbeats wait behind what is in it.
constexpr std::size_t batch_bytes_max = 1 << 20;
constexpr std::size_t batch_frames_max = 2000;
constexpr auto handshake_timeout = 5s;
/// Of one link; one that comes and goes without end must not fill the log.
constexpr unsigned changes_told_per_minute = 10;
constexpr auto back_off_first = 100ms;
constexpr auto back_off_max = 2000ms;
// Why a link is down where nothing is wrong, or (its actor has failed) that was said already.
constexpr std::string_view node_ends = "this node ends";
constexpr std::string_view actor_ends = "the link's actor ended";

/// Dialing blocks its caller; so a thread of its own does it and reports back.
void dial_and_report(caf::event_based_actor*, const link_actor& back, const environment_ptr& env,
                     const std::string& host, std::uint16_t port) {
  caf::anon_send(back, dialed_ptr(std::make_shared<dialed>(env->nodes->dial(host, port))));
}

}  // namespace

link::link(caf::actor_config& cfg, link_context_ptr context, std::string address)
    : observed(cfg, {actor_kind::link, address, "cluster"}),
      context_(std::move(context)),
      address_(std::move(address)),
      facts_(std::make_shared<link_facts>(true)) {
  facts_->describe([&](link_facts::description& d) { d.address = address_; });
  show(facts_);
  set_down_handler([this](const caf::down_msg& m) {
    if (gate_ && m.source == gate_.address()) {
      go_down("connection lost");
    } else if (acceptor_ && m.source == caf::actor_cast<caf::actor_addr>(acceptor_)) {
      go_down("the peer's side of it has failed");
    }
  });
}

link::link(caf::actor_config& cfg, link_context_ptr context, peer_info peer, link_actor dialer,
           gate_actor gate, std::uint64_t epoch, std::shared_ptr<link_facts> facts)
    : observed(cfg, {actor_kind::link, peer.name, "gate"}),
      context_(std::move(context)),
      address_(peer.address),
      facts_(std::move(facts)),
      gate_(std::move(gate)),
      dialer_(std::move(dialer)),
      peer_(std::move(peer)),
      epoch_(epoch) {
  facts_->describe([&](link_facts::description& d) { d.address = address_; });
  show(facts_);
  set_down_handler([this](const caf::down_msg& m) {
    if (!gate_ || m.source != gate_.address()) {
      go_down("connection lost");
    } else {
      // The node ends its gate in order; by itself it ends only of a fault.
      go_down(m.reason == caf::exit_reason::user_shutdown ? std::string(node_ends)
                                                          : "this node's gate has failed");
    }
    quit();
  });
}

link::behavior_type link::make_behavior() {
  if (dialer_) {
    monitor(*dialer_);
    monitor(gate_);
    come_up(epoch_);
    // Empty or not, it tells the dialer whom to watch on this side.
    send(*dialer_, batch_atom::value, epoch_, ++number_, std::vector<std::string>{});
  } else {
    dial();
  }
  return {[this](const frame_bytes& frame) { push(*frame); },
          [this](const reply_ptr& r) { push(frames::encode(*r)); },
          [this](flush_atom) {
            flush_armed_ = false;
            let_go();
            flush();
          },
          [this](ack_atom, std::uint64_t epoch, std::uint64_t number) {
            if (epoch == epoch_) {
              take_acknowledgement(number);
              flush();
            }
          },
          [this](batch_atom, std::uint64_t epoch, std::uint64_t number,
                 const std::vector<std::string>& batch) { take_batch(epoch, number, batch); },
          [this](const dialed_ptr& result) { take_dialed(*result); },
          [this](tick_atom) { dial(); }};
}

void link::on_exit() {
  if (up_) {
    go_down(std::string(actor_ends));
  }
  cut_connection();
}

// -- coming up
// --------------------------------------------------------------------------------------

void link::dial() {
  if (up_ || dialing_ || dialer_) {
    return;
  }
  dialing_ = true;
  become_known_as("dialing");
  ++attempt_;
  const auto colon = address_.rfind(':');
  std::uint16_t port = 0;
  if (colon == std::string::npos ||
      std::from_chars(address_.data() + colon + 1, address_.data() + address_.size(), port).ec !=
          std::errc{}) {
    telemetry::log("link").error("{} is not host:port", address_);
    return;
  }
  auto host = address_.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  }
  system().spawn<caf::detached>(dial_and_report, caf::actor_cast<link_actor>(this), context_->env,
                                host, port);
}

void link::take_dialed(const dialed& result) {
  if (!result.gate) {
    go_down(result.why_not);
    return;
  }
  gate_ = result.gate;
  become_known_as("shaking hands");
  connection_ = result.connection;
  facts_->describe([&](link_facts::description& d) {
    d.tls = connection_->version();
    d.cipher = connection_->cipher();
  });
  monitor(gate_);
  nonce_ = security::random_bytes(16);
  request(gate_, handshake_timeout, hello_atom::value,
          frames::encode(frames::hello{1, context_->self(), nonce_}))
      .then(
          [this, attempt = attempt_](const std::string& bytes) {
            if (attempt == attempt_) {
              take_welcome(bytes);
            }
          },
          [this, attempt = attempt_](const caf::error& e) {
            if (attempt == attempt_ && dialing_) {
              go_down("no welcome: " + system().render(e));
            }
          });
}

void link::take_welcome(const std::string& bytes) {
  const auto w = frames::decode_welcome(bytes);
  if (!w) {
    go_down(w.error().message);
    return;
  }
  if (!w->refusal.empty()) {
    go_down("refused: " + w->refusal);
    return;
  }
  const auto self = context_->self();
  const auto name = context_->identity.verify(
      w->certificate, frames::statement("acceptor", self.id, w->who.id, nonce_, w->nonce),
      w->signature);
  if (!name || *name != w->who.name) {
    go_down("the node there could not prove that it is " + w->who.name);
    return;
  }
  if (const auto why = context_->env->disks.objection(w->who.id, w->who.kept); !why.empty()) {
    go_down(w->who.name + " is not taken: " + why);
    return;
  }
  peer_ = w->who;
  facts_->describe([&](link_facts::description& d) {
    d.certificate_until = security::end_of_certificate(w->certificate);
  });
  request(gate_, handshake_timeout, proof_atom::value,
          frames::encode(frames::proof{self.id, context_->identity.certificate_pem(),
                                       context_->identity.sign(frames::statement(
                                           "dialer", self.id, peer_.id, nonce_, w->nonce))}))
      .then(
          [this, attempt = attempt_](std::uint64_t epoch) {
            if (attempt != attempt_) {
              return;
            }
            if (epoch == 0) {
              go_down("refused: the proof of identity was not accepted");
            } else {
              come_up(epoch);
            }
          },
          [this, attempt = attempt_](const caf::error& e) {
            if (attempt == attempt_ && dialing_) {
              go_down("no epoch: " + system().render(e));
            }
          });
}

void link::come_up(std::uint64_t epoch) {
  dialing_ = false;
  up_ = true;
  become_known_as("up");
  epoch_ = epoch;
  number_ = 0;
  back_off_ = back_off_first;
  last_failure_.clear();
  rename(peer_.name);
  facts_->describe([&](link_facts::description& d) {
    d.peer = peer_.id;
    d.failure.clear();
  });
  if (dialer_) {
    facts_->up.store(true);  // its gate has counted the first batch by now
  } else {
    facts_->begin();
  }
  telemetry::log_seldom({.component = "link",
                         .level = spdlog::level::info,
                         .key = "up " + peer_.id.str(),
                         .per_minute = changes_told_per_minute},
                        "up: {} at {} (node {}, version {})", peer_.name, address_, peer_.id.str(),
                        placement::release_of(peer_.version));
  context_->links->up(peer_, caf::actor_cast<link_actor>(this));
  auto change = std::make_shared<peer_change>();
  change->who = peer_;
  change->up = true;
  context_->links->tell_cluster(std::move(change));
  if (!dialer_) {
    // The first batch, empty or not, tells the peer's gate that this side listens.
    send(gate_, batch_atom::value, epoch_, ++number_, std::vector<std::string>{});
  }
}

void link::take_batch(std::uint64_t epoch, std::uint64_t number,
                      const std::vector<std::string>& batch) {
  const auto sender = current_sender();
  if (!up_ || dialer_ || epoch != epoch_ || sender == nullptr ||
      sender->node() != gate_.address().node()) {
    dropped("batches of another connection");
    return;
  }
  if (acceptor_ != sender) {
    acceptor_ = sender;
    monitor(acceptor_);
  }
  std::size_t bytes = 0;
  for (const auto& frame : batch) {
    bytes += frame.size();
    context_->links->take(peer_.id, frame);
  }
  facts_->note_arrived(batch.size(), bytes);
  caf::anon_send(caf::actor_cast<link_actor>(sender), ack_atom::value, epoch, number);
}

/// Whatever is wrong with it, the next attempt takes another.
void link::cut_connection() {
  if (connection_) {
    connection_->cut();
    connection_.reset();
  }
}

void link::go_down(const std::string& why) {
  if (up_) {
    const bool is_well = why == node_ends || why == actor_ends;
    telemetry::log_seldom({.component = "link",
                           .level = is_well ? spdlog::level::info : spdlog::level::warn,
                           .key = "down " + peer_.id.str(),
                           .per_minute = changes_told_per_minute},
                          "down: {} at {}: {}", peer_.name, address_, why);
  } else if (why != last_failure_) {
    // Neither goes away by itself.
    const bool is_refusal = why.find("forgotten") != std::string::npos ||
                            why.find("link protocol") != std::string::npos;
    telemetry::log_seldom({.component = "link",
                           .level = is_refusal ? spdlog::level::err : spdlog::level::info,
                           .key = "not reached " + address_,
                           .per_minute = changes_told_per_minute},
                          "{} cannot be reached yet: {}", address_, why);
    last_failure_ = why;
  }
  if (gate_) {
    demonitor(gate_.address());
    gate_ = gate_actor{};
  }
  if (acceptor_) {
    demonitor(caf::actor_cast<caf::actor_addr>(acceptor_));
    acceptor_ = nullptr;
  }
  cut_connection();
  const bool was_up = std::exchange(up_, false);
  become_known_as("down");
  dialing_ = false;
  waiting_.clear();
  held_.clear();
  waiting_bytes_ = 0;
  unacked_.clear();
  unacked_bytes_ = 0;
  facts_->up.store(false);
  facts_->describe([&](link_facts::description& d) { d.failure = why; });
  show_queue();
  if (was_up && context_->links->down(peer_.id, address())) {
    auto change = std::make_shared<peer_change>();
    change->who = peer_;
    context_->links->tell_cluster(std::move(change));
  }
  if (dialer_) {
    return;
  }
  delayed_send(this, back_off_, tick_atom::value);
  back_off_ = std::min<std::chrono::milliseconds>(back_off_ * 2, back_off_max);
}

// -- sending
// ------------------------------------------------------------------------------------------

void link::push(std::string frame) {
  if (!up_) {
    dropped("frames while the link is down");
    return;
  }
  if (waiting_bytes_ + frame.size() > waiting_bytes_max) {
    dropped("frames that found the queue full");
    link_metrics::instance().dropped_frames.Increment();
    facts_->dropped.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  waiting_bytes_ += frame.size();
  if (hold_back(frame)) {
    show_queue();
    return;
  }
  waiting_.push_back(std::move(frame));
  show_queue();
  // Flushed behind whatever is in the mailbox by now, so that a burst travels together.
  if (!flush_armed_) {
    flush_armed_ = true;
    caf::anon_send(caf::actor_cast<link_actor>(this), flush_atom::value);
  }
}

/// True: it was taken, because of a delay or because others wait before it.
bool link::hold_back(std::string& frame) {
  const auto now = link_facts::clock::now();
  const auto delay = link_delays::instance().of(peer_.id, now);
  if (delay == 0ms && held_.empty()) {
    return false;
  }
  auto due = now + delay;
  if (held_.empty()) {
    delayed_send(this, delay, flush_atom::value);
  } else {
    due = std::max(due, held_.back().due);  // also when the delay has just ended
  }
  held_.push_back({due, std::move(frame)});
  return true;
}

void link::let_go() {
  if (held_.empty()) {
    return;
  }
  const auto now = link_facts::clock::now();
  while (!held_.empty() && held_.front().due <= now) {
    waiting_.push_back(std::move(held_.front().bytes));
    held_.pop_front();
  }
  if (!held_.empty()) {
    delayed_send(this, held_.front().due - now, flush_atom::value);
  }
}

void link::flush() {
  while (up_ && !waiting_.empty() && unacked_bytes_ < unacked_bytes_max) {
    std::vector<std::string> batch;
    std::size_t bytes = 0;
    while (!waiting_.empty() && batch.size() < batch_frames_max &&
           (batch.empty() || bytes + waiting_.front().size() <= batch_bytes_max)) {
      bytes += waiting_.front().size();
      batch.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    waiting_bytes_ -= bytes;
    unacked_[++number_] = {bytes, link_facts::clock::now()};
    unacked_bytes_ += bytes;
    facts_->note_sent(batch.size(), bytes);
    auto& metrics = link_metrics::instance();
    metrics.batches_sent.Increment();
    metrics.frames_sent.Increment(static_cast<double>(batch.size()));
    metrics.bytes_sent.Increment(static_cast<double>(bytes));
    if (dialer_) {
      send(*dialer_, batch_atom::value, epoch_, number_, std::move(batch));
    } else {
      send(gate_, batch_atom::value, epoch_, number_, std::move(batch));
    }
  }
  show_queue();
}

void link::take_acknowledgement(std::uint64_t number) {
  if (const auto last = unacked_.find(number); last != unacked_.end()) {
    facts_->note_round_trip(link_facts::clock::now() - last->second.at);
  }
  while (!unacked_.empty() && unacked_.begin()->first <= number) {
    unacked_bytes_ -= unacked_.begin()->second.bytes;
    unacked_.erase(unacked_.begin());
  }
}

/// For the console.
void link::show_queue() {
  facts_->queue.store(waiting_.size() + held_.size(), std::memory_order_relaxed);
  facts_->queue_bytes.store(waiting_bytes_, std::memory_order_relaxed);
  facts_->unacked_bytes.store(unacked_bytes_, std::memory_order_relaxed);
}

}  // namespace greenroom::actors
