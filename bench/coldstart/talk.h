/* What both sessions share. A talk draws keys from its seed, runs queries, whose statements are
 * prepared when they are first used, and adds every row of the results to a checksum. One thread
 * at a time. */
#ifndef BENCH_TALK_H
#define BENCH_TALK_H

#include "bench/coldstart/session.h"
#include "bench/kit/random.h"

#define TALK_QUESTIONS_MAX 32

struct talk {
    sqlite3 *db;
    const char *const *questions; /* borrowed */
    sqlite3_stmt *statements[TALK_QUESTIONS_MAX];
    struct random random;
    struct session *out;
};

/* The end of an answer. Of no rows it stays as it was. */
struct talk_last {
    sqlite3_int64 id; /* the last row's first column */
    char text[32];    /* and its second, cut off */
};

/* `questions` are at most TALK_QUESTIONS_MAX; `out` is set to nothing asked yet. */
void talk_init(struct talk *talk, sqlite3 *db, const char *const *questions, uint64_t seed,
               struct session *out);
void talk_free(struct talk *talk);

/* One of 0 .. below - 1. */
uint64_t talk_draw(struct talk *talk, uint64_t below);

/* One of 0 .. below - 1: a popular one in half of the cases. */
unsigned talk_draw_key(struct talk *talk, unsigned below);

/* Asks and reads the whole answer; the second and third bind ?1. `last` may be NULL. An SQLite
 * result code. */
int talk_ask(struct talk *talk, int question);
int talk_ask_about(struct talk *talk, int question, sqlite3_int64 id, struct talk_last *last);
int talk_ask_by_text(struct talk *talk, int question, const char *text, struct talk_last *last);

#endif
