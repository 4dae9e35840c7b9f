// SPDX-License-Identifier: MIT
#include "protocol/document_tree.hpp"

#include <cmath>
#include <msgpack.hpp>

#include "protocol/json_parser.hpp"
#include "protocol/text.hpp"
#include "protocol/tree_builder.hpp"

namespace greenroom::protocol {

namespace {

using nlohmann::json;

/// What msgpack-c's parser reports. It holds no values itself; a length is only believed when that
/// many bytes could follow.
class msgpack_events : public msgpack::null_visitor {
 public:
  msgpack_events(tree_builder& tree, std::size_t bytes) : tree_(tree), bytes_(bytes) {}

  bool visit_nil() { return value(nullptr); }
  bool visit_boolean(bool v) { return value(v); }
  bool visit_positive_integer(std::uint64_t v) { return value(v); }
  bool visit_negative_integer(std::int64_t v) { return value(v); }
  bool visit_float32(float v) { return visit_float64(static_cast<double>(v)); }
  bool visit_float64(double v) {
    if (!std::isfinite(v)) return tree_.refuse("a number is not finite");
    return value(v);
  }
  bool visit_str(const char* data, std::uint32_t size) {
    const std::string_view text(data, size);
    if (!is_valid_utf8(text)) return tree_.refuse("a text is not valid UTF-8");
    return in_key_ ? tree_.key(std::string(text)) : tree_.scalar(std::string(text));
  }
  bool visit_bin(const char*, std::uint32_t) { return tree_.refuse("binary data has no place"); }
  bool visit_ext(const char*, std::uint32_t) { return tree_.refuse("extensions have no place"); }
  bool start_array(std::uint32_t items) { return begin(json::value_t::array, items); }
  bool end_array() { return tree_.end(); }
  bool start_map(std::uint32_t fields) { return begin(json::value_t::object, fields); }
  bool end_map() { return tree_.end(); }
  bool start_map_key() { return in_key_ = true; }
  bool end_map_key() { return !(in_key_ = false); }
  void parse_error(std::size_t, std::size_t offset) {
    tree_.refuse_at(offset, "this is not valid MessagePack");
  }
  void insufficient_bytes(std::size_t, std::size_t offset) {
    tree_.refuse_at(offset, "the document ends too early");
  }

 private:
  bool value(json&& v) {
    if (in_key_) return tree_.refuse("the key of a map is not a text");
    return tree_.scalar(std::move(v));
  }
  bool begin(json::value_t container, std::uint32_t size) {
    if (in_key_) return tree_.refuse("the key of a map is not a text");
    if (size > bytes_) return tree_.refuse("a length exceeds the document");
    return tree_.begin(container);
  }

  tree_builder& tree_;
  std::size_t bytes_;
  bool in_key_ = false;
};

void parse_msgpack(std::string_view bytes, tree_builder& tree) {
  msgpack_events events(tree, bytes.size());
  std::size_t end = 0;
  const bool done = msgpack::parse(bytes.data(), bytes.size(), end, events);
  if (tree.failed()) return;
  if (!done) {
    tree.refuse_at(end, "this is not valid MessagePack");
  } else if (end != bytes.size()) {
    tree.refuse_at(end, "there is something after the document");
  }
}

}  // namespace

tl::expected<json, tree_failure> read_tree(encoding enc, std::string_view bytes,
                                           const tree_limits& limits) {
  if (bytes.size() > limits.bytes) {
    return tl::unexpected(tree_failure{
        too_large("document", static_cast<std::int64_t>(limits.bytes)).value(), std::nullopt});
  }
  tree_builder tree(limits);
  try {
    if (enc == encoding::json) {
      json_parser(bytes, tree).parse();
    } else {
      parse_msgpack(bytes, tree);
    }
  } catch (const std::exception&) {
    // Only memory can run out here.
    return tl::unexpected(
        tree_failure{fail(ec::internal, "the document could not be read").value(), std::nullopt});
  }
  if (tree.failed()) return tl::unexpected(tree.take_failure());
  return tree.take_tree();
}

}  // namespace greenroom::protocol
