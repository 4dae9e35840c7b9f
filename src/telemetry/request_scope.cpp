// SPDX-License-Identifier: MIT
#include "telemetry/request_scope.hpp"

#include <algorithm>

namespace greenroom::telemetry {

namespace {

thread_local const request_scope* innermost = nullptr;

}  // namespace

request_scope::request_scope(std::string_view id) noexcept : before_(innermost), text_(id) {
  innermost = this;
}

request_scope::request_scope(const uuid& id) noexcept : before_(innermost), id_(&id) {
  innermost = this;
}

request_scope::~request_scope() {
  innermost = before_;
}

std::string current_request() {
  if (innermost == nullptr) return {};
  if (innermost->id_ == nullptr) return std::string(innermost->text_);
  return innermost->id_->is_nil() ? std::string() : innermost->id_->str();
}

bool is_request_id(std::string_view text) noexcept {
  return !text.empty() && text.size() <= request_id_bytes_max &&
         std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

}  // namespace greenroom::telemetry
