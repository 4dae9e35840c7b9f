// SPDX-License-Identifier: MIT
#include "client/client.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <random>
#include <set>
#include <thread>

#include "client/link.hpp"
#include "client/signer.hpp"
#include "protocol/limits.hpp"
#include "protocol/text.hpp"

namespace greenroom::client {

namespace asio = boost::asio;
using steady = std::chrono::steady_clock;
using error_code = boost::system::error_code;

namespace {

/// A close code that says: what you sent is wrong, and would be wrong again.
bool blames_the_client(std::uint16_t code) noexcept {
  return code == static_cast<std::uint16_t>(close_code::wrong_frame_kind) ||
         code == static_cast<std::uint16_t>(close_code::invalid_utf8) ||
         code == static_cast<std::uint16_t>(close_code::too_big);
}

/// Sentences for people; what a node says about an account names shards and nodes.
std::string why_not_signed_in(const error& e) {
  switch (e.code) {
    case ec::unavailable:
      return "the account cannot be reached right now";
    case ec::rate_limit:
      return "too many attempts to sign in";
    default:
      return std::string(describe(e.code));
  }
}

options right(options o) {
  if (o.over == transport::tcp) o.encoding = protocol::encoding::msgpack;
  return o;
}

}  // namespace

struct connection::impl : std::enable_shared_from_this<impl> {
  impl(options o, handlers h)
      : opts(right(std::move(o))),
        on(std::move(h)),
        work(context.get_executor()),
        retry(context),
        wake(context),
        queue({.give_up = opts.give_up, .waits_on_rate_limit = opts.waits_on_rate_limit}) {}

  // -- connecting --------------------------------------------------------------------------------

  void connect() {
    if (closed) {
      return;
    }
    current = opts.nodes[next_node++ % opts.nodes.size()];
    if (!online_before) {
      tell(state::connecting, {});
    }
    link_now = std::make_unique<link>(
        context, opts, current,
        link::hooks{[this] { authenticate(); }, [this](std::string_view bytes) { take(bytes); },
                    [this](const link_end& why) { lost(why, std::chrono::milliseconds{0}); }});
  }

  void authenticate() {
    auto rooms = places.begin_again(limits::rooms_per_resume_max);
    later_rooms = rooms.empty() ? rooms : places.rooms_after(rooms.rbegin()->first, SIZE_MAX);
    const auto r = signs.next(rooms);
    auth_id = r.message_id;
    auto text = protocol::encode_request(opts.encoding, r);
    if (opts.encoding == protocol::encoding::json && !protocol::is_valid_utf8(text)) {
      refuse({ec::invalid_message, "name and password must be UTF-8", {}});
      return;
    }
    link_now->send(std::make_shared<const std::string>(std::move(text)));
  }

  void lost(const link_end& why, std::chrono::milliseconds at_least) {
    if (closed) {
      return;
    }
    if (link_now) link_now->cut();
    signs.release();
    const bool was_signed_in = std::exchange(signed_in, false);
    held.clear();
    const auto now = steady::now();
    if (!lost_at) lost_at = now;
    std::optional<error> blame;
    if (blames_the_client(why.close_code)) {
      const error e{why.close_code == static_cast<std::uint16_t>(close_code::too_big)
                        ? ec::too_large
                        : ec::invalid_message,
                    why.reason,
                    {}};
      if (!was_signed_in) {
        refuse(e);
        return;
      }
      blame = e;
    }
    if (why.close_code == static_cast<std::uint16_t>(close_code::session_revoked)) {
      refuse({ec::unauthorized, "the session was revoked", {}});
      return;
    }
    finish(queue.connection_lost(now, blame));
    // One that ended at once was no success: without this a node that hangs up is called without
    // a pause.
    if (was_signed_in && now - online_since >= opts.steady_after) {
      tries = 0;
    }
    tell(online_before ? state::reconnecting : state::connecting, why.reason);
    // Full jitter: many clients of a lost node must not come back at the same moment. But a node
    // that was tried in vain gets some peace.
    const auto most = std::min(opts.retry_max, opts.retry_first * (1 << std::min(tries, 8)));
    const auto least = tries == 0 ? 0 : most.count() / 4;
    ++tries;
    std::uniform_int_distribution<std::int64_t> wait(least, most.count());
    retry.expires_after(std::max(std::chrono::milliseconds(wait(random)), at_least));
    retry.async_wait([self = shared_from_this()](error_code ec) {
      if (!ec) self->connect();
    });
    pump();
  }

  // -- reading -----------------------------------------------------------------------------------

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
    places.learn(a.data, self);
    if (auto done = queue.take(a, steady::now())) {
      if (done->done) done->done(done->answer);
    }
    pump();
  }

  void take_auth(const protocol::answer_envelope& a) {
    if (const auto* ok = std::get_if<protocol::auth_response>(&a.data)) {
      auto shown = *ok;
      const bool is_new = signs.accepted(shown);
      self = shown.user.id;
      const bool first = !std::exchange(online_before, true);
      signed_in = true;
      online_since = steady::now();
      lost_at.reset();
      tell(state::online, {});
      if (on.signed_in) on.signed_in(shown);
      resume_the_rest();
      if (first && !is_new) find_rooms({});
      pump();
      return;
    }
    const auto* failure = std::get_if<error>(&a.data);
    const auto why = failure != nullptr ? *failure : error{ec::internal, "no auth_response", {}};
    if (why.code == ec::unavailable || why.code == ec::internal || why.code == ec::rate_limit) {
      lost({0, why_not_signed_in(why)},
           std::chrono::milliseconds(why.details.retry_after_ms.value_or(0)));
    } else if (signs.refused(why.code)) {
      authenticate();
    } else {
      refuse(why);
    }
  }

  void take_event(const protocol::event_envelope& e) {
    const auto* change = std::get_if<protocol::room_event>(&e.data);
    const auto* message = std::get_if<protocol::message_received>(&e.data);
    const auto room = message != nullptr  ? message->room_id
                      : change != nullptr ? change->room_id
                                          : uuid{};
    if (held.contains(room)) {
      return;  // its replay, which is under way, has this too
    }
    const auto taken = places.take(e.data, self);
    if (taken.room_went_back) {
      resume({{room, places.of(room).value_or(0)}});
    }
    if (!taken.fresh) {
      return;
    }
    if (taken.missed && on.missed) on.missed(*taken.missed);
    if (on.event) on.event(e);
    const auto* session = std::get_if<protocol::session_event>(&e.data);
    if (session != nullptr && session->kind == protocol::session_event_kind::revoked) {
      refuse({ec::unauthorized, "the session was revoked", {}});
    }
  }

  // -- what the client asks for itself -----------------------------------------------------------

  /// Rooms of which nothing is said while this client is connected must be resumed all the same.
  void find_rooms(const std::optional<std::string>& cursor) {
    protocol::room_list_request r;
    r.cursor = cursor;
    r.limit = limits::list_limit_max;
    ask_own(std::move(r), [this](const protocol::answer_envelope& a) {
      const auto* page = std::get_if<protocol::room_list_response>(&a.data);
      if (page != nullptr && page->next_cursor) find_rooms(page->next_cursor);
    });
  }

  /// What had no place in auth_request.
  void resume_the_rest() {
    auto all = std::exchange(later_rooms, {});
    while (!all.empty()) {
      std::map<uuid, std::uint64_t> some;
      while (!all.empty() && some.size() < limits::rooms_per_resume_max) {
        some.insert(all.extract(all.begin()));
      }
      resume(std::move(some));
    }
  }

  void resume(std::map<uuid, std::uint64_t> rooms) {
    for (const auto& [room, seq] : rooms) {
      held.insert(room);
    }
    ask_own(protocol::resume_request{rooms}, [this, rooms](const protocol::answer_envelope& a) {
      for (const auto& [room, seq] : rooms) {
        held.erase(room);
      }
      const auto* answer = std::get_if<protocol::resume_response>(&a.data);
      if (answer == nullptr) return;
      for (const auto& [room, result] : answer->rooms) {
        const auto missed = places.resumed(room, result);
        if (missed && on.missed) on.missed(*missed);
      }
    });
  }

  void ask_own(protocol::request what, answer_handler done) {
    const auto id = ids(now_ms());
    ask(id,
        std::make_shared<const std::string>(
            protocol::encode_request(opts.encoding, {id, std::move(what)})),
        std::move(done));
  }

  // -- requests ----------------------------------------------------------------------------------

  void ask(const uuid& id, std::shared_ptr<const std::string> document, answer_handler done) {
    const auto refuse_it = [&](const error& why) {
      if (done) done({id, now_ms(), why, false});
    };
    if (closed) {
      refuse_it(unavailable("the client is closed").value());
    } else if (document->size() > limits::document_bytes_max) {
      refuse_it(too_large("document", limits::document_bytes_max).value());
    } else if (!protocol::is_valid_utf8(*document) && opts.encoding == protocol::encoding::json) {
      refuse_it({ec::invalid_message, "the text is not valid UTF-8", {}});
    } else {
      queue.add(id, std::move(document), std::move(done), steady::now(), lost_at);
      pump();
    }
  }

  /// Sends what is due, gives up what has waited too long, and comes back in time.
  void pump() {
    if (closed) {
      return;
    }
    const auto now = steady::now();
    if (signed_in) {
      for (auto& document : queue.due(now)) {
        link_now->send(std::move(document));
      }
    }
    finish(queue.expire(now));
    const auto next = queue.next_time();
    if (!next || closed) {
      return;
    }
    wake.expires_at(std::max(*next, now + std::chrono::milliseconds(20)));
    wake.async_wait([self = shared_from_this()](error_code ec) {
      if (!ec) self->pump();
    });
  }

  static void finish(std::vector<request_queue::finished> done) {
    for (const auto& f : done) {
      if (f.done) f.done(f.answer);
    }
  }

  // -- the end -----------------------------------------------------------------------------------

  void refuse(const error& why) {
    if (closed) {
      return;
    }
    signs.release();
    if (on.refused) on.refused(why);
    end();
  }

  void end() {
    if (std::exchange(closed, true)) {
      return;
    }
    signs.release();
    retry.cancel();
    wake.cancel();
    if (link_now) link_now->cut();
    finish(queue.give_up_all(unavailable("the client is closed").value()));
    tell(state::closed, {});
    work.reset();
    context.stop();  // the stream's own timers would keep it running
  }

  void tell(state s, std::string reason) {
    if (on.state) on.state({s, current, std::move(reason)});
  }

  const options opts;
  const handlers on;
  asio::io_context context{1};
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work;
  asio::steady_timer retry;
  asio::steady_timer wake;
  std::unique_ptr<link> link_now;
  request_queue queue;
  positions places;
  std::set<uuid> held;  ///< rooms whose events are ignored until their resume is answered
  std::map<uuid, std::uint64_t> later_rooms;
  signer signs;
  uuid self;
  std::string current;
  std::size_t next_node = 0;
  int tries = 0;
  bool signed_in = false;
  bool online_before = false;
  bool closed = false;
  steady::time_point online_since{};
  std::optional<steady::time_point> lost_at = steady::now();  ///< empty while signed in
  uuid auth_id;
  uuid_generator ids;
  std::mt19937 random{std::random_device{}()};
  std::thread thread;
};

connection::connection(options o, handlers h)
    : impl_(std::make_shared<impl>(std::move(o), std::move(h))) {
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
    state->signs.use(std::move(who));
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
