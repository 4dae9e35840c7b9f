// SPDX-License-Identifier: MIT
#include "net/admin_socket.hpp"

#include <sys/stat.h>
#include <sys/un.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <thread>

#include "net/asio.hpp"
#include "telemetry/log.hpp"

namespace greenroom::net {

namespace {

using local = asio::local::stream_protocol;
constexpr std::size_t line_bytes_max = 1 << 20;
constexpr std::size_t consoles_max = 32;

/// One console: a line in, a line out, in order.
class console : public std::enable_shared_from_this<console> {
 public:
  console(local::socket socket, const admin_handler& handler, std::atomic<std::size_t>& open)
      : socket_(std::move(socket)), handler_(handler), open_(open) {}
  ~console() { open_.fetch_sub(1); }

  void read() {
    if (const auto end = text_.find('\n'); end != std::string::npos) {
      auto line = text_.substr(0, end);
      text_.erase(0, end + 1);
      take(line);
      return;
    }
    if (text_.size() > line_bytes_max) {
      return;  // destroyed: the socket closes
    }
    socket_.async_read_some(asio::buffer(chunk_), [self = shared_from_this()](error_code ec,
                                                                              std::size_t bytes) {
      if (!ec) {
        self->text_.append(self->chunk_.data(), bytes);
        self->read();
      }
    });
  }

 private:
  void take(const std::string& line) {
    auto request = nlohmann::json::parse(line, nullptr, false);
    if (request.is_discarded()) {
      answer({{"ok", false}, {"error", {{"code", "usage"}, {"message", "not a JSON document"}}}});
      return;
    }
    handler_(std::move(request), [self = shared_from_this()](const nlohmann::json& a) {
      asio::post(self->socket_.get_executor(), [self, a] { self->answer(a); });
    });
  }

  void answer(const nlohmann::json& a) {
    out_ = a.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    asio::async_write(socket_, asio::buffer(out_),
                      [self = shared_from_this()](error_code ec, std::size_t) {
                        if (!ec) {
                          self->read();
                        }
                      });
  }

  local::socket socket_;
  const admin_handler& handler_;
  std::atomic<std::size_t>& open_;
  std::array<char, 4096> chunk_{};
  std::string text_;
  std::string out_;
};

}  // namespace

struct admin_socket::impl {
  impl(std::filesystem::path where, admin_handler h)
      : path(std::move(where)), handler(std::move(h)), acceptor(context) {}

  void accept() {
    acceptor.async_accept([this](error_code ec, local::socket socket) {
      if (ec) {
        return;
      }
      if (open.fetch_add(1) >= consoles_max) {
        open.fetch_sub(1);
      } else {
        std::make_shared<console>(std::move(socket), handler, open)->read();
      }
      accept();
    });
  }

  std::filesystem::path path;
  admin_handler handler;
  std::atomic<std::size_t> open{0};
  asio::io_context context{1};
  local::acceptor acceptor;
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
  error_code failed;
  {
    local::socket probe(state->context);
    probe.connect(local::endpoint(name), failed);
    if (!failed) {
      return fail(ec::conflict, "another process answers on " + name);
    }
  }
  std::error_code ignored;
  if (std::filesystem::is_socket(path, ignored)) {
    std::filesystem::remove(path, ignored);
  }
  // The mode is right from the first moment: the folder is ours alone, and so is the umask.
  const auto before = ::umask(0177);
  state->acceptor.open(local(), failed);
  if (!failed) state->acceptor.bind(local::endpoint(name), failed);
  ::umask(before);
  if (!failed) state->acceptor.listen(16, failed);
  if (failed) {
    return fail(ec::unavailable, "cannot listen on " + name + ": " + failed.message());
  }
  state->accept();
  state->thread = std::thread([raw = state.get()] {
    for (;;) {
      try {
        raw->context.run();
        return;
      } catch (const std::exception& e) {
        telemetry::log("admin").error("the admin socket failed: {}", e.what());
      }
    }
  });
  return std::unique_ptr<admin_socket>(new admin_socket(std::move(state)));
}

admin_socket::~admin_socket() {
  impl_->context.stop();
  impl_->thread.join();
  std::error_code ignored;
  std::filesystem::remove(impl_->path, ignored);
}

}  // namespace greenroom::net
