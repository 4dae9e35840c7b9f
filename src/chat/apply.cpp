// SPDX-License-Identifier: MIT
#include "chat/apply.hpp"

#include <algorithm>
#include <variant>

#include "chat/rules.hpp"

namespace greenroom::chat {

outcome apply(const command& c, const entry_context& at, state& s) {
  rules::context context{s, std::max(s.clock(), c.time), at.term, {}};
  s.set_clock(context.now);
  auto answer = std::visit([&](const auto& data) { return rules::decide(context, data); }, c.data);
  // A repeat whose answer cannot be rebuilt any more (the object is gone) is an ordinary refusal.
  if (std::holds_alternative<error>(answer)) context.out.duplicate = false;
  context.out.answer = std::move(answer);
  return std::move(context.out);
}

}  // namespace greenroom::chat

namespace greenroom::chat::rules {

error refusal(ec code, std::string message, std::string field) {
  error e{code, std::move(message), {}};
  e.details.field = std::move(field);
  return e;
}

}  // namespace greenroom::chat::rules
