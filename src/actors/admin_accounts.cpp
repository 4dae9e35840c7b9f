// SPDX-License-Identifier: MIT
/// Accounts that operators make, and new passwords that they give. A password is generated here, is
/// in the answer and nowhere else: no log, no line of the audit, no argument.

#include "actors/admin.hpp"
#include "actors/admin_answers.hpp"
#include "protocol/enum_names.hpp"
#include "protocol/limits.hpp"
#include "protocol/text.hpp"
#include "security/passwords.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;

constexpr auto name_is = "user: a name (3 to 32 characters of a-z 0-9 . _ -)";

std::optional<std::string> name_in(const json& args) {
  const auto it = args.find("user");
  if (it == args.end() || !it->is_string()) {
    return std::nullopt;
  }
  return protocol::fold_name(it->get<std::string>(), limits::username_chars_min,
                             limits::username_chars_max);
}

}  // namespace

/// Registers it as anybody would, gives it its role, and ends the session that a registration
/// begins.
void admin::create_user(const admin_request& r, const json& args, clock::time_point deadline) {
  const auto name = name_in(args);
  if (!name) {
    r.done(failure("usage", name_is));
    return;
  }
  const auto wanted = args.contains("role") && args["role"].is_string()
                          ? args["role"].get<std::string>()
                          : std::string("user");
  const auto role = protocol::enum_value<protocol::user_role>(wanted);
  if (!role) {
    r.done(failure("usage", "role is one of user, bot, admin"));
    return;
  }
  const auto id = user_id_of(*name);
  if (args.value("dry_run", false)) {
    ask(id, user_get{}, deadline,
        [done = r.done, name = *name, id, wanted](const reply_body& reply) {
          const auto why = refusal_in(reply);
          if (why && why->code != ec::user_not_found) {
            const auto [code, text] = as_console_says(*why);
            done(failure(code, text));
          } else if (!why) {
            done(failure("refused", "this name is taken"));
          } else {
            done(answer_of(
                {"user", "id", "role", "created"},
                {{"user", name}, {"id", id.str()}, {"role", wanted}, {"created", false}}));
          }
        });
    return;
  }
  const auto password = security::generate_password();
  user_register body;
  body.what.username = *name;
  body.what.password = password;
  body.what.device_id = "console";
  body.address = "console";
  const auto finish = [done = r.done, name = *name, id, wanted, password] {
    done(answer_of({"user", "password"}, {{"user", name},
                                          {"password", password},
                                          {"id", id.str()},
                                          {"role", wanted},
                                          {"created", true}}));
  };
  const auto failed = [done = r.done, name = *name](const error& why, bool exists) {
    const auto [code, text] = as_console_says(why);
    done(failure(code, exists ? name + " is there, but without the role: " + text +
                                    "; its password: user reset-password " + name
                              : text));
  };
  ask(id, std::move(body), deadline,
      [this, id, role = *role, deadline, finish, failed](const reply_body& reply) {
        if (const auto why = refusal_in(reply)) {
          failed(*why, false);
          return;
        }
        if (const auto* opened = std::get_if<session_opened>(&reply)) {
          // From the user himself, as it is his own session; nobody waits for it, it expires
          // anyway.
          ask(id, user_logout{opened->response.session_id, false}, deadline,
              [](const reply_body&) {}, {id, {}, 0});
        }
        if (role == protocol::user_role::user) {
          finish();
          return;
        }
        ask(id, user_set_role{role}, deadline, [finish, failed](const reply_body& given) {
          if (const auto why = refusal_in(given)) {
            failed(*why, true);
          } else {
            finish();
          }
        });
      });
}

/// All sessions of the account end.
void admin::reset_password(const admin_request& r, const json& args, clock::time_point deadline) {
  const auto called = args.contains("user") && args["user"].is_string()
                          ? args["user"].get<std::string>()
                          : std::string();
  const auto parsed = uuid::parse(called);
  const auto name = name_in(args);
  if (!parsed && !name) {
    r.done(failure("usage", std::string(name_is) + " or an id"));
    return;
  }
  const auto id = parsed ? *parsed : user_id_of(*name);
  const auto password = security::generate_password();
  user_password body;
  body.new_password = password;
  body.by_admin = true;
  ask(id, std::move(body), deadline,
      [done = r.done, called, id, password](const reply_body& reply) {
        if (const auto why = refusal_in(reply)) {
          const auto [code, text] = as_console_says(*why);
          done(failure(code, text));
          return;
        }
        done(answer_of(
            {"user", "password"},
            {{"user", called}, {"password", password}, {"id", id.str()}, {"reset", true}}));
      });
}

}  // namespace greenroom::actors
