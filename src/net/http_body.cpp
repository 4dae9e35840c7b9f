// SPDX-License-Identifier: MIT
/// The body of an HTTP request: how much of it is taken from whom, and its reading.
#include "net/http_session.hpp"
#include "net/net_metrics.hpp"

namespace greenroom::net {

namespace {

error invalid(std::string why) {
  return {ec::invalid_message, std::move(why), {}};
}

}  // namespace

std::size_t http_session::count_fields() const {
  const auto& all = parser_->get();
  return static_cast<std::size_t>(std::distance(all.begin(), all.end()));
}

void http_session::expect_body() {
  doing_ = phase::body;
  not_vouched_.reset();
  partial_.set_stranger(true);
  // Signatures are looked at where it matters: for what is large, or may become that.
  if (parser_->content_length().value_or(body_limit_) > hub_.options.anonymous_body_bytes) {
    const auto token = bearer_of(parser_->get());
    if (token) {
      if (const auto good = hub_.handler.vouches(*token); !good) not_vouched_ = good.error();
    }
    if (!token || not_vouched_) {
      body_limit_ = std::min(body_limit_, hub_.options.anonymous_body_bytes);
      if (parser_->content_length().value_or(0) > body_limit_) return refuse_large_body();
      parser_->body_limit(body_limit_);
    } else {
      partial_.set_stranger(false);
    }
  }
  parser_->eager(true);
  const auto expects = parser_->get()[http::field::expect];
  if (expects.empty() || version_ < 11) return read_body();
  if (!beast::iequals(expects, "100-continue")) {
    return refuse(417, invalid("nothing but 100-continue can be expected here"));
  }
  static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
  asio::async_write(socket_, asio::buffer(go_on),
                    [self = shared_from_this()](error_code failed, std::size_t) {
                      if (self->ended_ || self->doing_ != phase::body) return;
                      if (failed) return self->end(end_reason::network_error);
                      self->read_body();
                    });
}

void http_session::refuse_large_body() {
  // Tokens of webhooks are no access tokens, and what they are for is never so large.
  const auto target = parser_->get().target();
  const bool is_hook = std::string_view(target.data(), target.size()).starts_with("/api/hooks/");
  if (not_vouched_ && !is_hook) return refuse(answer_error(*not_vouched_, own_id_));
  refuse(413, too_large("document", static_cast<std::int64_t>(body_limit_)).value());
}

void http_session::read_body() {
  // Piece by piece, so that what has come so far is known.
  http::async_read_some(
      socket_, buffer_, *parser_,
      [self = shared_from_this(), had = buffer_.size()](error_code failed, std::size_t consumed) {
        self->bytes_in_ += consumed + self->buffer_.size() - had;
        if (self->doing_ != phase::body) return;
        self->guarded([&] { self->body_arrived(failed); });
      });
}

void http_session::body_arrived(error_code failed) {
  if (failed == http::error::body_limit) return refuse_large_body();
  if (failed == http::error::partial_message) return end(end_reason::by_peer);
  if (failed.category() == make_error_code(http::error::end_of_stream).category()) {
    return refuse(400, invalid("malformed body: " + failed.message()));
  }
  if (failed) return end(end_reason::network_error);
  if (!parser_->is_done()) {
    if (partial_.hold(parser_->get().body().size())) return read_body();
    net_metrics::instance().refused("memory");
    return refuse(503, unavailable("too much is arriving at this node").value());
  }
  // Beast adds trailers to the header; nothing that was checked there may come late.
  if (count_fields() != header_fields_) {
    return refuse(400, invalid("trailers are not accepted"));
  }
  handle();
}

}  // namespace greenroom::net
