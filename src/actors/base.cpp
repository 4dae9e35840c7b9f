// SPDX-License-Identifier: MIT
#include "actors/base.hpp"

#include "actors/interfaces.hpp"
#include "actors/request_meter.hpp"
#include "protocol/codec.hpp"

namespace greenroom::actors {

namespace {

error failure() {
  return {ec::internal, "the server failed while handling this request; its log says why", {}};
}

void answer_call(const call& what, const reply_sink& sink) {
  auto r = std::make_shared<reply>();
  r->number = what.number;
  r->body = failure();
  caf::anon_send(sink, reply_ptr(std::move(r)));
}

}  // namespace

client_request::~client_request() {
  if (!taken) {
    answer(
        unavailable("the request was interrupted; repeat with the same message_id", 100).value());
  }
}

void client_request::answer(const error& why) const {
  count_answer(kind_of(request.data), why, received);
  if (auto* port = sockets == nullptr ? nullptr : sockets->load()) {
    port->answer(connection, std::make_shared<const std::string>(protocol::encode_answer(
                                 encoding, {request.message_id, now_ms(), why, false})));
  }
}

bool answer_in_hand(const caf::mailbox_element& element, const std::string& /*why*/) {
  const auto& content = element.content();
  if (content.match_elements<call_ptr, reply_sink>()) {
    answer_call(*content.get_as<call_ptr>(0), content.get_as<reply_sink>(1));
    return true;
  }
  if (content.match_elements<http_call_ptr>()) {
    const auto& http = content.get_as<http_call_ptr>(0);
    http->done({http->request.message_id, now_ms(), failure(), false});
    return true;
  }
  if (content.match_elements<hash_job_ptr>()) {
    const auto& job = content.get_as<hash_job_ptr>(0);
    auto result = std::make_shared<hash_done>();
    result->job = job->job;
    result->failure = failure();
    caf::anon_send(job->done, hash_done_ptr(std::move(result)));
    return true;
  }
  if (content.match_elements<client_request_ptr>()) {
    const auto& asked = content.get_as<client_request_ptr>(0);
    asked->taken = true;
    asked->answer(failure());
    return true;
  }
  if (content.match_elements<admin_request_ptr>()) {
    content.get_as<admin_request_ptr>(0)->done(
        {{"ok", false}, {"error", {{"code", "internal"}, {"message", failure().message}}}});
    return true;
  }
  return false;
}

}  // namespace greenroom::actors
