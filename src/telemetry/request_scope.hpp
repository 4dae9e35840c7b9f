// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Which request of a client a thread works on. While one of these lives, every line that its
/// thread logs has its id: JSON lines as `request_id`, text as `(request ID)` at the end. It costs
/// two words written; the id becomes text only in a line that is really logged. What is done later
/// for the same request, when an answer has come, needs another one.

#include <string>
#include <string_view>

#include "protocol/uuid.hpp"

namespace greenroom::telemetry {

class request_scope {
 public:
  /// What is given outlives it. Of nested ones the innermost counts, also one whose id is empty or
  /// nil: then there is no request.
  explicit request_scope(std::string_view id) noexcept;
  explicit request_scope(const uuid& id) noexcept;
  ~request_scope();
  request_scope(const request_scope&) = delete;
  request_scope& operator=(const request_scope&) = delete;

 private:
  friend std::string current_request();
  const request_scope* const before_;
  const std::string_view text_;
  const uuid* const id_ = nullptr;
};

/// Empty outside of all requests.
std::string current_request();

inline constexpr std::size_t request_id_bytes_max = 64;
/// Whether a client may call a request that: 1 to 64 of `A`-`Z`, `a`-`z`, `0`-`9`, `.`, `_`, `-`.
bool is_request_id(std::string_view text) noexcept;

}  // namespace greenroom::telemetry
