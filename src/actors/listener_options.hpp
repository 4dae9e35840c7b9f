// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What the settings of a node say of its listener.

#include "config/descriptors.hpp"
#include "config/settings.hpp"
#include "net/server.hpp"

namespace greenroom::actors {

net::server_options server_options_of(const greenroom::settings& s,
                                      const config::descriptor_plan& descriptors);

}  // namespace greenroom::actors
