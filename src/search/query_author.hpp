// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace greenroom::search {

/// Whether `from:` in a query that parses says a name, and not an id: an id finds also what
/// somebody has said who was erased, his name does not. False without such a filter.
bool author_is_named(std::string_view text);

}  // namespace greenroom::search
