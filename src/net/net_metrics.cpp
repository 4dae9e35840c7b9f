// SPDX-License-Identifier: MIT
#include "net/net_metrics.hpp"

#include <array>
#include <atomic>
#include <string>

namespace greenroom::net {

namespace {

prometheus::Counter& refusals(std::string_view reason) {
  return telemetry::counter("greenroom_refused_connections_total", "Connections turned away",
                            {{"reason", std::string(reason)}});
}

prometheus::Counter& closes(const std::string& code) {
  return telemetry::counter("greenroom_websocket_closes_total",
                            "WebSockets closed, by close code; none: without a close frame",
                            {{"code", code}});
}

prometheus::Counter& tcp_closes(const std::string& code) {
  return telemetry::counter("greenroom_tcp_closes_total",
                            "Connections of the binary framing over TCP that were closed, by close "
                            "code; none: by the client",
                            {{"code", code}});
}

std::string code_label(std::uint16_t code) {
  // Clients choose the codes they close with: those of others share a label.
  const bool known = code == 0 || (code >= 1000 && code <= 1015) || code == 4401 || code == 4403 ||
                     code == 4408 || code == 4413 || code == 4429;
  return code == 0 ? "none" : known ? std::to_string(code) : "other";
}

prometheus::Counter& requests(const std::string& status) {
  return telemetry::counter("greenroom_http_requests_total", "HTTP requests answered",
                            {{"status", status}});
}

}  // namespace

net_metrics& net_metrics::instance() {
  using telemetry::counter;
  using telemetry::gauge;
  static net_metrics only{
      gauge("greenroom_websocket_connections", "Open WebSocket connections"),
      gauge("greenroom_open_sockets", "Open client sockets"),
      counter("greenroom_messages_received_total", "Documents received from clients"),
      counter("greenroom_messages_sent_total", "Documents sent to clients"),
      counter("greenroom_received_bytes_total", "Bytes of documents received from clients"),
      counter("greenroom_sent_bytes_total", "Bytes of documents sent to clients"),
      counter("greenroom_slow_consumers_total", "Connections closed because they took too little"),
      counter("greenroom_http_answers_refused_total",
              "Answers over HTTP for which limits.outbound_bytes had no room"),
      gauge("greenroom_tcp_connections", "Open connections of the binary framing over TCP"),
  };
  // From the start, so that the first of a kind is seen as a change.
  static const bool declared = [] {
    for (const auto* reason : {"full", "rate", "address", "origin", "memory"})
      refusals(reason);
    for (const auto* reason : {"handshake", "slow", "crowded", "unproved"})
      cluster_caller_closed(reason);
    for (const auto* code : {"none", "1000", "1001", "1013"})
      closes(code);
    for (const auto* code : {"none", "1001", "1002", "1013"})
      tcp_closes(code);
    for (const auto* status : {"2xx", "4xx", "5xx"})
      requests(status);
    return true;
  }();
  static_cast<void>(declared);
  return only;
}

prometheus::Counter& net_metrics::cluster_caller_closed(std::string_view reason) {
  return telemetry::counter("greenroom_cluster_callers_closed_total",
                            "Callers at the cluster port that were closed, by reason",
                            {{"reason", std::string(reason)}});
}

void net_metrics::refused(std::string_view reason) {
  refusals(reason).Increment();
}

void net_metrics::answered(unsigned status) {
  // Remembered, because a look-up takes a lock and this is done for every request.
  static std::array<std::atomic<prometheus::Counter*>, 6> classes{};
  const auto which = status / 100 < classes.size() ? status / 100 : 5;
  auto* counter = classes[which].load(std::memory_order_acquire);
  if (counter == nullptr) {
    counter = &requests(std::to_string(which) + "xx");
    classes[which].store(counter, std::memory_order_release);
  }
  counter->Increment();
}

void net_metrics::closed(std::uint16_t code) {
  closes(code_label(code)).Increment();
}

void net_metrics::tcp_closed(std::uint16_t code) {
  tcp_closes(code_label(code)).Increment();
}

}  // namespace greenroom::net
