// SPDX-License-Identifier: MIT
#include "protocol/chain.hpp"

#include <openssl/evp.h>
#include <sodium.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

namespace greenroom::protocol {

namespace {

static_assert(std::tuple_size_v<digest> == crypto_hash_sha256_BYTES);

/// Of the bytes that are hashed; another one would make other digests.
constexpr std::uint8_t form = 1;

/// Gathers what is hashed: numbers big-endian and of fixed width, texts behind their length, so
/// that no two values have the same bytes.
class gathered {
 public:
  explicit gathered(std::size_t expected) { bytes_.reserve(expected); }

  template <class Number>
  gathered& number(Number v) {
    for (int shift = 8 * (static_cast<int>(sizeof v) - 1); shift >= 0; shift -= 8)
      bytes_ += static_cast<char>(static_cast<std::uint64_t>(v) >> shift & 0xff);
    return *this;
  }
  gathered& id(const uuid& v) {
    bytes_ += v.raw();
    return *this;
  }
  gathered& id(const std::optional<uuid>& v) {
    number(static_cast<std::uint8_t>(v ? 1 : 0));
    return id(v.value_or(uuid{}));
  }
  gathered& text(std::string_view v) {
    number(static_cast<std::uint32_t>(v.size()));
    bytes_ += v;
    return *this;
  }
  gathered& raw(const digest& v) {
    bytes_.append(reinterpret_cast<const char*>(v.data()), v.size());
    return *this;
  }
  [[nodiscard]] digest hash() const noexcept { return sha256(bytes_); }

 private:
  std::string bytes_;
};

/// SHA-256 as OpenSSL has it, which uses the processor's instructions for it: three digests of each
/// message are made by one thread, and in portable code that is several times the work. One to a
/// thread, because looking the algorithm up takes longer than hashing.
class hasher {
 public:
  /// False: it does not do it (no memory, or a configuration of OpenSSL without SHA-256).
  [[nodiscard]] bool hash(std::string_view bytes, digest& to) const noexcept {
    return algorithm_ != nullptr && context_ != nullptr &&
           EVP_DigestInit_ex2(context_.get(), algorithm_.get(), nullptr) == 1 &&
           EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1 &&
           EVP_DigestFinal_ex(context_.get(), to.data(), nullptr) == 1;
  }

 private:
  struct freed {
    void operator()(EVP_MD* md) const noexcept { EVP_MD_free(md); }
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD, freed> algorithm_{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
  std::unique_ptr<EVP_MD_CTX, freed> context_{EVP_MD_CTX_new()};
};

int value_of(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

digest sha256(std::string_view bytes) noexcept {
  thread_local const hasher ours;
  digest d{};
  if (!ours.hash(bytes, d)) {
    const auto* from = reinterpret_cast<const unsigned char*>(bytes.data());
    crypto_hash_sha256(d.data(), from, bytes.size());
  }
  return d;
}

std::string to_hex(const digest& d) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * d.size());
  for (const auto byte : d) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::optional<digest> digest_from_hex(std::string_view text) noexcept {
  digest d{};
  if (text.size() != 2 * d.size()) return std::nullopt;
  for (std::size_t i = 0; i < d.size(); ++i) {
    const int high = value_of(text[2 * i]);
    const int low = value_of(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    d[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return d;
}

digest content_digest(const message& m) {
  // The keys of a JSON object are sorted in memory, so equal values have one text. An empty object
  // is none: documents show it as null.
  const auto metadata =
      m.metadata.empty()
          ? std::string{}
          : m.metadata.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  gathered all(160 + m.content.size() + metadata.size() + 16 * m.mentions.size());
  all.number(form).id(m.id).id(m.message_id).id(m.sender_id);
  all.number(static_cast<std::uint8_t>(m.type));
  all.number(static_cast<std::uint8_t>(m.deleted_at != 0 ? 1 : 0));
  all.text(m.content).text(metadata).id(m.reply_to).id(m.thread);
  all.number(static_cast<std::uint32_t>(m.mentions.size()));
  for (const auto& who : m.mentions)
    all.id(who);
  return all.hash();
}

digest entry_digest(const chained_entry& e) {
  gathered all(128 + e.emoji.size());
  all.number(form).number(e.seq).number(e.time).id(e.by).number(e.kind);
  all.number(e.message_seq).number(e.change).text(e.emoji);
  all.number(e.event).id(e.user_id).raw(e.content);
  return all.hash();
}

digest chained(const digest& head, const digest& entry) noexcept {
  std::array<char, 2 * std::tuple_size_v<digest>> both;
  std::copy(head.begin(), head.end(), both.begin());
  std::copy(entry.begin(), entry.end(), both.begin() + head.size());
  return sha256({both.data(), both.size()});
}

}  // namespace greenroom::protocol
