/* SPDX-License-Identifier: MIT */
#include "raft/libraft_inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* libraft's own message versions (src/message.h of 0.22.1); from 2 on a vote's result says whether
 * it belongs to a pre-vote. */
enum { REQUEST_VOTE_VERSION = 2, VOTE_RESULT_VERSION = 2, APPEND_RESULT_VERSION = 2 };

struct address gr_address_of(uint64_t id) {
  struct address a;
  snprintf(a.text, sizeof a.text, "%" PRIu64, id);
  return a;
}

int gr_to_configuration(const struct gr_servers* from, struct raft_configuration* to) {
  raft_configuration_init(to);
  for (size_t i = 0; i < from->count; i++) {
    const struct address a = gr_address_of(from->list[i].id);
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
  int rv = gr_to_configuration(from, &c);
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

void gr_free_entries(struct raft_entry* entries, size_t count) {
  for (size_t i = 0; entries != NULL && i < count; i++) {
    if (entries[i].type == RAFT_CHANGE) raft_free(entries[i].buf.base);
  }
  raft_free(entries);
}

struct raft_entry* gr_make_entries(const struct gr_entry* from, size_t count) {
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

void gr_copy_message(const struct raft_message* from, struct gr_message* to) {
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

/* The library reads terms and configurations from an array of all entries, and keeps runs. */
struct raft_entry* gr_make_log(const struct gr_start* from, size_t count) {
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

/* Whoever gets the metadata gets its configuration. */
int gr_to_metadata(const struct gr_snapshot* from, struct raft_snapshot_metadata* to) {
  to->index = from->index;
  to->term = from->term;
  to->configuration_index = from->configured.index;
  return gr_to_configuration(&from->configured.servers, &to->configuration);
}

void gr_fill_message(const struct gr_message* from, struct raft_message* to) {
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
      to->install_snapshot.term = from->term;
      to->install_snapshot.last_index = from->index;
      to->install_snapshot.last_term = from->index_term;
      to->install_snapshot.conf_index = from->configuration_index;
      break;
    case GR_TIMEOUT_NOW:
      to->timeout_now.term = from->term;
      to->timeout_now.last_log_index = from->index;
      to->timeout_now.last_log_term = from->index_term;
      break;
  }
}
