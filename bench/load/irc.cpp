// SPDX-License-Identifier: MIT
/// IRC (RFC 1459): a room is a channel; a message comes to everybody but its sender.

#include <cstdlib>

#include "load/drivers.hpp"
#include "load/payload.hpp"

namespace greenroom::load {

namespace {

class irc_driver final : public driver {
 public:
  using driver::driver;

  [[nodiscard]] int copies(int members, int senders) const override {
    return members + senders - 1;
  }

  void start(connection& c) override { c.out += "NICK " + nick(c) + "\r\nUSER u 0 * :u\r\n"; }

  void publish(connection& c, const std::string& payload) override {
    c.out.append("PRIVMSG #").append(room_name(c)).append(" :").append(payload).append("\r\n");
  }

  std::size_t parse(connection& c, const char* data, std::size_t size) override {
    const char* at = data;
    const char* const end = data + size;
    while (const char* newline = find_byte(at, end, '\n')) {
      auto line = text_between(at, newline);
      while (line.ends_with('\r'))
        line.remove_suffix(1);
      take_line(c, line);
      at = newline + 1;
      if (!c.is_open()) return size;
    }
    return static_cast<std::size_t>(at - data);
  }

 private:
  enum : std::uint8_t { registering, joining, in_room };

  void take_line(connection& c, std::string_view line) {
    if (line.starts_with("PING")) {
      c.out.append("PONG").append(line.substr(4)).append("\r\n");
      c.has_output = true;
      return;
    }
    if (line.starts_with("ERROR")) return sink_.failed(c, "irc error", line);
    const auto blank = line.find(' ');
    if (!line.starts_with(':') || blank == std::string_view::npos) return;
    const auto words = line.substr(blank + 1);
    if (words.starts_with("PRIVMSG ")) {
      if (const auto at = words.find(" :@T"); at != std::string_view::npos) {
        sink_.delivered(c, words.data() + at + 2);
      }
    } else if (words.size() > 4 && words[3] == ' ') {
      take_numeric(c, std::atoi(words.data()), line);
    }
  }

  void take_numeric(connection& c, int code, std::string_view line) {
    const bool is_welcome_over = code == 376 || code == 422;
    const bool is_refusal = code == 433 || code == 471 || code == 404 || code == 405;
    if (is_welcome_over && c.step == registering) {
      c.step = joining;
      c.out += "JOIN #" + room_name(c) + "\r\n";
      c.has_output = true;
    } else if (code == 366 && c.step == joining) {  // the end of the list of members
      c.step = in_room;
      sink_.joined(c);
    } else if (is_refusal) {
      sink_.failed(c, "irc numeric", line);
    }
  }
};

}  // namespace

std::unique_ptr<driver> make_irc_driver(const load_options& o, sink& s) {
  return std::make_unique<irc_driver>(o, s);
}

}  // namespace greenroom::load
