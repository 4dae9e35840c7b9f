// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// GENERATOR: one thread and one epoll that holds all connections, sends messages in closed or open
/// loop, and measures what comes back.
///
/// What counts: in fan-out every copy of a message that the server sends (a delivery), in ingest
/// every acknowledgement, in `mixed` every answer, and the deliveries beside them. These three
/// start after 0.3 s without a byte on any connection, warm up, and measure for a fixed time.

#include <array>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "load/driver.hpp"
#include "load/histogram.hpp"
#include "load/json_line.hpp"
#include "load/machine.hpp"

namespace greenroom::load {

class generator final : private sink {
 public:
  /// Throws gave_up when the options make no sense.
  explicit generator(load_options o, const driver_maker& make = make_driver);
  ~generator() override;
  generator(const generator&) = delete;
  generator& operator=(const generator&) = delete;
  /// Once. Returns what was measured; bench/README.md explains the fields. Throws gave_up when the
  /// server cannot be reached or not all could join.
  json_line run();

 private:
  struct room {
    std::vector<std::uint32_t> senders;
    std::size_t turn = 0;  ///< which sender is next
    std::uint64_t published = 0;
    std::uint64_t delivered = 0;
    std::uint64_t delivered_before = 0;  ///< a second ago
  };
  struct snapshot {
    std::uint64_t at_ns = 0;
    cpu_time server;
    cpu_time client;
    long server_rss_kib = 0;
    std::uint64_t server_disk_bytes = 0;
    long slab_kib = 0;  ///< of the kernel
    machine_time machine;
  };

  // generator.cpp: connections and the event loop
  void open(connection& c);
  void shut(connection& c, bool reset);
  void flush(connection& c);
  void flush_all();
  void watch(connection& c, int operation, bool out);
  void poll(std::uint64_t wait_ns);
  void take_event(connection& c, std::uint32_t events);
  void read(connection& c);
  /// Opens all of `ids`, at most options.inflight at a time; returns the seconds it took.
  double join_all(const std::vector<std::uint32_t>& ids);
  void poll_for(double seconds);
  /// Joins may be announced to all members: waits for 0.3 s of silence.
  void settle();
  void note(const char* why, std::string_view detail);
  void joined(connection& c) override;
  void failed(connection& c, const char* why, std::string_view detail) override;

  // generator_messages.cpp: what is sent and what comes
  void send_message(connection& c, std::uint64_t stamp_ns);
  void pump(room& r);
  void write_off(room& r, std::uint64_t copies_max);
  void write_off_stalled();
  [[nodiscard]] std::uint64_t missing() const;
  void delivered(connection& c, const char* payload) override;
  void acknowledged(connection& c, bool good, std::string_view detail) override;
  void send_first();
  /// Open loop: sends what is due, and returns when the next one is.
  std::uint64_t send_due(std::uint64_t start_ns, std::uint64_t now);
  void measure();
  void drain();
  void answered(connection& c, action what, std::uint64_t due_ns, bool good,
                std::string_view detail) override;
  [[nodiscard]] action next_action();

  // generator_modes.cpp: the run and its report
  void lay_out();
  void make_rooms();
  json_line run_idle(const snapshot& before, const snapshot& after, double join_s);
  json_line run_storm(double join_s);
  [[nodiscard]] json_line report(double join_s) const;
  [[nodiscard]] json_line report_mixed(double join_s) const;
  [[nodiscard]] snapshot look() const;
  void add_load(json_line& line, const snapshot& from, const snapshot& to) const;
  [[nodiscard]] json_line begin_line() const;
  [[nodiscard]] std::vector<std::uint32_t> all_ids() const;

  load_options options_;
  const bool ingest_;
  const bool mixed_;
  const std::uint64_t born_ns_ = now_ns();
  std::unique_ptr<driver> driver_;
  int epoll_ = -1;
  std::vector<connection> connections_;
  std::vector<room> rooms_;
  std::vector<std::uint32_t> senders_;  ///< of all rooms
  std::uint64_t copies_ = 1;            ///< deliveries per message
  std::string payload_;
  std::vector<char> buffer_;
  std::vector<std::uint32_t> with_output_;
  std::vector<std::uint32_t> to_retry_;
  std::uint32_t ready_count_ = 0;
  std::uint32_t opening_count_ = 0;
  std::uint64_t read_at_ns_ = 0;  ///< the last read of any connection
  bool running_ = false;          ///< messages are sent
  bool measuring_ = false;
  std::uint64_t due_count_ = 0;  ///< open loop: messages sent so far
  std::minstd_rand dice_;        ///< mixed: the same day each time
  // figures
  histogram latency_;
  histogram join_latency_;
  histogram late_;            ///< open loop: how late the generator itself was
  histogram answer_latency_;  ///< mixed: of all kinds together
  std::array<histogram, action_names.size()> action_latency_;
  std::array<std::uint64_t, action_names.size()> action_count_{};  ///< answered while measuring
  std::uint64_t asked_count_ = 0;                                  ///< mixed: in all
  std::uint64_t answered_count_ = 0;                               ///< mixed: in all
  snapshot begin_;
  snapshot end_;
  std::uint64_t delivered_count_ = 0;
  std::uint64_t acknowledged_count_ = 0;
  std::uint64_t published_count_ = 0;
  std::uint64_t published_measured_ = 0;
  std::uint64_t refused_count_ = 0;
  std::uint64_t dropped_count_ = 0;  ///< connections lost after they were ready
  std::uint64_t retry_count_ = 0;    ///< connections lost before
  std::uint64_t lost_count_ = 0;     ///< deliveries that never came
  std::uint64_t foreign_count_ = 0;  ///< deliveries of an earlier run
  std::uint64_t read_count_ = 0;
  std::string first_failure_;
};

}  // namespace greenroom::load
