// SPDX-License-Identifier: MIT
/// XMPP (RFC 6120, XEP-0045): a room is a MUC; a message comes to everybody, its sender included.

#include <openssl/evp.h>

#include "load/drivers.hpp"
#include "load/payload.hpp"

namespace greenroom::load {

namespace {

std::string base64(const std::string& bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const auto size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                    reinterpret_cast<const unsigned char*>(bytes.data()),
                                    static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

class xmpp_driver final : public driver {
 public:
  using driver::driver;

  [[nodiscard]] int copies(int members, int senders) const override { return members + senders; }

  void start(connection& c) override { open_stream(c); }

  void publish(connection& c, const std::string& payload) override {
    c.out.append("<message to='").append(address_of_room(c)).append("' type='groupchat' id='");
    c.out.append(std::to_string(c.published)).append("'><body>").append(payload);
    c.out.append("</body></message>");
  }

  std::size_t parse(connection& c, const char* data, std::size_t size) override {
    const char* at = data;
    const char* const end = data + size;
    while (at != nullptr && c.is_open()) {
      const char* next = c.step == in_room ? take_message(c, at, end) : take_step(c, at, end);
      if (next == nullptr) break;
      at = next;
    }
    return c.is_open() ? static_cast<std::size_t>(at - data) : size;
  }

 private:
  enum : std::uint8_t { greeting, authenticating, greeting_again, binding, joining, in_room };

  void open_stream(connection& c) {
    c.out +=
        "<?xml version='1.0'?><stream:stream to='" + options_.domain +
        "' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
    c.has_output = true;
  }

  std::string address_of_room(const connection& c) const {
    return room_name(c) + "@" + options_.muc;
  }

  /// Returns where to go on, or null when the text is not complete yet.
  const char* take_message(connection& c, const char* at, const char* end) {
    const char* close = find_text(at, end, "</message>");
    if (close == nullptr) return nullptr;
    if (const char* payload = find_text(at, close, "@T")) sink_.delivered(c, payload);
    return close + std::string_view("</message>").size();
  }

  const char* take_step(connection& c, const char* at, const char* end) {
    const char* next = nullptr;
    switch (c.step) {
      case greeting:
      case greeting_again:
        next = after(at, end, "</stream:features>");
        if (next != nullptr) c.out += c.step == greeting ? authentication(c) : std::string(bind);
        break;
      case authenticating:
        if (find_text(at, end, "<failure") != nullptr) return refuse(c, "sasl", at, end);
        next = after(at, end, "<success");
        if (next != nullptr) next = after(next, end, ">");
        if (next != nullptr) open_stream(c);
        break;
      case binding:
        next = after(at, end, "</iq>");
        if (next == nullptr) break;
        if (find_text(at, next, "error") != nullptr) return refuse(c, "bind", at, end);
        c.out += "<presence to='" + address_of_room(c) + "/" + nick(c) +
                 "'><x xmlns='http://jabber.org/protocol/muc'>"
                 "<history maxstanzas='0'/></x></presence>";
        break;
      default:
        return take_presence(c, at, end);
    }
    if (next != nullptr) {
      ++c.step;
      c.has_output = true;
    }
    return next;
  }

  /// One's own presence carries status 110 and comes last.
  const char* take_presence(connection& c, const char* at, const char* end) {
    const char* next = after(at, end, "code='110'");
    if (next == nullptr) next = after(at, end, "code=\"110\"");
    if (next != nullptr) {
      c.step = in_room;
      sink_.joined(c);
      return next;
    }
    if (find_text(at, end, "type='error'") != nullptr) return refuse(c, "muc join", at, end);
    constexpr std::ptrdiff_t keep = 64;  // others' presences may be long: only the end matters
    return end - at > 65536 ? end - keep : nullptr;
  }

  const char* refuse(connection& c, const char* why, const char* at, const char* end) {
    sink_.failed(c, why, text_between(at, end));
    return end;
  }

  static const char* after(const char* at, const char* end, std::string_view what) {
    const char* found = find_text(at, end, what);
    return found == nullptr ? nullptr : found + what.size();
  }

  std::string authentication(const connection& c) const {
    const std::string begin = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='";
    if (options_.user.empty()) return begin + "ANONYMOUS'/>";
    const std::string zero(1, '\0');
    return begin + "PLAIN'>" +
           base64(zero + options_.user + std::to_string(c.id) + zero + options_.password) +
           "</auth>";
  }

  static constexpr std::string_view bind =
      "<iq type='set' id='b1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";
};

}  // namespace

std::unique_ptr<driver> make_xmpp_driver(const load_options& o, sink& s) {
  return std::make_unique<xmpp_driver>(o, s);
}

}  // namespace greenroom::load
