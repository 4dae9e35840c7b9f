// SPDX-License-Identifier: MIT
/// What those who stand for people say of themselves: connections, sessions, users, presence.

#include <algorithm>

#include "actors/connection.hpp"
#include "actors/facts.hpp"
#include "actors/presence.hpp"
#include "actors/session.hpp"
#include "actors/user.hpp"
#include "protocol/enum_names.hpp"
#include "protocol/time.hpp"

namespace greenroom::actors {

namespace {

std::string encoding_name(protocol::encoding e) {
  return e == protocol::encoding::json ? "json" : "msgpack";
}

/// The first ids of a table, for self_report::say_names().
template <class Table>
std::vector<std::string> first_ids(const Table& table) {
  std::vector<std::string> first;
  for (const auto& [id, value] : table) {
    if (first.size() == self_report::names_max) {
      break;
    }
    first.push_back(id.str());
  }
  return first;
}

}  // namespace

void connection::describe(self_report& to) const {
  to.say("client", who_.address + ":" + std::to_string(who_.port));
  to.say("protocol", transport_name(who_.transport));
  to.say("encoding", encoding_name(who_.encoding));
  to.say("authenticated", session_.has_value());
  to.say("sessions over HTTP", http_sessions_.size());
  to.say("log-ins under way", logins_.size());
  to.say("requests that wait for a log-in", waiting_.size());
  to.say("calls to leaders under way", calls_.size());
  to.say("errors in its last second with one", errors_in_second_);
}

void session::describe(self_report& to) const {
  const auto who = facts_->who();
  to.say("username", who.username);
  to.say("server role", protocol::to_string(who.role));
  to.say("device", device_id_);
  to.say("what its token allows", limits_.limited() ? "some" : "everything");
  to.say("connection", start_.connection);
  to.say("client", facts_->address);
  to.say("protocol", transport_name(start_.transport));
  to.say("encoding", encoding_name(start_.encoding));
  to.say("since", format_time(facts_->since));
  to.say_names("rooms subscribed to", first_ids(rooms_), rooms_.size());
  to.say("rooms whose stream was late at the beginning", stale_.size());
  to.say("version of its list of rooms", rooms_version_);
  to.say("status", protocol::enum_name(status_));
  to.say("people it watches", watched_.size());
  to.say("partners of direct rooms", partners_.size());
  to.say("calls to leaders under way", calls_.size());
  to.say("requests in hand",
         std::ranges::count_if(jobs_, [](const auto& weak) { return !weak.expired(); }));
  to.say("requests that wait until it is open", waiting_.size());
  to.say("pages of history that wait for their turn", reads_waiting_);
  to.say("subscriptions under way", gatherings_.size());
}

void user::describe(self_report& to) const {
  entity::describe(to);
  const auto known = account();
  to.say("account", !known ? "none" : known->deactivated ? "closed" : "open");
  if (known) {
    to.say("username", known->username);
    to.say("server role", protocol::to_string(known->role));
  }
  const auto& online = *place().online;
  to.say("online", online.is_online(id()));
  std::vector<std::string> nodes;
  for (const auto& node : online.nodes_of(id())) {
    nodes.push_back(node.str());
  }
  to.say_names("nodes with sessions of his", nodes, nodes.size());
  to.say("nodes that watch him", online.watchers_of(id()).size());
  to.say("registration under way", registering_);
  to.say("registrations that wait", registrations_.size());
  to.say("log-ins that wait for others of his", attempts_.size());
  to.say("wrong passwords are remembered", guard_.remembers(clock::now()));
  to.say("sessions whose use is being noted", touching_.size());
  to.say_names("rooms that he is entering", first_ids(places_), places_.size());
}

void presence::describe(self_report& to) const {
  to.say("connections that watch", watchers_.size());
  to.say("people watched", people_.size());
  to.say("… known to be online", std::ranges::count_if(people_, [](const auto& entry) {
           return entry.second.known && entry.second.known->is_online;
         }));
  to.say("… not known yet", std::ranges::count_if(people_, [](const auto& entry) {
           return !entry.second.known.has_value();
         }));
  to.say("shards it has told what it watches", shards_.size());
  to.say("calls to leaders under way",
         std::ranges::count_if(shards_, [](const auto& entry) { return entry.second.call != 0; }));
  to.say("questions that wait for an answer", questions_.size());
  to.say("people whose last session here has ended, not told yet", leavers_.size());
}

}  // namespace greenroom::actors
