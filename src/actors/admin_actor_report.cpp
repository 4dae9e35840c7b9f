// SPDX-License-Identifier: MIT
/// What one actor says of itself (self_report.hpp), for `actor show`.

#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "actors/admin.hpp"
#include "actors/facts.hpp"
#include "actors/message_kind.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;
using namespace std::chrono_literals;

/// It is asked with priority over its mailbox, so one that has not answered by then is stuck.
constexpr auto answers_within = 1000ms;
/// Of the asker's patience, for the way back.
constexpr auto spare = 200ms;

json field(std::string name, json value) {
  return {{"field", std::move(name)}, {"value", std::move(value)}};
}

/// The connection whose socket it has; empty: none.
std::optional<net::connection_id> socket_of(const actor_view& a) {
  if (const auto session = std::dynamic_pointer_cast<const session_facts>(a.facts)) {
    return session->connection;
  }
  net::connection_id id = 0;
  if (a.kind != actor_kind::connection ||
      std::from_chars(a.name.data(), a.name.data() + a.name.size(), id).ec != std::errc{}) {
    return std::nullopt;
  }
  return id;
}

/// What of a row of `connections` an actor has not said already, and how that is called here.
constexpr std::array<std::pair<const char*, const char*>, 9> of_sockets{{
    {"queue", "messages queued to the client"},
    {"queue_bytes", "bytes queued to the client"},
    {"requests_in_hand", "requests of the socket without an answer"},
    {"messages_in", "messages in"},
    {"messages_out", "messages out"},
    {"bytes_in", "bytes in"},
    {"bytes_out", "bytes out"},
    {"ping_ms", "ping (ms)"},
    {"heard_ms", "last heard before (ms)"},
}};

}  // namespace

void admin::ask_actor(const actor_view& a, clock::time_point until,
                      std::function<void(rows)> then) {
  const auto number = env_->board.next_call();
  asked_[number] = {[id = a.id, then = std::move(then)](const reply_body& body) {
                      rows said;
                      if (const auto* result = std::get_if<admin_result>(&body)) {
                        for (auto& row : json::parse(result->json)) {
                          said.push_back(std::move(row));
                        }
                      } else if (const auto still = registry::instance().find(id)) {
                        said.push_back(field(
                            "self-report", "none within " + std::to_string(answers_within.count()) +
                                               " ms: it is at a message of kind " +
                                               name_of_message_kind(still->last_kind)));
                      } else {
                        said.push_back(field("self-report", "none: it has ended meanwhile"));
                      }
                      then(std::move(said));
                    },
                    until};
  arm_tick();
  const auto asked = std::make_shared<const question>(
      [number, back = caf::actor_cast<reply_sink>(this)](const self_report* said) {
        auto r = std::make_shared<reply>();
        r->number = number;
        if (said == nullptr) {
          r->body = unavailable("it has ended").value();
        } else {
          auto all = json::array();
          for (const auto& [name, value] : said->facts()) {
            all.push_back(field(name, value));
          }
          r->body = admin_result{all.dump(-1, ' ', false, json::error_handler_t::replace)};
        }
        caf::anon_send(back, reply_ptr(std::move(r)));
      });
  const auto address = registry::instance().address_of(a.id);
  if (const auto there = caf::actor_cast<caf::strong_actor_ptr>(address)) {
    caf::anon_send<caf::message_priority::high>(caf::actor_cast<caf::actor>(there),
                                                question_ptr(asked));
  }
}

void admin::hear_from_actor(call_number wanted, const actor_view& a, clock::time_point deadline) {
  const auto until = std::min(deadline - spare, clock::now() + answers_within);
  const auto socket = socket_of(a);
  const bool is_connection = a.kind == actor_kind::connection;
  ask_actor(a, until, [this, wanted, socket, is_connection](rows said) {
    if (!socket) {
      take_own(wanted, std::move(said));
      return;
    }
    looking_at_sockets_[wanted] = [this, wanted, socket, is_connection,
                                   said](const auto& all) mutable {
      for (const auto& row : rows_of(all)) {
        if (row["id"] != here(*socket)) {
          continue;
        }
        if (is_connection) {
          said.push_back(field("user", row["user_id"]));
          said.push_back(field("username", row["username"]));
        }
        for (const auto& [name, called] : of_sockets) {
          said.push_back(field(called, row[name]));
        }
      }
      take_own(wanted, std::move(said));
    };
    ask_sockets(wanted);
  });
}

}  // namespace greenroom::actors
