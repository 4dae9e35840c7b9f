// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The configuration read again while the node runs: by the console's `reload` and by SIGHUP.
/// What counts at once and what does not is said in config/live.hpp.

#include <nlohmann/json.hpp>
#include <vector>

#include "actors/environment.hpp"

namespace greenroom::actors {

/// Takes over what can change, and says so in the log. One row for each key whose source says
/// something else now (`state`: "taken", "needs a restart"), and one for all others ("unchanged");
/// if anything is wrong, one for each mistake ("failed", with its place in `detail`), and nothing
/// has changed. `dry_run`: the same rows, and nothing is done. Thread-safe.
std::vector<nlohmann::json> reload_configuration(const environment& env, bool dry_run);

/// What SIGHUP does: the same, and an audit line of whose process asked. Any thread.
void reload_by_signal(const environment& env, std::uint32_t uid);

}  // namespace greenroom::actors
