// SPDX-License-Identifier: MIT
#include "net/admin_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <mutex>
#include <set>
#include <thread>

#include "net/asio.hpp"
#include "protocol/codec.hpp"
#include "runtime/thread_name.hpp"
#include "telemetry/log.hpp"

namespace greenroom::net {

namespace {

using local = asio::local::stream_protocol;
using nlohmann::json;

constexpr std::size_t line_bytes_max = 1 << 20;
constexpr std::size_t consoles_max = 32;
constexpr auto accept_retry = std::chrono::milliseconds(100);

json failure(const char* code, std::string message) {
  return {{"ok", false}, {"error", {{"code", code}, {"message", std::move(message)}}}};
}

std::string line_of(const json& document) {
  return document.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

class console;

/// What the socket and its consoles share. A console whose request is in hand when the socket goes
/// keeps this alive until it has its answer.
struct core {
  explicit core(admin_handler h) : handler(std::move(h)) {}

  /// From any thread; false, and nothing happens, once the socket is going.
  template <class Work>
  bool post(Work work) {
    const std::lock_guard hold(mutex);
    if (stopped) return false;
    asio::post(context, std::move(work));
    return true;
  }

  admin_handler handler;
  asio::io_context context{1};
  std::mutex mutex;
  bool stopped = false;  ///< under `mutex`
  /// Those that are open; on the socket's thread only.
  std::set<std::shared_ptr<console>> consoles;
};

/// One console: a line in, a line out, in order. The next line is read when the last is answered,
/// so nothing piles up here.
class console : public std::enable_shared_from_this<console> {
 public:
  console(local::socket socket, std::shared_ptr<core> shared)
      : core_(std::move(shared)), socket_(std::move(socket)) {}
  console(const console&) = delete;
  console& operator=(const console&) = delete;

  void start() {
    core_->consoles.insert(shared_from_this());
    next();
  }

  void close() {
    error_code ignored;
    socket_.close(ignored);
    core_->consoles.erase(shared_from_this());
  }

 private:
  void next() {
    const auto end = text_.find('\n', begin_);
    if (end != std::string::npos) {
      const auto from = std::exchange(begin_, end + 1);
      take(std::string_view(text_).substr(from, end - from));
      return;
    }
    text_.erase(0, begin_);
    begin_ = 0;
    if (text_.size() > line_bytes_max) {
      last_ = true;
      answer(
          failure("usage", "a request has at most " + std::to_string(line_bytes_max) + " bytes"));
      return;
    }
    socket_.async_read_some(asio::buffer(chunk_),
                            [self = shared_from_this()](error_code ec, std::size_t bytes) {
                              if (ec) {
                                self->close();
                                return;
                              }
                              self->text_.append(self->chunk_.data(), bytes);
                              self->next();
                            });
  }

  void take(std::string_view line) {
    auto request = protocol::parse_json(line);
    if (!request) {
      answer(failure("usage", "not a JSON document: " + request.error().message));
      return;
    }
    if (request->is_object()) (*request)["by"] = by();
    try {
      core_->handler(*std::move(request), [self = shared_from_this()](json a) {
        self->core_->post([self, a = std::move(a)] { self->answer(a); });
      });
    } catch (const std::exception& e) {
      telemetry::log("admin").error("a request failed: {}", e.what());
      answer(failure("failure", "the request failed; the node's log says why"));
    }
  }

  /// Who is at the other end.
  json by() {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(socket_.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
      return nullptr;
    }
    return {{"uid", peer.uid}, {"pid", peer.pid}};
  }

  void answer(const json& a) {
    out_ = line_of(a);
    asio::async_write(socket_, asio::buffer(out_),
                      [self = shared_from_this()](error_code ec, std::size_t) {
                        if (ec || self->last_) {
                          self->close();
                        } else {
                          self->next();
                        }
                      });
  }

  std::shared_ptr<core> core_;  ///< owns the context, so it goes after the socket
  local::socket socket_;
  std::array<char, 16 * 1024> chunk_{};
  std::string text_;
  std::size_t begin_ = 0;  ///< of what is not handled yet, in text_
  std::string out_;
  bool last_ = false;
};

/// Empty when it listens; else what failed.
error_code listen_on(local::acceptor& acceptor, const std::string& path) {
  error_code failed;
  acceptor.open(local(), failed);
  // Linux makes the file with the mode of the unbound socket, so there is no moment in which
  // others could connect, and the umask of the whole process stays as it is.
  if (!failed && ::fchmod(acceptor.native_handle(), 0600) != 0) {
    failed = error_code(errno, boost::system::system_category());
  }
  if (!failed) acceptor.bind(local::endpoint(path), failed);
  if (!failed) acceptor.listen(16, failed);
  return failed;
}

/// Removes a socket file that nobody listens on any more. Refuses when somebody does, or may.
expected<void> make_room(asio::io_context& context, const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_socket(path, ignored)) return {};
  local::socket probe(context);
  error_code failed;
  probe.open(local(), failed);
  // A process that hangs may have a full backlog, where a blocking connect waits for ever.
  if (!failed) probe.non_blocking(true, failed);
  if (!failed) probe.connect(local::endpoint(path.string()), failed);
  // (Asio calls that no_buffer_space.)
  if (!failed || failed == asio::error::would_block || failed == asio::error::no_buffer_space) {
    return fail(ec::conflict, "another process answers on " + path.string());
  }
  if (failed != asio::error::connection_refused) {
    return fail(ec::unavailable, "cannot look at " + path.string() + ": " + failed.message());
  }
  std::filesystem::remove(path, ignored);
  return {};
}

}  // namespace

struct admin_socket::impl {
  impl(std::filesystem::path where, admin_handler h)
      : path(std::move(where)),
        shared(std::make_shared<core>(std::move(h))),
        acceptor(shared->context),
        pause(shared->context) {}

  void accept() {
    acceptor.async_accept([this](error_code ec, local::socket socket) {
      if (!acceptor.is_open()) return;
      if (ec) {  // out of descriptors, mostly: trying at once would only spin
        pause.expires_after(accept_retry);
        pause.async_wait([this](error_code stopped) {
          if (!stopped) accept();
        });
        return;
      }
      if (shared->consoles.size() >= consoles_max) {
        error_code ignored;
        socket.non_blocking(true, ignored);
        socket.write_some(asio::buffer(line_of(failure("refused", "too many consoles are open"))),
                          ignored);
      } else {
        std::make_shared<console>(std::move(socket), shared)->start();
      }
      accept();
    });
  }

  void run() {
    for (;;) {
      try {
        shared->context.run();
        return;
      } catch (const std::exception& e) {
        telemetry::log("admin").error("the admin socket failed: {}", e.what());
      }
    }
  }

  /// Ends all that waits, so that run() returns.
  void close() {
    error_code ignored;
    acceptor.close(ignored);
    pause.cancel();
    for (const auto& c : std::set<std::shared_ptr<console>>(shared->consoles)) {
      c->close();
    }
  }

  std::filesystem::path path;
  std::shared_ptr<core> shared;
  local::acceptor acceptor;
  asio::steady_timer pause;
  std::thread thread;
};

admin_socket::admin_socket(std::unique_ptr<impl> state) : impl_(std::move(state)) {}

expected<std::unique_ptr<admin_socket>> admin_socket::start(const std::filesystem::path& path,
                                                            admin_handler handler) {
  const auto name = path.string();
  if (name.size() >= sizeof(sockaddr_un::sun_path)) {
    return fail(ec::invalid_message, "the admin socket's path has " + std::to_string(name.size()) +
                                         " bytes and a Unix socket takes 107: " + name);
  }
  auto state = std::make_unique<impl>(path, std::move(handler));
  if (auto free = make_room(state->shared->context, path); !free) {
    return unexpected(free.error());
  }
  if (const auto failed = listen_on(state->acceptor, name); failed) {
    return fail(ec::unavailable, "cannot listen on " + name + ": " + failed.message());
  }
  state->accept();
  state->thread = std::thread([raw = state.get()] {
    runtime::name_thread("admin-socket");
    raw->run();
  });
  return std::unique_ptr<admin_socket>(new admin_socket(std::move(state)));
}

admin_socket::~admin_socket() {
  impl_->shared->post([raw = impl_.get()] { raw->close(); });
  {
    const std::lock_guard hold(impl_->shared->mutex);
    impl_->shared->stopped = true;
  }
  impl_->thread.join();
  std::error_code ignored;
  std::filesystem::remove(impl_->path, ignored);
}

}  // namespace greenroom::net
