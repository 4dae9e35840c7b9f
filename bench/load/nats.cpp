// SPDX-License-Identifier: MIT
/// NATS: a room is a subject; with --jetstream a file-backed stream acknowledges.

#include "load/drivers.hpp"
#include "load/payload.hpp"

namespace greenroom::load {

namespace {

class nats_driver final : public driver {
 public:
  using driver::driver;

  void start(connection& c) override {
    c.out +=
        R"(CONNECT {"verbose":false,"pedantic":false,"lang":"bench","version":"1","protocol":1,)"
        R"("echo":true})"
        "\r\n";
    if (options_.jetstream) {
      c.out += "SUB " + inbox(c) + ".* 2\r\n";
      if (c.id == 0) create_stream(c);
    } else if (c.receives()) {
      c.out += "SUB " + subject(c) + " 1\r\n";
    }
    c.out += "PING\r\n";
  }

  void publish(connection& c, const std::string& payload) override {
    c.out.append("PUB ").append(subject(c));
    if (options_.jetstream) c.out.append(" ").append(inbox(c)).append(".a");
    c.out.append(" ").append(std::to_string(payload.size())).append("\r\n");
    c.out.append(payload).append("\r\n");
  }

  std::size_t parse(connection& c, const char* data, std::size_t size) override {
    const char* at = data;
    const char* const end = data + size;
    while (at < end) {
      const char* newline = find_byte(at, end, '\n');
      if (newline == nullptr) break;
      const char* next = newline + 1;
      const auto line = text_between(at, newline);
      if (line.starts_with("MSG")) {
        next = take_message(c, line, next, end);
        if (next == nullptr) break;
      } else if (line.starts_with("PING")) {
        c.out += "PONG\r\n";
        c.has_output = true;
      } else if (line.starts_with("PONG")) {
        if (!c.ready) sink_.joined(c);
      } else if (line.starts_with('-')) {
        sink_.failed(c, "nats", line);
      }
      at = next;
      if (!c.is_open()) return size;
    }
    return static_cast<std::size_t>(at - data);
  }

 private:
  std::string subject(const connection& c) const {
    return (options_.jetstream ? "js." : "") + room_name(c);
  }
  std::string inbox(const connection& c) const { return "_INBOX." + nick(c); }

  void create_stream(connection& c) {
    const std::string request =
        R"({"name":"BENCH","subjects":["js.>"],"storage":"file","retention":"limits",)"
        R"("max_msgs":-1,"max_bytes":-1,"num_replicas":1,"discard":"old"})";
    c.out += "PUB $JS.API.STREAM.CREATE.BENCH " + inbox(c) + ".c " +
             std::to_string(request.size()) + "\r\n" + request + "\r\n";
  }

  /// `line` is "MSG subject sid bytes\r"; returns what follows the body, or null.
  const char* take_message(connection& c, std::string_view line, const char* body,
                           const char* end) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    std::size_t size = 0;
    for (const char digit : line.substr(line.rfind(' ') + 1))
      size = size * 10 + static_cast<std::size_t>(digit - '0');
    if (static_cast<std::size_t>(end - body) < size + 2) return nullptr;
    if (!options_.jetstream) {
      sink_.delivered(c, body);
    } else {
      const std::string_view answer(body, size);
      const bool is_error = answer.find("error") != std::string_view::npos;
      const auto subject_end = line.find(' ', 4);
      if (line[subject_end - 1] == 'a') {
        sink_.acknowledged(c, !is_error, answer);
      } else if (is_error && answer.find("in use") == std::string_view::npos) {
        sink_.failed(c, "stream create", answer);
      }
    }
    return body + size + 2;
  }
};

}  // namespace

std::unique_ptr<driver> make_nats_driver(const load_options& o, sink& s) {
  return std::make_unique<nats_driver>(o, s);
}

}  // namespace greenroom::load
