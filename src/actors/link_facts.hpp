// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What a link shows of itself to `links`, as other actors do in facts.hpp. The accepting side's
/// gate writes what arrives, its link the rest.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

#include "actors/registry.hpp"
#include "protocol/time.hpp"
#include "protocol/uuid.hpp"

namespace greenroom::actors {

struct link_facts final : actor_facts {
  using clock = std::chrono::steady_clock;

  explicit link_facts(bool dials_peer) : dials(dials_peer) {}

  const bool dials;  ///< this side made the connection
  std::atomic<bool> up{false};
  // Content of frames since the link is up, without what TLS and TCP add to it.
  std::atomic<std::uint64_t> frames_in{0};
  std::atomic<std::uint64_t> bytes_in{0};
  std::atomic<std::uint64_t> frames_out{0};
  std::atomic<std::uint64_t> bytes_out{0};
  std::atomic<std::uint64_t> dropped{0};  ///< frames that found the queue full
  // What waits for the peer, and what is on its way to it and not acknowledged.
  std::atomic<std::uint64_t> queue{0};
  std::atomic<std::uint64_t> queue_bytes{0};
  std::atomic<std::uint64_t> unacked_bytes{0};

  /// From a batch to its acknowledgement: one eighth of each counts. One writer.
  void note_round_trip(clock::duration took) noexcept {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
    const auto known = rtt_us_.load(std::memory_order_relaxed);
    rtt_us_.store(known < 0 ? us : known + (us - known) / 8, std::memory_order_relaxed);
  }
  /// Of late; -1: nothing was acknowledged yet.
  [[nodiscard]] std::int64_t rtt_us() const noexcept {
    return rtt_us_.load(std::memory_order_relaxed);
  }

  void note_arrived(std::size_t frames, std::size_t bytes) noexcept {
    frames_in.fetch_add(frames, std::memory_order_relaxed);
    bytes_in.fetch_add(bytes, std::memory_order_relaxed);
  }
  void note_sent(std::size_t frames, std::size_t bytes) noexcept {
    frames_out.fetch_add(frames, std::memory_order_relaxed);
    bytes_out.fetch_add(bytes, std::memory_order_relaxed);
  }

  /// A dialing link comes up again and again; what it counts begins anew each time.
  void begin() noexcept {
    for (auto* figure : {&frames_in, &bytes_in, &frames_out, &bytes_out, &dropped, &queue,
                         &queue_bytes, &unacked_bytes}) {
      figure->store(0, std::memory_order_relaxed);
    }
    rtt_us_.store(-1, std::memory_order_relaxed);
    up.store(true);
  }

  struct description {
    uuid peer;            ///< nil: it has not been up yet
    std::string address;  ///< of the peer's cluster port
    // Empty, or 0: not known (yet).
    std::string tls;     ///< "TLSv1.3"
    std::string cipher;  ///< as OpenSSL names it
    unix_ms certificate_until = 0;
    std::string failure;  ///< why it is down, or was not made; empty while it is up
  };
  [[nodiscard]] description about() const {
    const std::lock_guard lock(mutex_);
    return about_;
  }
  template <class Change>
  void describe(Change change) {
    const std::lock_guard lock(mutex_);
    change(about_);
  }

 private:
  std::atomic<std::int64_t> rtt_us_{-1};
  mutable std::mutex mutex_;
  description about_;
};

}  // namespace greenroom::actors
