// SPDX-License-Identifier: MIT
/// Redis (RESP2): a room is a channel of PUBLISH, or with --xadd a stream that acknowledges.

#include <cstdlib>
#include <optional>

#include "load/drivers.hpp"
#include "load/payload.hpp"

namespace greenroom::load {

namespace {

void put_bulk(std::string& to, std::string_view text) {
  to.append("$").append(std::to_string(text.size())).append("\r\n").append(text).append("\r\n");
}

class redis_driver final : public driver {
 public:
  using driver::driver;

  void start(connection& c) override {
    if (c.receives() && options_.mode != "ingest") {
      c.out += "SUBSCRIBE " + room_name(c) + "\r\n";
    } else {
      c.out += "PING\r\n";
    }
  }

  void publish(connection& c, const std::string& payload) override {
    c.out += options_.xadd ? "*5\r\n" : "*3\r\n";
    put_bulk(c.out, options_.xadd ? "XADD" : "PUBLISH");
    put_bulk(c.out, room_name(c));
    if (options_.xadd) {
      put_bulk(c.out, "*");
      put_bulk(c.out, "m");
    }
    put_bulk(c.out, payload);
  }

  std::size_t parse(connection& c, const char* data, std::size_t size) override {
    const std::string_view bytes(data, size);
    std::size_t done = 0;
    while (done < size) {
      auto at = done;
      if (!take(c, bytes, at)) break;
      done = at;
      if (!c.is_open()) return size;
    }
    return done;
  }

 private:
  /// The number up to the end of the line, and `at` behind it.
  static std::optional<long> number(std::string_view bytes, std::size_t& at) {
    const auto end = bytes.find('\n', at);
    if (end == std::string_view::npos) return std::nullopt;
    const long value = std::strtol(bytes.data() + at, nullptr, 10);
    at = end + 1;
    return value;
  }

  /// Text of a bulk string of `size` bytes, and `at` behind it.
  static std::optional<std::string_view> bulk(std::string_view bytes, std::size_t& at, long size) {
    const auto length = static_cast<std::size_t>(size < 0 ? 0 : size);
    if (bytes.size() - at < length + 2) return std::nullopt;
    const auto text = bytes.substr(at, length);
    at += length + 2;
    return text;
  }

  /// One reply; false when not all of it is there.
  bool take(connection& c, std::string_view bytes, std::size_t& at) {
    const auto begin = at;
    const char type = bytes[at++];
    const auto value = number(bytes, at);
    if (!value) return false;
    switch (type) {
      case '*':
        return take_array(c, bytes, at, *value);
      case '$':
        if (!bulk(bytes, at, *value)) return false;
        sink_.acknowledged(c, true);
        return true;
      case '-':
        sink_.failed(c, "redis", bytes.substr(begin, at - begin));
        return true;
      case '+':
        if (!c.ready) sink_.joined(c);
        return true;
      case ':':
        if (options_.mode == "ingest") sink_.acknowledged(c, true);
        return true;
      default:
        return true;
    }
  }

  /// The confirmation of SUBSCRIBE, or a message, whose last element is the payload.
  bool take_array(connection& c, std::string_view bytes, std::size_t& at, long count) {
    std::string_view last;
    for (long i = 0; i < count; ++i) {
      if (at >= bytes.size()) return false;
      const char type = bytes[at++];
      const auto value = number(bytes, at);
      if (!value) return false;
      if (type == '$') {
        const auto text = bulk(bytes, at, *value);
        if (!text) return false;
        last = *text;
      }
    }
    if (!c.ready) {
      sink_.joined(c);
    } else if (last.size() >= payload_head_bytes) {
      sink_.delivered(c, last.data());
    }
    return true;
  }
};

}  // namespace

std::unique_ptr<driver> make_redis_driver(const load_options& o, sink& s) {
  return std::make_unique<redis_driver>(o, s);
}

}  // namespace greenroom::load
