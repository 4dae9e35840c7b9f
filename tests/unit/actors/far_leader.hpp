// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// For an actor that speaks to leaders on other nodes and to sockets: both are the test's.

#include <nlohmann/json.hpp>

#include "unit/actors/leader_world.hpp"

namespace greenroom::actors::test {

/// What sockets were given, as text.
class sockets_probe final : public net::socket_port {
 public:
  void answer(net::connection_id, net::frame) override {}
  void send(net::connection_id id, net::frame document) override { put(id, *document); }
  void send_many(net::connection_id id, std::vector<net::frame> documents) override {
    for (const auto& d : documents)
      put(id, *d);
  }
  void ask_credit(net::connection_id, std::uint32_t messages,
                  std::function<void(net::replay_credit)> granted) override {
    if (thrifty) {
      credits_.put({messages, std::move(granted)});
    } else {
      granted(std::make_shared<const int>());
    }
  }
  void fan_out(unsigned, net::frame document,
               std::shared_ptr<const std::vector<net::connection_id>> receivers) override {
    for (const auto id : *receivers)
      put(id, *document);
  }
  void authenticated(net::connection_id) override {}
  void close(net::connection_id, close_code, std::string) override {}
  void report(std::function<void(std::vector<net::connection_report>)> done) override { done({}); }
  [[nodiscard]] unsigned io_threads() const noexcept override { return 1; }

  std::atomic<bool> thrifty = false;  ///< a replay has to wait for give_credit()
  /// Returns for how many events that is.
  std::uint32_t give_credit(net::replay_credit credit) {
    const auto wish = credits_.take([](const auto&) { return true; }, 20s);
    REQUIRE(wish.has_value());
    wish->second(std::move(credit));
    return wish->first;
  }

  /// The next event of this connection.
  nlohmann::json next_event(net::connection_id id) {
    // The last word of somebody who writes comes after 7 s.
    const auto got = sent_.take([&](const auto& s) { return s.first == id; }, 20s);
    REQUIRE(got.has_value());
    return nlohmann::json::parse(got->second).at("data");
  }
  std::uint64_t next_seq(net::connection_id id) {
    return next_event(id).at("seq").get<std::uint64_t>();
  }
  [[nodiscard]] std::size_t left() const { return sent_.size(); }

 private:
  void put(net::connection_id id, const std::string& text) { sent_.put({id, text}); }
  inbox<std::pair<net::connection_id, std::string>> sent_;
  inbox<std::pair<std::uint32_t, std::function<void(net::replay_credit)>>> credits_;
};

/// Everything is led elsewhere; the test answers for it.
class far_leader final : public peer_port {
 public:
  bool ask(const node_id&, const call_ptr& what, reply_sink) override {
    asked_.put(what);
    return true;
  }
  bool publish(const node_id&, const room_publish_ptr&) override { return true; }
  bool notify(const node_id&, const user_notice_ptr&) override { return true; }
  bool group(const node_id&, group_message) override { return true; }
  bool probe(const node_id&, const leader_probe&) override { return true; }
  [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> up_since(
      const node_id&) const override {
    return std::chrono::steady_clock::time_point{};
  }
  template <class Body>
  call_ptr next() {
    const auto got =
        asked_.take([](const call_ptr& c) { return std::holds_alternative<Body>(c->body); });
    REQUIRE(got.has_value());
    return *got;
  }
  /// The next call, whatever it is.
  call_ptr next_of_all() {
    const auto got = asked_.take([](const call_ptr&) { return true; });
    REQUIRE(got.has_value());
    return *got;
  }

 private:
  inbox<call_ptr> asked_;
};

}  // namespace greenroom::actors::test
