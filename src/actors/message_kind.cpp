// SPDX-License-Identifier: MIT
#include "actors/message_kind.hpp"

#include <cxxabi.h>

#include <bit>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <typeinfo>
#include <unordered_map>

namespace greenroom::actors {

namespace {

bool take_front(std::string_view& text, std::string_view front) {
  if (!text.starts_with(front)) {
    return false;
  }
  text.remove_prefix(front.size());
  return true;
}

std::string name_of_type(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> whole(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), &std::free);
  std::string_view name = status == 0 && whole ? whole.get() : type.name();
  if (take_front(name, "std::shared_ptr<")) {
    name.remove_suffix(1);
    if (name.ends_with(" const")) {
      name.remove_suffix(std::string_view(" const").size());
    }
  }
  if (name.find('<') == std::string_view::npos) {
    if (const auto at = name.rfind("::"); at != std::string_view::npos) {
      name.remove_prefix(at + 2);
    }
  }
  return std::string(name);
}

std::string made_name(message_kind kind) {
  using namespace message_kinds;
  const auto rest = kind & ((message_kind{1} << tag_shift) - 1);
  switch (kind >> tag_shift) {
    case of_type:
      return name_of_type(*std::bit_cast<const std::type_info*>(static_cast<std::uintptr_t>(kind)));
    case of_number: {
      if (rest == 0 || rest >= caf::type_nrs) {
        return "(empty)";
      }
      std::string_view name = caf::numbered_type_names[rest - 1];
      take_front(name, "@");
      return std::string(name);
    }
    case of_atom:
      return caf::to_string(static_cast<caf::atom_value>(rest));
    default:
      return caf::to_string(static_cast<caf::atom_value>(kind));
  }
}

}  // namespace

std::string name_of_message_kind(message_kind kind) {
  if (kind == 0) {
    return {};
  }
  // As many as there are types of messages.
  static thread_local std::unordered_map<message_kind, std::string> known;
  const auto it = known.find(kind);
  return it != known.end() ? it->second : known.emplace(kind, made_name(kind)).first->second;
}

}  // namespace greenroom::actors
