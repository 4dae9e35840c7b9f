// SPDX-License-Identifier: MIT
#include "actors/gate.hpp"

#include <caf/io/middleman.hpp>

#include "actors/link_metrics.hpp"
#include "actors/transport.hpp"
#include "security/tokens.hpp"
#include "telemetry/repeats.hpp"

namespace greenroom::actors {

namespace {

/// Callers that are remembered, verified or not; a cluster is far smaller.
constexpr std::size_t callers_max = 256;
constexpr auto connection_known_within = std::chrono::seconds(5);

}  // namespace

gate_door::behavior_type gate_door::make_behavior() {
  return {[this](hello_atom, std::string& bytes) {
            return delegate(slot_->get(), hello_atom::value, std::move(bytes));
          },
          [this](proof_atom, std::string& bytes) {
            return delegate(slot_->get(), proof_atom::value, std::move(bytes));
          },
          [this](batch_atom, std::uint64_t epoch, std::uint64_t number,
                 std::vector<std::string>& batch) {
            delegate(slot_->get(), batch_atom::value, epoch, number, std::move(batch));
          }};
}

gate::gate(caf::actor_config& cfg, link_context_ptr context)
    : observed(cfg, {actor_kind::gate, "gate", "cluster"}), context_(std::move(context)) {
  // Epochs differ between runs of this node, so that no link of an earlier one is mistaken.
  epochs_ = static_cast<std::uint64_t>(now_ms());
  set_down_handler([this](const caf::down_msg& m) { callers_.erase(m.source); });
}

gate::behavior_type gate::make_behavior() {
  return {[this](hello_atom, const std::string& bytes) { return take_hello(bytes); },
          [this](proof_atom, const std::string& bytes) { return take_proof(bytes); },
          [this](batch_atom, std::uint64_t epoch, std::uint64_t number,
                 const std::vector<std::string>& batch) { take_batch(epoch, number, batch); }};
}

std::string gate::take_hello(const std::string& bytes) {
  const auto self = context_->self();
  frames::welcome w;
  w.who = self;
  const auto sender = current_sender();
  const auto h = frames::decode_hello(bytes);
  if (!h || sender == nullptr) {
    w.refusal = "not a hello";
  } else if (h->protocol != w.protocol) {
    w.refusal = "link protocol " + std::to_string(h->protocol) + " is not spoken here, only " +
                std::to_string(w.protocol);
  } else if (h->who.id == self.id) {
    w.refusal = "this is the same node id: a copied data directory, or the node itself";
  } else if (!h->who.cluster_id.is_nil() && !self.cluster_id.is_nil() &&
             h->who.cluster_id != self.cluster_id) {
    w.refusal = "another cluster: " + self.cluster_id.str();
  } else if (const auto there = context_->links->address_of(h->who.id);
             there && *there != h->who.address) {
    // Two processes with one id would vote twice, and each would cut the other's link.
    w.refusal = "this node id is linked from " + *there + ": a copied data directory";
  } else if (auto why = context_->env->disks.objection(h->who.id, h->who.kept); !why.empty()) {
    w.refusal = std::move(why);
  } else if (callers_.size() >= callers_max) {
    w.refusal = "too many links";
  }
  if (!w.refusal.empty()) {
    dropped("callers that were refused");
    telemetry::log_seldom({.component = "gate", .key = w.refusal}, "refused {}: {}",
                          h ? h->who.name : "somebody", w.refusal);
    return frames::encode(w);
  }
  caller c;
  c.hello = *h;
  c.nonce = security::random_bytes(16);
  w.nonce = c.nonce;
  w.certificate = context_->identity.certificate_pem();
  w.signature =
      context_->identity.sign(frames::statement("acceptor", h->who.id, self.id, h->nonce, c.nonce));
  monitor(sender);
  callers_[caf::actor_cast<caf::actor_addr>(sender)] = std::move(c);
  return frames::encode(w);
}

std::uint64_t gate::take_proof(const std::string& bytes) {
  const auto it = callers_.find(caf::actor_cast<caf::actor_addr>(current_sender()));
  const auto p = frames::decode_proof(bytes);
  if (it == callers_.end() || !p) {
    return 0;
  }
  auto& c = it->second;
  const auto name = context_->identity.verify(
      p->certificate,
      frames::statement("dialer", c.hello.who.id, context_->self().id, c.hello.nonce, c.nonce),
      p->signature);
  if (!name || *name != c.hello.who.name) {
    telemetry::log_seldom({.component = "gate", .key = "proof of " + c.hello.who.name},
                          "{} could not prove who it is", c.hello.who.name);
    callers_.erase(it);
    dropped("callers that were refused");
    return 0;
  }
  c.epoch = ++epochs_;
  c.facts = std::make_shared<link_facts>(false);
  c.facts->describe([&](link_facts::description& d) {
    d.certificate_until = security::end_of_certificate(p->certificate);
  });
  keep_connection_of(current_sender()->node(), c.facts);
  return c.epoch;
}

/// Callers that prove nothing are cut off after a while; CAF knows which connection is this one's.
void gate::keep_connection_of(const caf::node_id& node, const std::shared_ptr<link_facts>& facts) {
  request(system().middleman().actor_handle(), connection_known_within, caf::get_atom::value, node)
      .then(
          [this, facts](const caf::node_id&, const std::string& address, std::uint16_t port) {
            context_->env->nodes->proved(address, port);
            if (const auto connection = context_->env->nodes->connection_with(address, port)) {
              facts->describe([&](link_facts::description& d) {
                d.tls = connection->version();
                d.cipher = connection->cipher();
              });
            }
          },
          [](const caf::error&) {});  // the dialer will come again
}

void gate::take_batch(std::uint64_t epoch, std::uint64_t number,
                      const std::vector<std::string>& batch) {
  const auto sender = current_sender();
  const auto it = callers_.find(caf::actor_cast<caf::actor_addr>(sender));
  if (it == callers_.end() || it->second.epoch == 0 || it->second.epoch != epoch) {
    dropped("batches of who is not verified");
    link_metrics::instance().refused_batches.Increment();
    return;
  }
  if (!it->second.linked) {
    it->second.linked = true;
    spawn<link>(context_, it->second.hello.who, caf::actor_cast<link_actor>(sender),
                caf::actor_cast<gate_actor>(this), epoch, it->second.facts);
  }
  std::size_t bytes = 0;
  for (const auto& frame : batch) {
    bytes += frame.size();
    context_->links->take(it->second.hello.who.id, frame);
  }
  it->second.facts->note_arrived(batch.size(), bytes);
  caf::anon_send(caf::actor_cast<link_actor>(sender), ack_atom::value, epoch, number);
}

}  // namespace greenroom::actors
