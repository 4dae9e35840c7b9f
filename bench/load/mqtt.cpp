// SPDX-License-Identifier: MIT
/// MQTT 3.1.1: a room is a topic; with --qos=1 the broker acknowledges.

#include <optional>

#include "load/drivers.hpp"
#include "load/payload.hpp"

namespace greenroom::load {

namespace {

enum packet : std::uint8_t { connack = 2, publish_packet = 3, puback = 4, suback = 9 };

void put_length(std::string& to, std::size_t length) {
  do {
    const auto low = static_cast<std::uint8_t>(length & 127);
    length >>= 7;
    to += static_cast<char>(length > 0 ? low | 128 : low);
  } while (length > 0);
}

void put_u16(std::string& to, std::size_t value) {
  to += static_cast<char>(value >> 8);
  to += static_cast<char>(value & 255);
}

void put_text(std::string& to, const std::string& text) {
  put_u16(to, text.size());
  to += text;
}

/// Type, flags and the place of the rest; nothing when not all of the packet is there.
struct packet_view {
  std::uint8_t first = 0;
  std::string_view rest;
};
std::optional<packet_view> read_packet(std::string_view bytes) {
  std::size_t length = 0;
  for (std::size_t i = 1; i < bytes.size() && i <= 4; ++i) {
    const auto byte = static_cast<std::uint8_t>(bytes[i]);
    length |= static_cast<std::size_t>(byte & 127) << (7 * (i - 1));
    if ((byte & 128) == 0) {
      if (bytes.size() - (i + 1) < length) return std::nullopt;
      return packet_view{static_cast<std::uint8_t>(bytes[0]), bytes.substr(i + 1, length)};
    }
  }
  return std::nullopt;
}

class mqtt_driver final : public driver {
 public:
  using driver::driver;

  void start(connection& c) override {
    std::string rest;
    put_text(rest, "MQTT");
    rest += '\4';      // version
    rest += '\2';      // a clean session
    put_u16(rest, 0);  // no keep-alive
    put_text(rest, nick(c));
    c.out += '\x10';
    put_length(c.out, rest.size());
    c.out += rest;
  }

  void publish(connection& c, const std::string& payload) override {
    const auto topic = room_name(c);
    const bool numbered = options_.qos > 0;
    c.out += static_cast<char>(0x30 | options_.qos << 1);
    put_length(c.out, 2 + topic.size() + (numbered ? 2 : 0) + payload.size());
    put_text(c.out, topic);
    if (numbered) {
      if (++packet_id_ == 0) ++packet_id_;
      put_u16(c.out, packet_id_);
    }
    c.out += payload;
  }

  std::size_t parse(connection& c, const char* data, std::size_t size) override {
    std::size_t done = 0;
    while (const auto p = read_packet({data + done, size - done})) {
      done = static_cast<std::size_t>(p->rest.data() + p->rest.size() - data);
      take(c, *p);
      if (!c.is_open()) return size;
    }
    return done;
  }

 private:
  void take(connection& c, const packet_view& p) {
    switch (p.first >> 4) {
      case publish_packet:
        take_publish(c, p);
        break;
      case connack:
        if (p.rest[1] != 0) return sink_.failed(c, "connack");
        if (c.receives() && options_.mode != "ingest") {
          subscribe(c);
        } else {
          sink_.joined(c);
        }
        break;
      case suback:
        sink_.joined(c);
        break;
      case puback:
        sink_.acknowledged(c, true);
        break;
      default:
        break;
    }
  }

  void take_publish(connection& c, const packet_view& p) {
    const auto topic_bytes = static_cast<std::size_t>(static_cast<std::uint8_t>(p.rest[0])) << 8 |
                             static_cast<std::uint8_t>(p.rest[1]);
    auto at = 2 + topic_bytes;
    if ((p.first & 6) != 0) {
      c.out.append("\x40\x02").append(p.rest.substr(at, 2));
      c.has_output = true;
      at += 2;
    }
    sink_.delivered(c, p.rest.data() + at);
  }

  void subscribe(connection& c) {
    std::string rest;
    put_u16(rest, 1);
    put_text(rest, room_name(c));
    rest += static_cast<char>(options_.qos);
    c.out += static_cast<char>(0x82);
    put_length(c.out, rest.size());
    c.out += rest;
    c.has_output = true;
  }

  std::uint16_t packet_id_ = 0;
};

}  // namespace

std::unique_ptr<driver> make_mqtt_driver(const load_options& o, sink& s) {
  return std::make_unique<mqtt_driver>(o, s);
}

}  // namespace greenroom::load
