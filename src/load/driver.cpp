// SPDX-License-Identifier: MIT
#include "load/driver.hpp"

#include "load/machine.hpp"
#include "load/template_text.hpp"

namespace greenroom::load {

std::unique_ptr<driver> make_driver(const load_options& o, sink& s) {
  if (o.proto == "wsraw") return make_websocket_driver(o, s);
  // Templates cost the generator less than documents do, and say less.
  if (o.proto == "greenroom" && o.mode != "mixed") return make_websocket_driver(o, s);
  if (o.proto.starts_with("greenroom")) return make_document_driver(o, s);
  return nullptr;
}

std::vector<std::string> tokens_of(const load_options& o) {
  if (!o.ws.token_list.empty() || o.ws.tokens.empty()) return o.ws.token_list;
  return split(read_file(o.ws.tokens), "\n");
}

void check_tokens(const std::vector<std::string>& tokens, const load_options& o,
                  std::size_t connections) {
  const auto wanted = connections + (o.ws.create_rooms ? 1 : 0);
  if (tokens.size() >= wanted) return;
  give_up(std::to_string(tokens.size()) + " tokens" +
          (o.ws.tokens.empty() ? "" : " in " + o.ws.tokens) + ", " + std::to_string(wanted) +
          " needed");
}

}  // namespace greenroom::load
