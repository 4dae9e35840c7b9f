// SPDX-License-Identifier: MIT
#include "actors/admin.hpp"

#include <algorithm>
#include <iterator>

#include "actors/admin_args.hpp"
#include "actors/compaction.hpp"
#include "actors/foresight.hpp"
#include "actors/freed_space.hpp"
#include "actors/operations.hpp"
#include "config/dump.hpp"
#include "config/live.hpp"
#include "telemetry/request_scope.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr auto timeout_default = 5000ms;
constexpr auto timeout_max = 600'000ms;
constexpr std::size_t notes_max = 100;

}  // namespace

std::string admin::kinds_sentence() {
  std::string out = "kind is one of ";
  for (std::size_t kind = 0; kind < actor_kind_count; ++kind) {
    out += (kind == 0 ? "" : ", ") + std::string(to_string(static_cast<actor_kind>(kind)));
  }
  return out;
}

nlohmann::json admin::failure(std::string_view code, std::string message) {
  return {{"ok", false}, {"error", {{"code", code}, {"message", std::move(message)}}}};
}

std::uint32_t admin::ms_until(clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock::now());
  return static_cast<std::uint32_t>(
      std::clamp<std::chrono::milliseconds>(left, 1ms, timeout_max).count());
}

admin::admin(caf::actor_config& cfg, environment_ptr env, std::shared_ptr<peers> links)
    : observed(cfg, {actor_kind::admin, "admin", "node"}),
      env_(std::move(env)),
      links_(std::move(links)) {}

admin::behavior_type admin::make_behavior() {
  return {[this](const admin_request_ptr& r) {
            const auto called = request_id_in(r->request);
            const telemetry::request_scope scope(called);
            take(audited(*r));
          },
          [this](const reply_ptr& r) { take_reply(*r); },
          [this](const sockets_seen_ptr& s) { take_sockets(*s); }, [this](tick_atom) { tick(); }};
}

void admin::on_exit() {
  // What is in hand is answered as it is let go.
  gatherings_.clear();
  issuings_.clear();
  passed_on_.clear();
  users_.clear();
  asked_.clear();
  looking_at_sockets_.clear();
  examinations_.clear();
  backing_up_.clear();
  compaction::instance().cancel();
  space_returns::instance().cancel();
}

void admin::take(const admin_request& r) {
  if (!r.request.is_object() || !r.request.contains("verb") || !r.request["verb"].is_string()) {
    r.done(failure("usage", "a request is {\"verb\":…,\"args\":{…}}"));
    return;
  }
  const auto verb = r.request["verb"].get<std::string>();
  auto args = r.request.contains("args") && r.request["args"].is_object() ? r.request["args"]
                                                                          : json::object();
  if (const auto tidied = tidy_args(args); !tidied) {
    r.done(failure("usage", tidied.error().message));
    return;
  }
  if (const auto why = not_from_afar(r, verb, args); !why.empty()) {
    r.done(failure("refused", why));
    return;
  }
  auto timeout = timeout_default;
  if (r.request.contains("timeout_ms") && r.request["timeout_ms"].is_number_unsigned()) {
    timeout = std::min<std::chrono::milliseconds>(
        timeout_max, std::chrono::milliseconds(r.request["timeout_ms"].get<std::uint32_t>()));
  }
  const auto deadline = clock::now() + timeout;
  if (args.value("dry_run", false) && !only_looks(verb) && !r.local_only) {
    auto said = r;
    said.done = answer_once([done = r.done, verb](json answer) {
      foresight::add_would(verb, answer);
      done(std::move(answer));
    });
    carry_on(verb, said, args, deadline);
  } else {
    carry_on(verb, r, args, deadline);
  }
}

void admin::carry_on(const std::string& verb, const admin_request& r, const json& args,
                     clock::time_point deadline) {
  if (args.value("dry_run", false) && rehearse(verb, r, args, deadline)) {
    return;
  }
  if (take_verb(verb, r, args, deadline)) {
    return;
  }
  if (verb == "nodes") {
    list_nodes(r, deadline);
  } else if (verb == "shards") {
    list_shards(r, deadline);
  } else if (verb == "cluster status") {
    show_status(r, deadline);
  } else if (verb == "shard move" || verb == "room move") {
    move(r, verb, args, deadline);
  } else if (verb == "rebalance" || verb == "key rotate" || is_operation(verb)) {
    change(r, verb, args, deadline);
  } else if (verb == "settings") {
    rows all;
    const auto settings = config::to_json(config::current(env_->config));
    for (const auto& [section, keys] : settings.items()) {
      for (const auto& [key, value] : keys.items()) {
        all.push_back({{"key", section + "." + key}, {"value", value}});
      }
    }
    gather(r.request, {"key", "value"}, std::move(all), r.done, true, deadline);
  } else if (verb == "health") {
    show_health(r, deadline);
  } else if (verb == "announce") {
    announce(args, r.done, deadline);
  } else if (verb == "audit tail") {
    show_audit(r, args, deadline);
  } else if (verb == "token issue") {
    issue(args, r.done, deadline);
  } else if (verb.starts_with("token ")) {
    change_token(verb, args, r.done, deadline);
  } else if (verb.starts_with("user ")) {
    change_user(verb, args, r.done, deadline);
  } else {
    r.done(failure("usage", "unknown verb " + verb));
  }
}

// -- replies -------------------------------------------------------------------------------------

void admin::take_reply(const reply& r) {
  if (const auto g = gathering_of(r.number)) {
    const auto node = g->waiting.at(r.number);
    if (const auto* result = std::get_if<admin_result>(&r.body)) {
      auto answer = json::parse(result->json, nullptr, false);
      if (answer.is_object() && answer.value("ok", false)) {
        rows theirs;
        for (auto& row : answer["rows"]) {
          theirs.push_back(std::move(row));
        }
        if (g->arrived) {
          g->arrived(theirs);
        }
        g->found.insert(g->found.end(), std::make_move_iterator(theirs.begin()),
                        std::make_move_iterator(theirs.end()));
        g->cut += answer.value("cut", std::size_t{0});
        for (const auto& note : answer.value("notes", json::array())) {
          if (note.is_string() && g->notes.size() < notes_max) {
            g->notes.insert(note.get<std::string>());
          }
        }
      } else {
        g->missing.emplace_back(node, "it answered with an error");
      }
    } else {
      g->missing.emplace_back(node, "the link was lost");
    }
    end_waiting(g, r.number);
    return;
  }
  if (const auto it = passed_on_.find(r.number); it != passed_on_.end()) {
    const auto* result = std::get_if<admin_result>(&r.body);
    auto answer = result != nullptr ? json::parse(result->json, nullptr, false) : json();
    it->second.done(answer.is_object()
                        ? std::move(answer)
                        : failure("unreachable", "the leader of the cluster map was lost"));
    passed_on_.erase(it);
    return;
  }
  if (!take_user(r) && !take_asked(r)) {
    take_token(r);
  }
}

void admin::arm_tick() {
  if (!tick_armed_) {
    tick_armed_ = true;
    delayed_send(this, 100ms, tick_atom::value);
  }
}

void admin::tick() {
  tick_armed_ = false;
  look_again();
  look_at_backups();
  const auto now = clock::now();
  std::vector<std::shared_ptr<gathering>> late;
  std::erase_if(gatherings_, [&](const auto& g) {
    if (now < g->deadline) {
      return false;
    }
    late.push_back(g);
    return true;
  });
  for (const auto& g : late) {
    for (const auto& [number, node] : g->waiting) {
      g->missing.emplace_back(node, "no answer in time");
    }
    finish(g);
  }
  if (!late.empty()) {
    // Who waits for sockets that are never told of waits no longer than his request.
    std::erase_if(looking_at_sockets_,
                  [&](const auto& waiting) { return gathering_of(waiting.first) == nullptr; });
  }
  std::vector<std::shared_ptr<issuing>> expired;
  std::erase_if(issuings_, [&](const auto& i) {
    if (now < i->deadline) {
      return false;
    }
    expired.push_back(i);
    return true;
  });
  for (const auto& i : expired) {
    i->done(failure("timeout", std::to_string(i->tokens.size()) + " of " +
                                   std::to_string(i->order.size()) +
                                   " tokens were issued in time"));
  }
  for (const auto& i : issuings_) {
    issue_some(i);
  }
  std::erase_if(passed_on_, [&](const auto& waiting) {
    if (now < waiting.second.deadline) {
      return false;
    }
    waiting.second.done(failure("timeout", "the leader of the cluster map did not answer in time"));
    return true;
  });
  std::erase_if(users_, [&](const auto& waiting) {
    if (now < waiting.second.deadline) {
      return false;
    }
    waiting.second.done(failure("timeout", "the leader of the account did not answer in time"));
    return true;
  });
  std::vector<std::function<void(const reply_body&)>> unanswered;
  std::erase_if(asked_, [&](auto& waiting) {
    if (now < waiting.second.deadline) {
      return false;
    }
    unanswered.push_back(std::move(waiting.second.then));
    return true;
  });
  for (const auto& then : unanswered) {
    then(unavailable("there was no answer in time").value());
  }
  if (!gatherings_.empty() || !issuings_.empty() || !passed_on_.empty() || !users_.empty() ||
      !asked_.empty() || !examinations_.empty() || !backing_up_.empty()) {
    arm_tick();
  }
}

}  // namespace greenroom::actors
