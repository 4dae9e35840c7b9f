// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// One node as a whole: everything that has to exist around the actors, in the order of starting
/// and, backwards, of stopping.

#include <memory>

#include "config/descriptors.hpp"
#include "config/settings.hpp"
#include "protocol/error.hpp"

namespace greenroom::actors {

class process {
 public:
  /// Opens the store, starts actors, listener and admin socket. Says in one sentence why not.
  static expected<std::unique_ptr<process>> start(const greenroom::settings& config,
                                                  const config::descriptor_plan& descriptors);
  ~process();
  process(const process&) = delete;
  process& operator=(const process&) = delete;

  /// Readiness off, no new connections, clients told to come back elsewhere, stores closed.
  void stop();
  /// SIGHUP: the configuration is read again (reload.hpp). `uid`: whose process sent it.
  void reload(std::uint32_t uid);
  [[nodiscard]] std::uint16_t http_port() const noexcept;

 private:
  struct impl;
  explicit process(std::unique_ptr<impl> state);
  std::unique_ptr<impl> impl_;
};

}  // namespace greenroom::actors
