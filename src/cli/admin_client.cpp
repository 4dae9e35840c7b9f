// SPDX-License-Identifier: MIT
#include "cli/admin_client.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace greenroom::cli {

namespace {

using namespace std::chrono_literals;
using nlohmann::json;

/// The largest answer that is read: 100,000 tokens are a tenth of it.
constexpr std::size_t answer_bytes_max = std::size_t{512} << 20;
constexpr auto grace = 1000ms;

tl::unexpected<admin_failure> fail(exit_code code, std::string message) {
  return tl::make_unexpected(admin_failure{code, std::move(message)});
}

std::string reason_of(int number) {
  switch (number) {
    case ENOENT:
      return "no such file";
    case ECONNREFUSED:
      return "no node answers on it";
    case EAGAIN:
      return "the node does not take connections";
    default:
      return std::strerror(number);
  }
}

std::chrono::milliseconds left_until(admin_client::clock::time_point deadline) {
  return std::max(
      0ms, std::chrono::ceil<std::chrono::milliseconds>(deadline - admin_client::clock::now()));
}

/// A descriptor, or the negative error number.
int connect_to(const std::string& path, admin_client::clock::time_point deadline) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return -ENAMETOOLONG;
  }
  std::copy(path.begin(), path.end(), address.sun_path);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return -errno;
  }
  // A node that hangs has its backlog full at some time: connecting then waits this long.
  const auto left = std::max(1ms, left_until(deadline));
  const timeval limit{static_cast<time_t>(left.count() / 1000),
                      static_cast<suseconds_t>(left.count() % 1000 * 1000)};
  (void)::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int number = errno;
    ::close(fd);
    return -number;
  }
  (void)::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  return fd;
}

exit_code exit_code_of_errno(int number) {
  switch (number) {
    case EACCES:
    case EPERM:
      return exit_code::refused;
    case EAGAIN:
      return exit_code::timed_out;
    default:
      return exit_code::unreachable;
  }
}

tl::expected<admin_answer, admin_failure> parse_answer(const std::string& line) {
  const auto strange = [] {
    return fail(exit_code::failure, "the node's answer is not understood; is it another version?");
  };
  auto document = json::parse(line, nullptr, false);
  if (!document.is_object() || !document.contains("ok") || !document["ok"].is_boolean()) {
    return strange();
  }
  try {
    if (!document["ok"].get<bool>()) {
      const auto& error = document.at("error");
      return fail(exit_code_of(error.at("code").get<std::string>()),
                  error.at("message").get<std::string>());
    }
    admin_answer answer;
    answer.columns = document.at("columns").get<std::vector<std::string>>();
    answer.rows = std::move(document.at("rows"));
    for (const auto& absent : document.value("missing", json::array())) {
      answer.missing.push_back(
          {absent.at("node").get<std::string>(), absent.at("reason").get<std::string>()});
    }
    const auto is_object = [](const json& row) { return row.is_object(); };
    if (!answer.rows.is_array() ||
        !std::all_of(answer.rows.begin(), answer.rows.end(), is_object)) {
      return strange();
    }
    return answer;
  } catch (const json::exception&) {
    return strange();
  }
}

}  // namespace

std::vector<std::string> default_sockets() {
  return {".greenroom/node1/admin.sock", "greenroom-data/admin.sock"};
}

exit_code exit_code_of(const std::string& admin_code) {
  if (admin_code == "usage") return exit_code::usage;
  if (admin_code == "not_found") return exit_code::not_found;
  if (admin_code == "refused") return exit_code::refused;
  if (admin_code == "unreachable") return exit_code::unreachable;
  if (admin_code == "timeout") return exit_code::timed_out;
  return exit_code::failure;
}

tl::expected<admin_client, admin_failure> admin_client::connect(
    const std::vector<std::string>& sockets, clock::time_point deadline) {
  std::string tried;
  auto code = exit_code::unreachable;
  for (const auto& given : sockets) {
    std::error_code ignored;
    auto path = given;
    if (std::filesystem::is_directory(given, ignored)) {
      path = (std::filesystem::path(given) / "admin.sock").string();
    }
    const int fd = connect_to(path, deadline);
    if (fd >= 0) {
      return admin_client(fd, std::move(path));
    }
    if (const auto here = exit_code_of_errno(-fd); here != exit_code::unreachable) {
      code = here;
    }
    tried += "\n  " + path + ": " + reason_of(-fd);
  }
  return fail(code, "no node reached; tried" + tried +
                        "\nIs a node running? --node names the admin.sock in its data folder.");
}

admin_client::~admin_client() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

admin_client::admin_client(admin_client&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}

tl::expected<admin_answer, admin_failure> admin_client::ask(const std::string& verb,
                                                            const json& arguments,
                                                            std::chrono::milliseconds timeout) {
  const auto deadline = clock::now() + timeout + grace;
  const json request{{"verb", verb}, {"args", arguments}, {"timeout_ms", timeout.count()}};
  const auto line = request.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  return send_line(line, deadline)
      .and_then([&] { return read_line(deadline); })
      .and_then(parse_answer);
}

tl::expected<void, admin_failure> admin_client::wait_for(short events, clock::time_point deadline) {
  for (;;) {
    pollfd one{fd_, events, 0};
    const int found = ::poll(&one, 1, static_cast<int>(left_until(deadline).count()));
    if (found > 0) {
      return {};
    }
    if (found == 0) {
      return fail(exit_code::timed_out, "no answer in time from " + path_);
    }
    if (errno != EINTR) {
      return fail(exit_code::failure, "poll: " + std::string(std::strerror(errno)));
    }
  }
}

tl::expected<void, admin_failure> admin_client::send_line(const std::string& line,
                                                          clock::time_point deadline) {
  std::size_t sent = 0;
  while (sent < line.size()) {
    const auto bytes = ::send(fd_, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (bytes >= 0) {
      sent += static_cast<std::size_t>(bytes);
    } else if (errno == EAGAIN) {
      if (auto ready = wait_for(POLLOUT, deadline); !ready) {
        return ready;
      }
    } else if (errno != EINTR) {
      return fail(exit_code::unreachable, "the node closed the connection on " + path_);
    }
  }
  return {};
}

tl::expected<std::string, admin_failure> admin_client::read_line(clock::time_point deadline) {
  std::string text;
  std::vector<char> chunk(std::size_t{256} << 10);
  for (;;) {
    const auto bytes = ::recv(fd_, chunk.data(), chunk.size(), 0);
    if (bytes > 0) {
      const std::string_view piece(chunk.data(), static_cast<std::size_t>(bytes));
      const auto end = piece.find('\n');
      text += piece.substr(0, end);
      if (end != std::string_view::npos) {
        return text;
      }
      if (text.size() > answer_bytes_max) {
        return fail(exit_code::failure, "the node's answer is too large");
      }
    } else if (bytes < 0 && errno == EAGAIN) {
      if (auto ready = wait_for(POLLIN, deadline); !ready) {
        return tl::make_unexpected(ready.error());
      }
    } else if (bytes == 0 || errno != EINTR) {
      return fail(exit_code::unreachable, "the node closed the connection on " + path_ +
                                              " without an answer; is it stopping?");
    }
  }
}

}  // namespace greenroom::cli
