// SPDX-License-Identifier: MIT
#include "actors/process.hpp"

#include <algorithm>
#include <caf/io/all.hpp>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "actors/bridge.hpp"
#include "actors/canary.hpp"
#include "actors/cluster_interfaces.hpp"
#include "actors/environment.hpp"
#include "actors/gate.hpp"
#include "actors/hand_over.hpp"
#include "actors/listener_options.hpp"
#include "actors/node.hpp"
#include "actors/node_pages.hpp"
#include "actors/relay.hpp"
#include "actors/reload.hpp"
#include "actors/system_config.hpp"
#include "actors/transport.hpp"
#include "archive/keeper.hpp"
#include "config/dump.hpp"
#include "config/listen_address.hpp"
#include "net/admin_socket.hpp"
#include "net/server.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"
#include "telemetry/security_log.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;
using nlohmann::json;

/// Clients have this long to take what is queued for them when the node stops.
constexpr auto drain_grace = 3s;
constexpr auto actors_end_within = 5s;
constexpr std::size_t hash_queue_max = 256;
/// Exit code of a process whose root actor has failed (docs/operations.md).
constexpr int node_failed_exit_code = 71;

expected<node_id> identify(store::database& db) {
  if (const auto known = db.meta("node_id")) {
    if (const auto id = uuid::parse(*known)) {
      return *id;
    }
    return fail(ec::internal, "the node id in the store is damaged");
  }
  uuid_generator ids;
  const auto id = ids(now_ms());
  if (const auto ok = db.set_meta("node_id", id.str()); !ok) {
    return unexpected(ok.error());
  }
  return id;
}

}  // namespace

struct process::impl {
  greenroom::settings config;
  config::descriptor_plan descriptors;
  std::unique_ptr<telemetry::security_log> security_file;  ///< ends last: others write to it
  std::optional<security::identity> identity;
  std::unique_ptr<store::database> db;
  std::unique_ptr<store::log_writer> log;
  std::unique_ptr<switchboard> board;
  std::unique_ptr<system_config> caf_config;
  std::unique_ptr<caf::actor_system> system;
  environment_ptr env;
  std::shared_ptr<peers> links;
  node_actor root;
  std::unique_ptr<bridge> sockets_to_actors;
  std::unique_ptr<net::server> listener;
  std::unique_ptr<net::admin_socket> console;
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
  bool runs = false;  ///< it has been started, so its end is worth a line
  bool stopped = false;

  expected<void> start();
  expected<gate_actor> open_gate();
  std::shared_ptr<gate_slot> gates = std::make_shared<gate_slot>();
  gate_actor door;  ///< published on the cluster port
  expected<void> open_listener();
  expected<void> open_console();
  void stop();
};

process::process(std::unique_ptr<impl> state) : impl_(std::move(state)) {}

process::~process() {
  impl_->stop();
}

expected<std::unique_ptr<process>> process::start(const greenroom::settings& config,
                                                  const config::descriptor_plan& descriptors) {
  auto state = std::make_unique<impl>();
  state->config = config;
  state->descriptors = descriptors;
  auto out = std::unique_ptr<process>(new process(std::move(state)));
  if (const auto ok = out->impl_->start(); !ok) {
    return unexpected(ok.error());
  }
  return out;
}

std::uint16_t process::http_port() const noexcept {
  return impl_->listener ? impl_->listener->port() : std::uint16_t{0};
}

void process::stop() {
  impl_->stop();
}

void process::reload(std::uint32_t uid) {
  reload_by_signal(*impl_->env, uid);
}

// -- start -------------------------------------------------------------------------------------

expected<void> process::impl::start() {
  if (config.cluster.port != 0) {
    auto loaded =
        security::identity::load(config.cluster.certificate, config.cluster.key, config.cluster.ca);
    if (!loaded) {
      return unexpected(loaded.error());
    }
    if (loaded->name() != config.node.name) {
      return fail(ec::invalid_message, "the certificate is for " + loaded->name() +
                                           " and node.name is " + config.node.name);
    }
    identity = std::move(*loaded);
  }
  // Before anything is written: a second node by mistake leaves no folder behind.
  if (const auto ok = net::server::can_listen(config.http.address, config.http.port); !ok) {
    return ok;
  }
  if (const auto at = config::parse_listen_address(config.tcp.listen)) {
    if (const auto ok = net::server::can_listen(at->address, at->port); !ok) {
      return ok;
    }
  }
  std::error_code failed;
  std::filesystem::create_directories(config.node.data_dir, failed);
  if (failed) {
    return fail(ec::unavailable, "cannot create " + config.node.data_dir + ": " + failed.message());
  }
  std::filesystem::permissions(config.node.data_dir, std::filesystem::perms::owner_all, failed);
  store::database_options options;
  options.cache_bytes = std::size_t{config.store.cache_mib} << 20;
  options.write_buffer_bytes = std::size_t{config.store.write_buffer_mib} << 20;
  options.open_files_max = static_cast<int>(descriptors.store_files);
  auto opened =
      store::database::open(std::filesystem::path(config.node.data_dir) / "store", options);
  if (!opened) {
    return unexpected(opened.error());
  }
  db = std::move(*opened);
  const auto id = identify(*db);
  if (!id) {
    return unexpected(id.error());
  }
  log = std::make_unique<store::log_writer>(
      *db, config.log.durability == "os" ? store::durability::os : store::durability::fsync);
  board = std::make_unique<switchboard>(*id);
  actor_figures.store(config.telemetry.actors);
  caf_config = std::make_unique<system_config>(config);
  system = std::make_unique<caf::actor_system>(*caf_config);
  env = std::make_shared<environment>(config, *db, *log, *board);
  auto audit = telemetry::audit_log::open(
      std::filesystem::path(config.node.data_dir) / "audit.jsonl", config.node.name,
      std::uint64_t{config.audit.max_file_mib} << 20, config.audit.old_files);
  if (!audit) {
    return unexpected(audit.error());
  }
  env->audit = std::move(*audit);
  auto security = telemetry::security_log::open(
      std::filesystem::path(config.node.data_dir) / "security.jsonl", config.node.name,
      std::uint64_t{config.audit.max_file_mib} << 20, config.audit.old_files);
  if (!security) {
    return unexpected(security.error());
  }
  security_file = std::move(*security);
  const archive::keeper_options backups{std::filesystem::path(config.node.data_dir) / "backups",
                                        config.backup.every, config.backup.keep, GREENROOM_VERSION,
                                        config::to_json(config)};
  env->backups = std::make_shared<archive::backup_keeper>(*db, backups);
  env->workers = std::make_shared<worker_pool>(
      *system, config.auth.hash_workers, hash_queue_max,
      security::password_cost{config.auth.argon2_memory_mib, config.auth.argon2_ops});
  links = std::make_shared<peers>(*board);
  board->set_peers(links.get());
  board->set_relay_factory([this](const uuid& room) {
    return room == board->self() ? relay_actor(system->spawn<canary>(env))
                                 : relay_actor(system->spawn<relay>(env, room));
  });
  board->on_change([raw = board.get()] {
    for (const auto& r : raw->relays()) {
      caf::anon_send(r, routes_atom::value);
    }
    for (const auto& s : raw->sessions()) {
      caf::anon_send(s, routes_atom::value);
    }
    for (const auto& s : raw->local_shards()) {
      caf::anon_send(s, routes_atom::value);
    }
    if (const auto p = raw->presence()) {
      caf::anon_send(*p, routes_atom::value);
    }
  });
  if (identity) {
    // Before the listener: whoever asks it for figures reads them.
    env->certificates = {{"node", identity->expires_at()}, {"ca", identity->ca_expires_at()}};
  }
  if (const auto ok = open_listener(); !ok) {
    return ok;
  }
  gate_actor first_gate;
  if (identity) {
    env->nodes = std::make_shared<transport>(*system, *identity);
    auto opened_gate = open_gate();
    if (!opened_gate) {
      return unexpected(opened_gate.error());
    }
    first_gate = *opened_gate;
  }
  root = system->spawn<node>(env, links, identity, [this, first = std::move(first_gate)]() mutable {
    if (first || !identity) {
      return std::exchange(first, gate_actor{});
    }
    auto again = open_gate();
    if (!again) {
      telemetry::log("main").error("{}", again.error().message);
      return gate_actor{};
    }
    return *again;
  });
  // Nobody supervises the node's actor but whoever starts processes.
  caf::actor_cast<caf::strong_actor_ptr>(root)->get()->attach_functor([](const caf::error& why) {
    if (why && why != caf::exit_reason::user_shutdown) {
      // Not through the log: its thread would not get to write the line any more.
      std::fputs("greenroom: the node's actor has failed, the process ends\n", stderr);
      std::_Exit(node_failed_exit_code);
    }
  });
  if (const auto ok = open_console(); !ok) {
    return ok;
  }
  auto& out = telemetry::log("main");
  out.info("greenroomd {} as {}, node {}", GREENROOM_VERSION, config.node.name, id->str());
  out.info("clients: http://{}:{} and ws://{}:{}/ws", config.http.address, listener->port(),
           config.http.address, listener->port());
  if (const auto at = config::parse_listen_address(config.tcp.listen)) {
    out.info("clients: binary framing over TCP, {} port {}", at->address, listener->tcp_port());
  }
  out.info("data: {}, durability {}", config.node.data_dir, config.log.durability);
  if (identity) {
    out.info("cluster port: {}:{} (TLS), advertised as {}", config.cluster.address,
             config.cluster.port, config.cluster.advertise);
  }
  runs = true;
  return {};
}

expected<gate_actor> process::impl::open_gate() {
  auto context = std::make_shared<link_context>(
      link_context{env, links, *identity, [raw = this] {
                     peer_info self{raw->board->self(),
                                    raw->config.node.name,
                                    placement::version_in_map(GREENROOM_VERSION),
                                    raw->config.cluster.advertise,
                                    uuid{},
                                    raw->log->kept()};
                     if (const auto map = raw->board->routes()->map) {
                       self.cluster_id = map->cluster_id;
                     }
                     return self;
                   }});
  auto handle = system->spawn<gate>(link_context_ptr(std::move(context)));
  gates->set(handle);
  if (!door) {
    door = system->spawn<gate_door>(gates);
    if (const auto ok = env->nodes->open(config.cluster, door); !ok) {
      return unexpected(ok.error());
    }
  }
  return handle;
}

expected<void> process::impl::open_listener() {
  const auto options = server_options_of(config, descriptors);
  sockets_to_actors = std::make_unique<bridge>(*system, env, std::max(1U, options.io_threads));
  auto started_server = net::server::start(options, *sockets_to_actors, node_pages_of(env, links));
  if (!started_server) {
    return unexpected(started_server.error());
  }
  listener = std::move(*started_server);
  env->sockets.store(&listener->sockets());
  env->health.set_http_address(config.http.address + ":" + std::to_string(listener->port()));
  return {};
}

expected<void> process::impl::open_console() {
  auto socket = net::admin_socket::start(
      config.admin.socket, [env = env](json request, std::function<void(json)> done) {
        const auto handle = env->admin.get();
        if (!handle) {
          done({{"ok", false},
                {"error", {{"code", "unreachable"}, {"message", "the node is starting"}}}});
          return;
        }
        auto r = std::make_shared<admin_request>();
        r->request = std::move(request);
        r->done = answer_once(std::move(done));
        caf::anon_send(*handle, admin_request_ptr(std::move(r)));
      });
  if (!socket) {
    return unexpected(socket.error());
  }
  console = std::move(*socket);
  return {};
}

// -- stop --------------------------------------------------------------------------------------

void process::impl::stop() {
  if (std::exchange(stopped, true)) {
    return;
  }
  if (env) {
    env->health.set_draining();
  }
  if (root && board) {
    hand_over(*board, root);
  }
  if (listener) {
    // Shared: the listener may report after this has given up waiting.
    struct drain_state {
      std::mutex mutex;
      std::condition_variable drained;
      bool done = false;
    };
    const auto state = std::make_shared<drain_state>();
    listener->drain(drain_grace, [state] {
      const std::lock_guard lock(state->mutex);
      state->done = true;
      state->drained.notify_one();
    });
    std::unique_lock lock(state->mutex);
    state->drained.wait_for(lock, drain_grace + 1s, [&] { return state->done; });
  }
  console.reset();
  if (board) {
    board->on_change({});
    board->set_peers(nullptr);
  }
  if (env) {
    env->sockets.store(nullptr);
  }
  if (listener) {
    // It stays until the actors have ended: one of them may be about to call it.
    listener->stop();
    sockets_to_actors->forget();
  }
  if (root) {
    caf::anon_send(root, stop_atom::value);
    root = node_actor{};
    if (env->nodes) {
      env->nodes->close_port();
    }
    if (door) {
      caf::anon_send_exit(door, caf::exit_reason::user_shutdown);
      door = gate_actor{};
    }
  } else if (door) {
    // The start has failed before there was a node to end them.
    caf::anon_send_exit(gates->get(), caf::exit_reason::user_shutdown);
    caf::anon_send_exit(door, caf::exit_reason::user_shutdown);
    door = gate_actor{};
    gates->set(gate_actor{});
  }
  if (board) {
    board->forget_local();
  }
  if (links) {
    links->forget_local();
  }
  if (env) {
    env->admin.set(std::nullopt);
    if (env->workers) {
      env->workers->stop();
    }
    if (env->backups) {
      env->backups->stop();
    }
  }
  if (system) {
    const auto deadline = std::chrono::steady_clock::now() + actors_end_within;
    while (system->registry().running() > 0) {
      if (std::chrono::steady_clock::now() >= deadline) {
        // What was acknowledged is synced: ending here loses nothing but tidiness.
        telemetry::log("main").warn("{} actors did not end in time", system->registry().running());
        security_file.reset();
        telemetry::stop_logging();
        std::_Exit(0);
      }
      std::this_thread::sleep_for(5ms);
    }
  }
  listener.reset();
  sockets_to_actors.reset();
  if (env && env->nodes) {
    env->nodes->close();
  }
  gates.reset();
  log.reset();  // before the system: its last callbacks still send
  system.reset();
  db.reset();
  if (runs) telemetry::log("main").info("stopped");
}

}  // namespace greenroom::actors
