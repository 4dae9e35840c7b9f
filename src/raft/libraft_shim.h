/* SPDX-License-Identifier: MIT */
#ifndef GREENROOM_RAFT_LIBRAFT_SHIM_H
#define GREENROOM_RAFT_LIBRAFT_SHIM_H

/* libraft's raft_step() with flat structs: raft.h of 0.22.1 does not compile as C++, and its rules
 * about who frees what are kept in one place. Contents of entries never go in: the library keeps
 * only the terms, and looks into nothing but configurations. */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct gr_raft; /* one replica's core */

struct gr_server {
  uint64_t id;
  int voter;
};

struct gr_servers {
  const struct gr_server* list;
  size_t count;
};

struct gr_run {
  uint64_t last_index;
  uint64_t term;
};

struct gr_configuration {
  uint64_t index;
  struct gr_servers servers;
};

/* kind: 1 command, 2 barrier, 3 configuration (then `servers` is set) */
struct gr_entry {
  uint64_t term;
  int kind;
  struct gr_servers servers;
};

enum gr_message_kind {
  GR_APPEND_ENTRIES = 1,
  GR_APPEND_RESULT,
  GR_REQUEST_VOTE,
  GR_VOTE_RESULT,
  GR_INSTALL_SNAPSHOT,
  GR_TIMEOUT_NOW
};

/* Which fields count depends on the kind. */
struct gr_message {
  enum gr_message_kind kind;
  uint64_t peer; /* to or from */
  uint64_t term;
  uint64_t index; /* prev, last or last of a snapshot */
  uint64_t index_term;
  uint64_t commit;
  uint64_t rejected;
  uint64_t candidate;
  uint64_t configuration_index;
  int disrupt_leader;
  int pre_vote;
  int granted;
  const struct gr_entry* entries; /* received append entries only */
  size_t entry_count;
  struct gr_servers servers; /* received install snapshot only */
};

struct gr_start {
  uint64_t term;
  uint64_t voted_for;
  uint64_t snapshot_index; /* 0: none */
  uint64_t snapshot_term;
  struct gr_configuration snapshot_configuration;
  uint64_t first_index;
  const struct gr_run* runs;
  size_t run_count;
  const struct gr_configuration* configurations;
  size_t configuration_count;
};

/* What a step wants. `messages` is valid until the next call. */
struct gr_update {
  int hard_changed;
  uint64_t entries_index; /* 0: none */
  size_t entries_offset;  /* into the entries of the event */
  size_t entries_count;
  int own_barrier; /* the one entry is a barrier of the core itself */
  int install;     /* of the snapshot that was received */
  const struct gr_message* messages;
  size_t message_count;
};

struct gr_snapshot {
  uint64_t index;
  uint64_t term;
  struct gr_configuration configured;
};

/* As enum raft_state. */
enum gr_role { GR_FOLLOWER = 1, GR_CANDIDATE, GR_LEADER };

struct gr_state {
  enum gr_role role;
  uint64_t term;
  uint64_t voted_for;
  uint64_t leader;
  uint64_t last_index;
  uint64_t last_stored;
  uint64_t commit_index;
  uint64_t timeout;
  int voteless;         /* a standby, or not of the group */
  int sole_voter;       /* nobody else votes in the configuration that counts */
  uint64_t uncommitted; /* index of a configuration not known to be committed, 0: none */
};

/* Events without content. Argument: the index that is synced, nothing, or a server. */
enum gr_event { GR_PERSISTED, GR_TIMEOUT, GR_TRANSFER };

enum gr_result { GR_OK, GR_NOT_LEADER, GR_REFUSED, GR_BROKEN };

/* NULL: no memory. */
struct gr_raft* gr_raft_new(uint64_t id, unsigned seed, unsigned election_ms, unsigned heartbeat_ms,
                            unsigned inflight_entries);
void gr_raft_free(struct gr_raft* self);
const char* gr_raft_error(struct gr_raft* self);
void gr_raft_state(struct gr_raft* self, struct gr_state* out);
/* 0: not the leader, or not of the group. */
uint64_t gr_raft_match(struct gr_raft* self, uint64_t id);

enum gr_result gr_raft_start(struct gr_raft* self, uint64_t now, const struct gr_start* from,
                             struct gr_update* out);
enum gr_result gr_raft_receive(struct gr_raft* self, uint64_t now, const struct gr_message* m,
                               struct gr_update* out);
enum gr_result gr_raft_configured(struct gr_raft* self, uint64_t now,
                                  const struct gr_configuration* c, struct gr_update* out);
/* The configuration that is not known to be committed is. */
enum gr_result gr_raft_configured_open(struct gr_raft* self, uint64_t now, struct gr_update* out);
enum gr_result gr_raft_submit(struct gr_raft* self, uint64_t now, const struct gr_entry* entries,
                              size_t count, struct gr_update* out);
/* `trailing`: entries before and at the snapshot that are kept. */
enum gr_result gr_raft_cut(struct gr_raft* self, uint64_t now, const struct gr_snapshot* at,
                           unsigned trailing, struct gr_update* out);
enum gr_result gr_raft_installed(struct gr_raft* self, uint64_t now, const struct gr_snapshot* at,
                                 struct gr_update* out);
enum gr_result gr_raft_event(struct gr_raft* self, uint64_t now, enum gr_event what,
                             uint64_t argument, struct gr_update* out);

#ifdef __cplusplus
}
#endif

#endif
