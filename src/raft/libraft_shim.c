/* SPDX-License-Identifier: MIT */
#include "raft/libraft_shim.h"

#include <inttypes.h>
#include <raft.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libraft's own message versions (src/message.h of 0.22.1); from 2 on a vote's result says whether
 * it belongs to a pre-vote. */
enum { REQUEST_VOTE_VERSION = 2, VOTE_RESULT_VERSION = 2, APPEND_RESULT_VERSION = 2 };

struct gr_raft {
  struct raft raft;
  struct gr_message* messages;
  size_t message_capacity;
  char error[RAFT_ERRMSG_BUF_SIZE];
};

/* libraft wants an address per server and uses it only to tell two leaders apart. */
struct address {
  char text[24];
};

static struct address address_of(uint64_t id) {
  struct address a;
  snprintf(a.text, sizeof a.text, "%" PRIu64, id);
  return a;
}

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

static int to_configuration(const struct gr_servers* from, struct raft_configuration* to) {
  raft_configuration_init(to);
  for (size_t i = 0; i < from->count; i++) {
    const struct address a = address_of(from->list[i].id);
    const int role = from->list[i].voter ? RAFT_VOTER : RAFT_STANDBY;
    const int rv = raft_configuration_add(to, from->list[i].id, a.text, role);
    if (rv != 0) {
      raft_configuration_close(to);
      return rv;
    }
  }
  return 0;
}

static int encode_configuration(const struct gr_servers* from, struct raft_buffer* to) {
  struct raft_configuration c;
  int rv = to_configuration(from, &c);
  if (rv != 0) return rv;
  rv = raft_configuration_encode(&c, to);
  raft_configuration_close(&c);
  return rv;
}

/* All entries of an array share one batch, which libraft frees or hands back; ours is empty. The
 * encoded configurations are only read during the step and stay ours. Without memory the process
 * ends, so what was allocated until then is left. */
static struct raft_entry* new_entries(size_t count) {
  struct raft_entry* entries = raft_calloc(count, sizeof *entries);
  void* batch = raft_malloc(1);
  for (size_t i = 0; entries != NULL && i < count; i++)
    entries[i].batch = batch;
  return entries;
}

static void free_entries(struct raft_entry* entries, size_t count) {
  for (size_t i = 0; entries != NULL && i < count; i++) {
    if (entries[i].type == RAFT_CHANGE) raft_free(entries[i].buf.base);
  }
  raft_free(entries);
}

static struct raft_entry* make_entries(const struct gr_entry* from, size_t count) {
  struct raft_entry* entries = new_entries(count);
  for (size_t i = 0; entries != NULL && i < count; i++) {
    entries[i].term = from[i].term;
    entries[i].type = (enum raft_entry_type)from[i].kind;
    if (entries[i].type == RAFT_CHANGE &&
        encode_configuration(&from[i].servers, &entries[i].buf) != 0)
      return NULL;
  }
  return entries;
}

static void copy_message(const struct raft_message* from, struct gr_message* to) {
  memset(to, 0, sizeof *to);
  to->kind = (enum gr_message_kind)from->type;
  to->peer = from->server_id;
  switch (from->type) {
    case RAFT_APPEND_ENTRIES: /* its `entries` is not set: filling them in is the caller's */
      to->term = from->append_entries.term;
      to->index = from->append_entries.prev_log_index;
      to->index_term = from->append_entries.prev_log_term;
      to->commit = from->append_entries.leader_commit;
      to->entry_count = from->append_entries.n_entries;
      break;
    case RAFT_APPEND_ENTRIES_RESULT:
      to->term = from->append_entries_result.term;
      to->rejected = from->append_entries_result.rejected;
      to->index = from->append_entries_result.last_log_index;
      break;
    case RAFT_REQUEST_VOTE:
      to->term = from->request_vote.term;
      to->candidate = from->request_vote.candidate_id;
      to->index = from->request_vote.last_log_index;
      to->index_term = from->request_vote.last_log_term;
      to->disrupt_leader = from->request_vote.disrupt_leader;
      to->pre_vote = from->request_vote.pre_vote;
      break;
    case RAFT_REQUEST_VOTE_RESULT:
      to->term = from->request_vote_result.term;
      to->granted = from->request_vote_result.vote_granted;
      to->pre_vote = from->request_vote_result.pre_vote;
      break;
    case RAFT_INSTALL_SNAPSHOT: /* its `conf` and `data` are not set */
      to->term = from->install_snapshot.term;
      to->index = from->install_snapshot.last_index;
      to->index_term = from->install_snapshot.last_term;
      to->configuration_index = from->install_snapshot.conf_index;
      break;
    case RAFT_TIMEOUT_NOW:
      to->term = from->timeout_now.term;
      to->index = from->timeout_now.last_log_index;
      to->index_term = from->timeout_now.last_log_term;
      break;
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
    copy_message(&update.messages.batch[i], &self->messages[i]);
  }
  out->messages = self->messages;
  out->message_count = update.messages.n;
  return GR_OK;
}

struct gr_raft* gr_raft_new(uint64_t id, unsigned seed, unsigned election_ms, unsigned heartbeat_ms,
                            unsigned inflight_entries) {
  struct gr_raft* self = calloc(1, sizeof *self);
  if (self == NULL) return NULL;
  const struct address a = address_of(id);
  if (raft_init(&self->raft, NULL, NULL, id, a.text) != 0) {
    free(self);
    return NULL;
  }
  raft_seed(&self->raft, seed);
  raft_set_election_timeout(&self->raft, election_ms);
  raft_set_heartbeat_timeout(&self->raft, heartbeat_ms);
  raft_set_max_inflight_entries(&self->raft, inflight_entries);
  raft_set_pre_vote(&self->raft, true);
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

static struct raft_server* find_server(struct raft_configuration* c, uint64_t id) {
  for (unsigned i = 0; i < c->n; i++) {
    if (c->servers[i].id == id) return &c->servers[i];
  }
  return NULL;
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
  const struct raft_server* me = find_server(&r->configuration, r->id);
  out->standby = me != NULL && me->role == RAFT_STANDBY;
  out->sole_voter = is_sole_voter(&r->configuration, r->id);
  out->uncommitted = r->configuration_uncommitted_index;
}

uint64_t gr_raft_match(struct gr_raft* self, uint64_t id) {
  raft_index match = 0;
  return raft_match_index(&self->raft, id, &match) == 0 ? match : 0;
}

/* The library reads terms and configurations from an array of all entries, and keeps runs. */
static struct raft_entry* make_log(const struct gr_start* from, size_t count) {
  struct raft_entry* entries = new_entries(count);
  if (entries == NULL) return NULL;
  size_t run = 0;
  for (size_t i = 0; i < count; i++) {
    while (from->first_index + i > from->runs[run].last_index)
      run++;
    entries[i].term = from->runs[run].term;
    entries[i].type = RAFT_COMMAND;
  }
  for (size_t i = 0; i < from->configuration_count; i++) {
    const struct gr_configuration* c = &from->configurations[i];
    struct raft_entry* e = &entries[c->index - from->first_index];
    if (encode_configuration(&c->servers, &e->buf) != 0) return NULL;
    e->type = RAFT_CHANGE;
  }
  return entries;
}

enum gr_result gr_raft_start(struct gr_raft* self, uint64_t now, const struct gr_start* from,
                             struct gr_update* out) {
  struct raft_event event = event_of(RAFT_START);
  struct raft_snapshot_metadata metadata = {0};
  event.start.term = from->term;
  event.start.voted_for = from->voted_for;
  event.start.start_index = from->first_index;
  if (from->snapshot_index != 0) {
    metadata.index = from->snapshot_index;
    metadata.term = from->snapshot_term;
    metadata.configuration_index = from->snapshot_configuration.index;
    const int rv = to_configuration(&from->snapshot_configuration.servers, &metadata.configuration);
    if (rv != 0) return result_of(self, rv);
    event.start.metadata = &metadata;
  }
  size_t count = 0;
  if (from->run_count > 0) {
    count = from->runs[from->run_count - 1].last_index - from->first_index + 1;
  }
  struct raft_entry* entries = count > 0 ? make_log(from, count) : NULL;
  if (count > 0 && entries == NULL) return result_of(self, RAFT_NOMEM);
  event.start.entries = entries;
  event.start.n_entries = (unsigned)count;
  const enum gr_result result = step(self, &event, now, NULL, 0, out);
  /* A start that fails may have freed both; nobody goes on after it, so they may leak. */
  if (result == GR_OK && entries != NULL) {
    raft_free(entries[0].batch);
    free_entries(entries, count);
  }
  return result;
}

static void fill_message(const struct gr_message* from, struct raft_message* to) {
  switch (from->kind) {
    case GR_APPEND_ENTRIES:
      to->append_entries.term = from->term;
      to->append_entries.prev_log_index = from->index;
      to->append_entries.prev_log_term = from->index_term;
      to->append_entries.leader_commit = from->commit;
      break;
    case GR_APPEND_RESULT:
      to->append_entries_result.version = APPEND_RESULT_VERSION;
      to->append_entries_result.term = from->term;
      to->append_entries_result.rejected = from->rejected;
      to->append_entries_result.last_log_index = from->index;
      break;
    case GR_REQUEST_VOTE:
      to->request_vote.version = REQUEST_VOTE_VERSION;
      to->request_vote.term = from->term;
      to->request_vote.candidate_id = from->candidate;
      to->request_vote.last_log_index = from->index;
      to->request_vote.last_log_term = from->index_term;
      to->request_vote.disrupt_leader = from->disrupt_leader != 0;
      to->request_vote.pre_vote = from->pre_vote != 0;
      break;
    case GR_VOTE_RESULT:
      to->request_vote_result.version = VOTE_RESULT_VERSION;
      to->request_vote_result.term = from->term;
      to->request_vote_result.vote_granted = from->granted != 0;
      to->request_vote_result.pre_vote = from->pre_vote != 0;
      break;
    case GR_INSTALL_SNAPSHOT:
      break;
    case GR_TIMEOUT_NOW:
      to->timeout_now.term = from->term;
      to->timeout_now.last_log_index = from->index;
      to->timeout_now.last_log_term = from->index_term;
      break;
  }
}

/* A rejection that was overtaken by a success. While probing the library takes it for news and sets
 * the next index to one the follower has confirmed already; from then on it only sends heartbeats,
 * and the follower stays behind as long as this leader leads. */
static bool is_stale_rejection(struct gr_raft* self, const struct gr_message* m) {
  return m->kind == GR_APPEND_RESULT && m->rejected != 0 &&
         m->term == raft_current_term(&self->raft) && m->rejected <= gr_raft_match(self, m->peer);
}

/* Who is asked for a vote looks at its log, not at whether its own configuration lets it vote: the
 * entry that gave it the vote may be committed without having reached it, and the group may need
 * it (Ongaro 2014, section 4.2.2). The library refuses, so for this step we are a voter. */
static enum gr_result step_as_voter(struct gr_raft* self, struct raft_event* event, uint64_t now,
                                    struct gr_update* out) {
  struct raft_server* me = find_server(&self->raft.configuration, self->raft.id);
  if (me == NULL || me->role != RAFT_STANDBY) return step(self, event, now, NULL, 0, out);
  me->role = RAFT_VOTER;
  const enum gr_result result = step(self, event, now, NULL, 0, out);
  me->role = RAFT_STANDBY;
  return result;
}

enum gr_result gr_raft_receive(struct gr_raft* self, uint64_t now, const struct gr_message* m,
                               struct gr_update* out) {
  const struct address sender = address_of(m->peer);
  struct raft_event event = event_of(RAFT_RECEIVE);
  struct raft_message message;
  memset(out, 0, sizeof *out);
  if (m->kind == GR_INSTALL_SNAPSHOT) return GR_OK; /* nothing sends it yet */
  if (is_stale_rejection(self, m)) return GR_OK;
  memset(&message, 0, sizeof message);
  message.type = (enum raft_message_type)m->kind;
  message.server_id = m->peer;
  message.server_address = sender.text;
  fill_message(m, &message);
  struct raft_entry* entries = NULL;
  if (m->kind == GR_APPEND_ENTRIES && m->entry_count > 0) {
    entries = make_entries(m->entries, m->entry_count);
    if (entries == NULL) return result_of(self, RAFT_NOMEM);
    message.append_entries.entries = entries;
    message.append_entries.n_entries = (unsigned)m->entry_count;
  }
  event.receive.message = &message;
  if (m->kind == GR_REQUEST_VOTE) return step_as_voter(self, &event, now, out);
  const enum gr_result result = step(self, &event, now, entries, m->entry_count, out);
  free_entries(entries, m->entry_count);
  return result;
}

enum gr_result gr_raft_configured(struct gr_raft* self, uint64_t now,
                                  const struct gr_configuration* c, struct gr_update* out) {
  struct raft_event event = event_of(RAFT_CONFIGURATION);
  event.configuration.index = c->index;
  /* The library takes the configuration. */
  const int rv = to_configuration(&c->servers, &event.configuration.conf);
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
  struct raft_entry* array = make_entries(entries, count);
  if (array == NULL) return result_of(self, RAFT_NOMEM);
  event.submit.entries = array;
  event.submit.n = (unsigned)count;
  const enum gr_result result = step(self, &event, now, array, count, out);
  if (result != GR_OK) raft_free(array[0].batch);
  free_entries(array, count);
  return result;
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
