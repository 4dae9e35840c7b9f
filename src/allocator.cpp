// SPDX-License-Identifier: MIT
/// How jemalloc, with which greenroomd is linked, behaves: it reads this when the process begins.
/// What is freed goes back to the system by a thread of jemalloc's own, within the seconds that are
/// said here and not only when somebody asks for memory: after a mass disconnect nobody does.
/// docs/performance.md says what this was chosen by.

extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "background_thread:true,dirty_decay_ms:5000,muzzy_decay_ms:0";
}
