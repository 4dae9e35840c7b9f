/* SPDX-License-Identifier: MIT */
#ifndef GREENROOM_RAFT_LIBRAFT_INSIDE_H
#define GREENROOM_RAFT_LIBRAFT_INSIDE_H

/* Our flat structs to libraft's and back (libraft_data.c). Only for the libraft_*.c files: raft.h
 * does not compile as C++. Numbers that are returned are the library's error codes. */

#include <raft.h>

#include "raft/libraft_shim.h"

/* libraft wants an address per server and uses it only to tell two leaders apart. */
struct address {
  char text[24];
};

struct address gr_address_of(uint64_t id);
int gr_to_configuration(const struct gr_servers* from, struct raft_configuration* to);
/* Whoever gets the metadata gets its configuration. */
int gr_to_metadata(const struct gr_snapshot* from, struct raft_snapshot_metadata* to);
/* NULL: no memory. */
struct raft_entry* gr_make_entries(const struct gr_entry* from, size_t count);
struct raft_entry* gr_make_log(const struct gr_start* from, size_t count);
void gr_free_entries(struct raft_entry* entries, size_t count);
void gr_copy_message(const struct raft_message* from, struct gr_message* to);
/* Entries and configurations excepted. */
void gr_fill_message(const struct gr_message* from, struct raft_message* to);

#endif
