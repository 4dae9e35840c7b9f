/* SPDX-License-Identifier: MIT */
#include "raft/libraft_shim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "raft/libraft_inside.h"

struct gr_raft {
  struct raft raft;
  struct gr_message* messages;
  size_t message_capacity;
  char error[RAFT_ERRMSG_BUF_SIZE];
};

static enum gr_result result_of(struct gr_raft* self, int code) {
  if (code != 0) snprintf(self->error, sizeof self->error, "%s", raft_strerror(code));
  switch (code) {
    case 0:
      return GR_OK;
    case RAFT_NOTLEADER:
      return GR_NOT_LEADER;
    case RAFT_CANTCHANGE:
    case RAFT_BADID:
    case RAFT_NOTFOUND:
      return GR_REFUSED;
    default:
      return GR_BROKEN;
  }
}

static struct raft_event event_of(enum raft_event_type type) {
  struct raft_event event;
  memset(&event, 0, sizeof event);
  event.type = type;
  return event;
}

/* One step. `entries` is the array of the event, if it has one. */
static enum gr_result step(struct gr_raft* self, struct raft_event* event, uint64_t now,
                           const struct raft_entry* entries, size_t entry_count,
                           struct gr_update* out) {
  struct raft_update update = {0};
  memset(out, 0, sizeof *out);
  event->time = now;
  const int rv = raft_step(&self->raft, event, &update);
  if (rv != 0) return result_of(self, rv);

  /* The library's flags are macros without parentheses. */
  out->hard_changed = (update.flags & ((RAFT_UPDATE_CURRENT_TERM) | (RAFT_UPDATE_VOTED_FOR))) != 0;
  if (update.flags & (RAFT_UPDATE_ENTRIES)) {
    const struct raft_entry* first = update.entries.batch;
    out->entries_index = update.entries.index;
    out->entries_count = update.entries.n;
    if (entries != NULL && first >= entries && first < entries + entry_count) {
      out->entries_offset = (size_t)(first - entries);
    } else {
      out->own_barrier = 1;
    }
    /* A submitted batch comes back as well; either way it is not the library's any more. */
    raft_free(first->batch);
  }
  if (update.messages.n > self->message_capacity) {
    struct gr_message* grown = realloc(self->messages, update.messages.n * sizeof *grown);
    if (grown == NULL) return result_of(self, RAFT_NOMEM);
    self->messages = grown;
    self->message_capacity = update.messages.n;
  }
  for (unsigned i = 0; i < update.messages.n; i++) {
    gr_copy_message(&update.messages.batch[i], &self->messages[i]);
  }
  if (update.flags & (RAFT_UPDATE_SNAPSHOT)) {
    out->install = 1;
    raft_configuration_close(&update.snapshot.metadata.configuration);
  }
  out->messages = self->messages;
  out->message_count = update.messages.n;
  return GR_OK;
}

struct gr_raft* gr_raft_new(uint64_t id, unsigned seed, unsigned election_ms, unsigned heartbeat_ms,
                            unsigned inflight_entries) {
  struct gr_raft* self = calloc(1, sizeof *self);
  if (self == NULL) return NULL;
  const struct address a = gr_address_of(id);
  if (raft_init(&self->raft, NULL, NULL, id, a.text) != 0) {
    free(self);
    return NULL;
  }
  raft_seed(&self->raft, seed);
  raft_set_election_timeout(&self->raft, election_ms);
  raft_set_heartbeat_timeout(&self->raft, heartbeat_ms);
  raft_set_max_inflight_entries(&self->raft, inflight_entries);
  raft_set_pre_vote(&self->raft, true);
  /* The message is only a hint to fetch a state. Rejections count only at the snapshot of which the
   * hint spoke, and the heartbeats are at the newest: after a cut only the time-out helps. */
  raft_set_install_snapshot_timeout(&self->raft, election_ms);
  return self;
}

void gr_raft_free(struct gr_raft* self) {
  if (self == NULL) return;
  raft_close(&self->raft, NULL);
  free(self->messages);
  free(self);
}

const char* gr_raft_error(struct gr_raft* self) {
  return self->error;
}

static int is_voteless(const struct raft* r) {
  for (unsigned i = 0; i < r->configuration.n; i++) {
    const struct raft_server* s = &r->configuration.servers[i];
    if (s->id == r->id) return s->role != RAFT_VOTER;
  }
  return 1;
}

static int is_sole_voter(const struct raft_configuration* c, uint64_t id) {
  int votes = 0;
  for (unsigned i = 0; i < c->n; i++) {
    if (c->servers[i].role != RAFT_VOTER) continue;
    if (c->servers[i].id != id) return 0;
    votes = 1;
  }
  return votes;
}

void gr_raft_state(struct gr_raft* self, struct gr_state* out) {
  struct raft* r = &self->raft;
  raft_id leader = 0;
  const char* address = NULL;
  raft_leader(r, &leader, &address);
  out->role = (enum gr_role)raft_state(r);
  out->term = raft_current_term(r);
  out->voted_for = raft_voted_for(r);
  out->leader = leader;
  out->last_index = raft_last_index(r);
  out->last_stored = r->last_stored;
  out->commit_index = raft_commit_index(r);
  out->timeout = raft_timeout(r);
  out->voteless = is_voteless(r);
  out->sole_voter = is_sole_voter(&r->configuration, r->id);
  out->uncommitted = r->configuration_uncommitted_index;
}

uint64_t gr_raft_match(struct gr_raft* self, uint64_t id) {
  raft_index match = 0;
  return raft_match_index(&self->raft, id, &match) == 0 ? match : 0;
}

enum gr_result gr_raft_start(struct gr_raft* self, uint64_t now, const struct gr_start* from,
                             struct gr_update* out) {
  struct raft_event event = event_of(RAFT_START);
  struct raft_snapshot_metadata metadata = {0};
  event.start.term = from->term;
  event.start.voted_for = from->voted_for;
  event.start.start_index = from->first_index;
  if (from->snapshot_index != 0) {
    const struct gr_snapshot at = {from->snapshot_index, from->snapshot_term,
                                   from->snapshot_configuration};
    const int rv = gr_to_metadata(&at, &metadata);
    if (rv != 0) return result_of(self, rv);
    event.start.metadata = &metadata;
  }
  size_t count = 0;
  if (from->run_count > 0) {
    count = from->runs[from->run_count - 1].last_index - from->first_index + 1;
  }
  struct raft_entry* entries = count > 0 ? gr_make_log(from, count) : NULL;
  if (count > 0 && entries == NULL) return result_of(self, RAFT_NOMEM);
  event.start.entries = entries;
  event.start.n_entries = (unsigned)count;
  const enum gr_result result = step(self, &event, now, NULL, 0, out);
  /* A start that fails may have freed both; nobody goes on after it, so they may leak. */
  if (result == GR_OK && entries != NULL) {
    raft_free(entries[0].batch);
    gr_free_entries(entries, count);
  }
  return result;
}

/* A rejection that was overtaken by a success. While probing the library takes it for news and sets
 * the next index to one the follower has confirmed already; from then on it only sends heartbeats,
 * and the follower stays behind as long as this leader leads. */
static bool is_stale_rejection(struct gr_raft* self, const struct gr_message* m) {
  return m->kind == GR_APPEND_RESULT && m->rejected != 0 &&
         m->term == raft_current_term(&self->raft) && m->rejected <= gr_raft_match(self, m->peer);
}

/* Who is asked for a vote looks at its log, not at whether its own configuration lets it vote: the
 * entry that gave it the vote may be committed without having reached it, and the one that takes it
 * away may never be; the group may need it (Ongaro 2014, section 4.2.2). The library refuses, so
 * for this step, which only looks for itself in the configuration, we are a voter. Not without a
 * log: who has none would vote for anybody. */
static enum gr_result step_as_voter(struct gr_raft* self, struct raft_event* event, uint64_t now,
                                    struct gr_update* out) {
  struct raft* r = &self->raft;
  if (!is_voteless(r) || raft_state(r) == RAFT_LEADER || raft_last_index(r) == 0) {
    return step(self, event, now, NULL, 0, out);
  }
  struct raft_server me = {.id = r->id, .address = r->address, .role = RAFT_VOTER};
  const struct raft_configuration group = r->configuration;
  r->configuration = (struct raft_configuration){.servers = &me, .n = 1};
  const enum gr_result result = step(self, event, now, NULL, 0, out);
  r->configuration = group;
  return result;
}

enum gr_result gr_raft_receive(struct gr_raft* self, uint64_t now, const struct gr_message* m,
                               struct gr_update* out) {
  const struct address sender = gr_address_of(m->peer);
  struct raft_event event = event_of(RAFT_RECEIVE);
  struct raft_message message;
  memset(out, 0, sizeof *out);
  if (is_stale_rejection(self, m)) return GR_OK;
  memset(&message, 0, sizeof message);
  message.type = (enum raft_message_type)m->kind;
  message.server_id = m->peer;
  message.server_address = sender.text;
  gr_fill_message(m, &message);
  if (m->kind == GR_INSTALL_SNAPSHOT) { /* goes to the library, which may give it back */
    const int rv = gr_to_configuration(&m->servers, &message.install_snapshot.conf);
    if (rv != 0) return result_of(self, rv);
  }
  struct raft_entry* entries = NULL;
  if (m->kind == GR_APPEND_ENTRIES && m->entry_count > 0) {
    entries = gr_make_entries(m->entries, m->entry_count);
    if (entries == NULL) return result_of(self, RAFT_NOMEM);
    message.append_entries.entries = entries;
    message.append_entries.n_entries = (unsigned)m->entry_count;
  }
  event.receive.message = &message;
  if (m->kind == GR_REQUEST_VOTE) return step_as_voter(self, &event, now, out);
  const enum gr_result result = step(self, &event, now, entries, m->entry_count, out);
  gr_free_entries(entries, m->entry_count);
  return result;
}

enum gr_result gr_raft_configured(struct gr_raft* self, uint64_t now,
                                  const struct gr_configuration* c, struct gr_update* out) {
  struct raft_event event = event_of(RAFT_CONFIGURATION);
  event.configuration.index = c->index;
  /* The library takes the configuration. */
  const int rv = gr_to_configuration(&c->servers, &event.configuration.conf);
  if (rv != 0) return result_of(self, rv);
  return step(self, &event, now, NULL, 0, out);
}

enum gr_result gr_raft_configured_open(struct gr_raft* self, uint64_t now, struct gr_update* out) {
  const struct raft_configuration* open = &self->raft.configuration;
  struct raft_event event = event_of(RAFT_CONFIGURATION);
  event.configuration.index = self->raft.configuration_uncommitted_index;
  raft_configuration_init(&event.configuration.conf);
  for (unsigned i = 0; i < open->n; i++) {
    const struct raft_server* s = &open->servers[i];
    const int rv = raft_configuration_add(&event.configuration.conf, s->id, s->address, s->role);
    if (rv != 0) return result_of(self, rv);
  }
  return step(self, &event, now, NULL, 0, out);
}

enum gr_result gr_raft_submit(struct gr_raft* self, uint64_t now, const struct gr_entry* entries,
                              size_t count, struct gr_update* out) {
  struct raft_event event = event_of(RAFT_SUBMIT);
  struct raft_entry* array = gr_make_entries(entries, count);
  if (array == NULL) return result_of(self, RAFT_NOMEM);
  event.submit.entries = array;
  event.submit.n = (unsigned)count;
  const enum gr_result result = step(self, &event, now, array, count, out);
  if (result != GR_OK) raft_free(array[0].batch);
  gr_free_entries(array, count);
  return result;
}

enum gr_result gr_raft_cut(struct gr_raft* self, uint64_t now, const struct gr_snapshot* at,
                           unsigned trailing, struct gr_update* out) {
  struct raft_event event = event_of(RAFT_SNAPSHOT);
  event.snapshot.trailing = trailing;
  const int rv = gr_to_metadata(at, &event.snapshot.metadata);
  if (rv != 0) return result_of(self, rv);
  return step(self, &event, now, NULL, 0, out);
}

enum gr_result gr_raft_installed(struct gr_raft* self, uint64_t now, const struct gr_snapshot* at,
                                 struct gr_update* out) {
  struct raft_event event = event_of(RAFT_PERSISTED_SNAPSHOT);
  event.persisted_snapshot.last = true;
  const int rv = gr_to_metadata(at, &event.persisted_snapshot.metadata);
  if (rv != 0) return result_of(self, rv);
  return step(self, &event, now, NULL, 0, out);
}

enum gr_result gr_raft_event(struct gr_raft* self, uint64_t now, enum gr_event what,
                             uint64_t argument, struct gr_update* out) {
  struct raft_event event = event_of(RAFT_TIMEOUT);
  if (what == GR_PERSISTED) {
    event.type = RAFT_PERSISTED_ENTRIES;
    event.persisted_entries.index = argument;
  } else if (what == GR_TRANSFER) {
    event.type = RAFT_TRANSFER;
    event.transfer.server_id = argument;
  }
  return step(self, &event, now, NULL, 0, out);
}
