// SPDX-License-Identifier: MIT
#include "cli/chat_options.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "client/node_address.hpp"

namespace greenroom::cli {

CLI::App* add_chat(CLI::App& program, chat_options& o) {
  auto* command = program.add_subcommand("chat", "Chat in a terminal or a pipe");
  command->footer(
      "Examples:\n"
      "  greenroom chat --user alice --register\n"
      "  greenroom chat --node 127.0.0.1:8080,127.0.0.1:8081 --user bob --room lobby\n"
      "  echo hello | greenroom chat --user bot --password-file secret --room lobby --output json\n"
      "\n"
      "In a pipe every line is sent (or is a /command), one after the other: each waits for the\n"
      "acknowledgement of the one before, and for its turn when the node says RATE_LIMIT. With\n"
      "--output json each event is one line of JSON with the event's type in \"event\". Ends when\n"
      "all sends are acknowledged; the exit code is 1 when one failed, 4 when the sign-in was\n"
      "refused or the session revoked, 5 when no node could be signed in to.\n"
      "\n"
      "The password comes from --password-file, from GREENROOM_PASSWORD, or is asked for on a\n"
      "terminal. Without one of the first two, the session kept by an earlier start is used:\n"
      "  ~/.local/state/greenroom/HOST_PORT-USER.token (in $XDG_STATE_HOME, if that is set)\n"
      "Remove the file, or use --no-save, to sign in by password.");
  o.nodes = {"127.0.0.1:8080"};
  command
      ->add_option("--node", o.nodes, "host:port, or several with commas; without :port it is 8080")
      ->delimiter(',')
      ->transform([](const std::string& text) {
        const auto node = client::split_node(text);
        if (!node) throw CLI::ValidationError("--node", node.error().message);
        return node->str();
      });
  command->add_option("--user", o.user, "Your user name")->required();
  command->add_flag("--register", o.create, "The account is new");
  command->add_option("--password-file", o.password_file, "File with the password")
      ->check(CLI::ExistingFile);
  command->add_option("--room", o.room, "Alias or id of a room to join at once");
  command->add_option("--output", o.output, "text or json")->check(CLI::IsMember({"text", "json"}));
  command->add_option("--execute", o.execute,
                      "A line to run, more than one is fine. Standard input is then read only on "
                      "a terminal");
  command->add_flag("--no-save", o.no_save, "Neither use nor keep a session between two starts");
  command->add_flag("--tcp", o.tcp,
                    "Speak the binary framing over TCP; --node names ports of tcp.listen then");
  return command;
}

}  // namespace greenroom::cli
