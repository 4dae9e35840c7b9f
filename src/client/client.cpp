// SPDX-License-Identifier: MIT
#include "client/client.hpp"

#include <algorithm>
#include <concepts>
#include <utility>

#include <boost/asio/connect.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <deque>
#include <list>
#include <map>
#include <random>
#include <thread>

namespace greenroom::client {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using tcp = asio::ip::tcp;
using error_code = boost::system::error_code;

struct connection::impl : std::enable_shared_from_this<impl> {
  using stream = websocket::stream<beast::tcp_stream>;

  impl(options o, handlers h)
      : opts(std::move(o)), on(std::move(h)), work(context.get_executor()), retry(context) {}

  /// A handler that is heard only while its stream is the present one.
  template <class F>
  auto guarded(F f) {
    return [
      self = shared_from_this(), stream_now = ws, at = epoch, f = std::move(f)
    ]<class... Args>(Args... args) mutable requires std::invocable<F&, Args...> {
      if (at == self->epoch && !self->closed) {
        f(args...);
      }
    };
  }

  // -- connecting
  // -----------------------------------------------------------------------------------

  void connect() {
    if (closed) {
      return;
    }
    const auto& node = opts.nodes[next_node++ % opts.nodes.size()];
    current = node;
    tell(online_before ? state::reconnecting : state::connecting, node);
    ++epoch;
    ws = std::make_shared<stream>(context);
    signed_in = false;
    writing = false;
    out.clear();
    const auto colon = node.rfind(':');
    const auto host = node.substr(0, colon);
    const auto port = colon == std::string::npos ? std::string("8080") : node.substr(colon + 1);
    auto resolver = std::make_shared<tcp::resolver>(context);
    resolver->async_resolve(
        host, port, guarded([this, resolver](error_code ec, tcp::resolver::results_type at) {
          if (ec) {
            lost(ec.message());
            return;
          }
          beast::get_lowest_layer(*ws).expires_after(opts.connect_timeout);
          beast::get_lowest_layer(*ws).async_connect(
              at, guarded([this](error_code failed, const tcp::endpoint&) {
                failed ? lost(failed.message()) : handshake();
              }));
        }));
  }

  void handshake() {
    beast::get_lowest_layer(*ws).expires_never();
    beast::get_lowest_layer(*ws).socket().set_option(tcp::no_delay(true));
    ws->set_option(
        websocket::stream_base::timeout{opts.connect_timeout, opts.silence_timeout, false});
    const bool json = opts.encoding == protocol::encoding::json;
    ws->set_option(websocket::stream_base::decorator([json](websocket::request_type& r) {
      r.set(beast::http::field::sec_websocket_protocol,
            json ? "greenroom.v1.json" : "greenroom.v1.msgpack");
    }));
    ws->text(json);
    ws->binary(!json);
    ws->async_handshake(current, "/ws", guarded([this](error_code ec) {
                          if (ec) {
                            lost(ec.message());
                            return;
                          }
                          authenticate();
                          read();
                        }));
  }

  void authenticate() {
    protocol::request_envelope r;
    r.message_id = auth_id = ids(now_ms());
    if (who.create && tokens.token.empty()) {
      protocol::register_request reg;
      reg.username = who.username;
      reg.password = who.password;
      if (!who.device_id.empty()) reg.device_id = who.device_id;
      r.message_id = auth_id = register_id;
      r.data = std::move(reg);
    } else {
      protocol::auth_request auth;
      if (!tokens.token.empty() && !token_refused) {
        auth.token = tokens.token;
      } else if (!tokens.refresh_token.empty() || !who.refresh_token.empty()) {
        auth.refresh_token =
            tokens.refresh_token.empty() ? who.refresh_token : tokens.refresh_token;
      } else {
        auth.username = who.username;
        auth.password = who.password;
      }
      if (!who.device_id.empty()) auth.device_id = who.device_id;
      if (!last_seq.empty()) auth.rooms = last_seq;
      r.data = std::move(auth);
    }
    push(std::make_shared<std::string>(protocol::encode_request(opts.encoding, r)));
  }

  void lost(const std::string& why) {
    if (closed) {
      return;
    }
    ++epoch;  // whatever else was under way on that stream is not heard any more
    if (ws) {
      beast::get_lowest_layer(*ws).cancel();
      error_code ignored;
      beast::get_lowest_layer(*ws).socket().close(ignored);
    }
    signed_in = false;
    for (auto& p : pending) {
      p.sent = false;
    }
    tell(state::reconnecting, why);
    // Full jitter: many clients of a lost node must not come back at the same moment.
    const auto most = std::min(opts.retry_max, opts.retry_first * (1 << std::min(tries, 6)));
    ++tries;
    std::uniform_int_distribution<long> wait(0, static_cast<long>(most.count()));
    retry.expires_after(std::chrono::milliseconds(wait(random)));
    retry.async_wait([self = shared_from_this()](error_code ec) {
      if (!ec) {
        self->connect();
      }
    });
  }

  // -- reading
  // ---------------------------------------------------------------------------------------

  void read() {
    auto buffer = std::make_shared<beast::flat_buffer>();
    ws->async_read(*buffer, guarded([this, buffer](error_code ec, std::size_t) {
      if (ec) {
        const auto& reason = ws->reason();
        lost(reason.reason.empty() ? ec.message() : std::string(reason.reason.c_str()));
        return;
      }
      const auto data = buffer->cdata();
      take({static_cast<const char*>(data.data()), data.size()});
      if (!closed) {
        read();
      }
    }));
  }

  void take(std::string_view bytes) {
    auto document = protocol::decode_server(opts.encoding, bytes);
    if (!document) {
      return;  // something newer than this client
    }
    if (auto* e = std::get_if<protocol::event_envelope>(&*document)) {
      take_event(*e);
      return;
    }
    const auto& a = std::get<protocol::answer_envelope>(*document);
    if (a.correlation_id == auth_id && !signed_in) {
      take_auth(a);
      return;
    }
    const auto it = std::find_if(pending.begin(), pending.end(),
                                 [&](const waiting& p) { return a.correlation_id == p.id; });
    if (it != pending.end()) {
      const auto done = std::move(it->done);
      pending.erase(it);
      if (done) {
        done(a);
      }
    }
  }

  void take_auth(const protocol::answer_envelope& a) {
    if (const auto* ok = std::get_if<protocol::auth_response>(&a.data)) {
      tokens.token = ok->token;
      if (!ok->refresh_token.empty()) {
        tokens.refresh_token = ok->refresh_token;
      }
      auto shown = *ok;
      shown.refresh_token = tokens.refresh_token;
      signed_in = true;
      online_before = true;
      token_refused = false;
      who.create = false;
      tries = 0;
      tell(state::online, current);
      if (on.signed_in) on.signed_in(shown);
      for (auto& p : pending) {
        p.sent = true;
        push(p.document);
      }
      return;
    }
    const auto* failure = std::get_if<error>(&a.data);
    const auto why = failure != nullptr ? *failure : error{ec::internal, "no auth_response", {}};
    if (why.code == ec::unavailable || why.code == ec::internal || why.code == ec::rate_limit) {
      lost(why.message);
    } else if (why.code == ec::unauthorized && !tokens.token.empty() && !token_refused) {
      token_refused = true;  // expired: the refresh token is next
      authenticate();
    } else {
      if (on.refused) on.refused(why);
      end();
    }
  }

  void take_event(const protocol::event_envelope& e) {
    const auto place = std::visit(
        [](const auto& what) -> std::optional<std::pair<uuid, std::uint64_t>> {
          if constexpr (requires {
                          what.seq;
                          what.room_id;
                        } &&
                        !std::is_same_v<std::remove_cvref_t<decltype(what)>,
                                        protocol::message_status>) {
            return std::pair{what.room_id, what.seq};
          }
          return std::nullopt;
        },
        e.data);
    if (place) {
      auto& seen = last_seq[place->first];
      if (place->second <= seen) {
        return;  // a replay overlaps what is known
      }
      seen = place->second;
    }
    if (on.event) on.event(e);
  }

  // -- writing
  // ---------------------------------------------------------------------------------------

  void push(std::shared_ptr<const std::string> document) {
    out.push_back(std::move(document));
    if (!writing) {
      write();
    }
  }

  void write() {
    writing = true;
    const auto document = out.front();
    ws->async_write(asio::buffer(*document), guarded([this, document](error_code ec, std::size_t) {
                      writing = false;
                      out.pop_front();
                      if (ec) {
                        lost(ec.message());
                      } else if (!out.empty()) {
                        write();
                      }
                    }));
  }

  void ask(const uuid& id, std::shared_ptr<const std::string> document, answer_handler done) {
    if (closed) {
      if (done) done({id, now_ms(), unavailable("the client is closed").value(), false});
      return;
    }
    pending.push_back({id, document, std::move(done), signed_in});
    if (signed_in) {
      push(std::move(document));
    }
  }

  void end() {
    if (std::exchange(closed, true)) {
      return;
    }
    ++epoch;
    retry.cancel();
    if (ws) {
      error_code ignored;
      beast::get_lowest_layer(*ws).socket().shutdown(tcp::socket::shutdown_both, ignored);
      beast::get_lowest_layer(*ws).close();
    }
    for (auto& p : std::exchange(pending, {})) {
      if (p.done) {
        p.done({p.id, now_ms(), unavailable("the client is closed").value(), false});
      }
    }
    tell(state::closed, "");
    work.reset();
    context.stop();  // the stream's own timers would keep it running
  }

  void tell(state s, const std::string& detail) {
    if (on.state) on.state(s, detail);
  }

  struct waiting {
    uuid id;
    std::shared_ptr<const std::string> document;
    answer_handler done;
    bool sent = false;
  };

  const options opts;
  const handlers on;
  asio::io_context context{1};
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work;
  asio::steady_timer retry;
  std::shared_ptr<stream> ws;
  std::uint64_t epoch = 0;
  credentials who;
  protocol::auth_response tokens;
  bool token_refused = false;
  std::string current;
  std::size_t next_node = 0;
  int tries = 0;
  bool signed_in = false;
  bool online_before = false;
  bool closed = false;
  bool writing = false;
  uuid auth_id;
  uuid register_id;
  uuid_generator ids;
  std::deque<std::shared_ptr<const std::string>> out;
  std::list<waiting> pending;
  std::map<uuid, std::uint64_t> last_seq;
  std::mt19937 random{std::random_device{}()};
  std::thread thread;
};

connection::connection(options o, handlers h)
    : impl_(std::make_shared<impl>(std::move(o), std::move(h))) {
  impl_->register_id = impl_->ids(now_ms());
  impl_->thread = std::thread([state = impl_] { state->context.run(); });
}

connection::~connection() {
  close();
  if (impl_->thread.get_id() == std::this_thread::get_id()) {
    impl_->thread.detach();
  } else {
    impl_->thread.join();
  }
}

void connection::sign_in(credentials who) {
  asio::post(impl_->context, [state = impl_, who = std::move(who)]() mutable {
    state->who = std::move(who);
    state->connect();
  });
}

uuid connection::request(protocol::request what, answer_handler done) {
  static thread_local uuid_generator fresh;
  const auto id = fresh(now_ms());
  auto document = std::make_shared<const std::string>(
      protocol::encode_request(impl_->opts.encoding, {id, std::move(what)}));
  asio::post(impl_->context,
             [state = impl_, id, document = std::move(document), done = std::move(done)]() mutable {
               state->ask(id, std::move(document), std::move(done));
             });
  return id;
}

void connection::close() {
  asio::post(impl_->context, [state = impl_] { state->end(); });
}

}  // namespace greenroom::client
