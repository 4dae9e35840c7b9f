// SPDX-License-Identifier: MIT
/// Sockets, as the listener sees them; and closing one.

#include <array>
#include <map>

#include "actors/admin.hpp"
#include "actors/admin_args.hpp"
#include "actors/admin_missing.hpp"
#include "actors/facts.hpp"
#include "telemetry/request_scope.hpp"
#include "telemetry/security_log.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;

/// The first of these are columns: as many as fit into 80 characters.
constexpr std::size_t connection_columns = 6;
constexpr std::array<std::string_view, 18> connection_fields{
    "id",      "address",  "protocol", "username",         "queue",       "ping_ms",
    "node",    "encoding", "since",    "queue_bytes",      "bytes_in",    "bytes_out",
    "user_id", "session",  "heard_ms", "requests_in_hand", "messages_in", "messages_out"};

}  // namespace

/// Told on an I/O thread, taken as a message. Nothing is told any more once the listener is gone:
/// the request's time-out answers then.
void admin::ask_sockets(call_number number) {
  auto* sockets = env_->sockets.load();
  if (sockets == nullptr) {
    take_sockets({number, {}});
    return;
  }
  sockets->report(
      [number, self = caf::actor_cast<admin_actor>(this)](std::vector<net::connection_report> all) {
        auto seen = std::make_shared<sockets_seen>();
        seen->number = number;
        seen->all = std::move(all);
        caf::anon_send(self, sockets_seen_ptr(std::move(seen)));
      });
}

void admin::take_sockets(const sockets_seen& seen) {
  const auto it = looking_at_sockets_.find(seen.number);
  if (it == looking_at_sockets_.end()) {
    return;
  }
  const auto then = std::move(it->second);
  looking_at_sockets_.erase(it);
  then(seen.all);
}

admin::rows admin::rows_of(const std::vector<net::connection_report>& all) const {
  struct owner {
    std::shared_ptr<const session_facts> facts;
    std::string username;
  };
  std::map<net::connection_id, owner> owners;
  for (const auto& a : registry::instance().snapshot(actor_kind::session, list_rows_max)) {
    auto facts = std::dynamic_pointer_cast<const session_facts>(a.facts);
    if (!facts) {
      continue;
    }
    const auto connection = facts->connection;
    auto name = facts->who().username;
    owners.try_emplace(connection, owner{std::move(facts), std::move(name)});
  }
  rows found;
  const auto now = now_ms();
  for (const auto& c : all) {
    const auto it = owners.find(c.id);
    const auto* who = it == owners.end() ? nullptr : &it->second;
    const bool has_session = c.peer.transport != net::transport::http;
    found.push_back(
        {{"id", here(c.id)},
         {"node", env_->config.node.name},
         {"address", c.peer.address + ":" + std::to_string(c.peer.port)},
         {"protocol", transport_name(c.peer.transport)},
         {"encoding", c.peer.encoding == protocol::encoding::json ? "json" : "msgpack"},
         {"username", who != nullptr && !who->username.empty() ? json(who->username) : json()},
         {"since", format_time(now - c.open_ms)},
         {"queue", c.queued_messages},
         {"queue_bytes", c.queued_bytes},
         {"bytes_in", c.bytes_in},
         {"bytes_out", c.bytes_out},
         {"ping_ms", c.ping_us < 0 ? json() : json(static_cast<double>(c.ping_us) / 1000.0)},
         {"user_id", who != nullptr ? json(who->facts->user_id.str()) : json()},
         {"session", who != nullptr ? json(who->facts->session_id.str()) : json()},
         {"heard_ms", has_session ? json(c.heard_ms) : json()},
         {"requests_in_hand", c.inflight},
         {"messages_in", c.messages_in},
         {"messages_out", c.messages_out}});
  }
  return found;
}

void admin::list_connections(const admin_request& r, const json& args, clock::time_point deadline) {
  const auto user = user_in(args);
  if (!user) {
    r.done(failure("usage", user.error().message));
    return;
  }
  const auto of_user = *user ? (*user)->str() : std::string();
  listing what;
  what.own_later = [this, of_user](call_number number) {
    looking_at_sockets_[number] = [this, number, of_user](const auto& all) {
      auto own = rows_of(all);
      if (!of_user.empty()) {
        std::erase_if(own, [&](const json& row) { return row["user_id"] != of_user; });
      }
      take_own(number, std::move(own));
    };
    ask_sockets(number);
  };
  list(r, args, deadline, connection_fields, connection_columns, std::move(what), "since");
}

/// Sends what is queued, then closes with 1013; an HTTP connection ends after the request in hand.
void admin::close_connection(const admin_request& r, const json& args, clock::time_point deadline) {
  const auto id = args.contains("id") && args["id"].is_string() ? args["id"].get<std::string>()
                  : args.contains("id") && args["id"].is_number_unsigned() ? args["id"].dump()
                                                                           : std::string();
  if (id.empty()) {
    r.done(failure("usage", "id: that of a connection, as connections shows it (node1/257)"));
    return;
  }
  if (id.find('/') == std::string::npos && !r.local_only) {
    // A number alone is one of the node that is asked, and must not mean one of each.
    auto exact = r;
    exact.request["args"]["id"] = env_->config.node.name + "/" + id;
    close_connection(exact, exact.request["args"], deadline);
    return;
  }
  const auto wanted = id_here(id);
  const bool dry = args.value("dry_run", false);
  listing what{.columns = {"id", "node", "address", "username", "closed"}};
  if (wanted) {
    what.own_later = [this, wanted, dry, called = request_id_in(r.request)](call_number number) {
      looking_at_sockets_[number] = [this, number, wanted, dry, called](const auto& all) {
        const telemetry::request_scope scope(called);
        rows own;
        for (auto& row : rows_of(all)) {
          if (row["id"] != here(*wanted)) {
            continue;
          }
          if (auto* sockets = env_->sockets.load(); sockets != nullptr && !dry) {
            sockets->close(*wanted, close_code::try_later, "closed by an operator");
            telemetry::note_security(
                {.what = "connection_closed",
                 .text = "connection " + here(*wanted) + " closed by an operator",
                 .is_warning = false});
          }
          row["closed"] = !dry;
          own.push_back(std::move(row));
        }
        take_own(number, std::move(own));
      };
      ask_sockets(number);
    };
  }
  if (!r.local_only) {
    what.shape = [id](gathering& g) {
      if (g.found.empty()) {
        const auto why = nowhere(g.missing, "a connection " + id);
        g.refusal = failure(why.code, why.message);
      }
    };
  }
  gather(r, deadline, std::move(what));
}

}  // namespace greenroom::actors
