// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Settings that change while the node runs. They are read again from where the first ones came
/// from (files, environment, flags); the keys of is_live() count from then on, the others after a
/// restart. Of this process: it has one configuration, however many nodes a test runs in it.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "config/load.hpp"

namespace greenroom::config {

/// Keys that count at once when they are read again.
bool is_live(std::string_view key) noexcept;

/// The settings that hold now; `at_start` until something was taken over. What it returns stays
/// valid until the process ends. Thread-safe; one atomic load.
const settings& current(const settings& at_start) noexcept;
/// The same for who has no settings; null until something was taken over.
const settings* changed() noexcept;

enum class fate : std::uint8_t { taken, needs_restart };
std::string_view to_string(fate f) noexcept;

/// A key whose source says something else than what holds.
struct key_change {
  std::string key;
  fate what = fate::needs_restart;
  // As in TOML.
  std::string before;
  std::string after;
  std::string origin;  ///< "file PATH:LINE", …
};

/// From `running` to `wanted`: what is live, in the order of the table, and of the others what
/// differs from `started`, which is what was read at start (`running` may have been fitted to the
/// machine since).
std::vector<key_change> changes(const settings& running, const settings& started,
                                const loaded& wanted);

/// `running` with the live keys of `wanted`.
settings with_live_keys(settings running, const settings& wanted);

/// What can be read again, and what it said at start. Once, before reload().
void remember_sources(sources from, const settings& started);

/// Reads everything again and, unless `dry_run`, makes what is live current(). Sentences, each with
/// its place, when anything is wrong: then nothing has changed. `at_start` is what current() is
/// given. `take_over` is for whoever has a copy: called if anything was taken, before this returns,
/// one call at a time; it must not call back. Thread-safe.
using taker = std::function<void(const settings& before, const settings& after)>;
tl::expected<std::vector<key_change>, errors> reload(const settings& at_start, bool dry_run,
                                                     const taker& take_over);

}  // namespace greenroom::config
