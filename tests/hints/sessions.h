/* What the suites of hints/history share. */
#ifndef TESTS_HINTS_SESSIONS_H
#define TESTS_HINTS_SESSIONS_H

#include "hints/history.h"
#include "tests/hints/common.h"

/* The names of the remembered sessions and their pages, "c2 b1 a3". */
static inline struct text sessions_text(const struct hint_history *history)
{
    struct text text = { "" };

    for (uint32_t i = 0; i < history->session_count; i++)
        text_add(&text, i > 0 ? " %c%u" : "%c%u", history->sessions[i].id.bytes[0],
                 history->sessions[i].pages);
    return text;
}

/* A session of up to 60 pages below 100, in random order, at most once each. */
static inline void random_session(struct hint_session *session, struct rng *rng)
{
    bool used[100] = { false };

    session->len = 0;
    for (uint32_t i = 0; i < 16; i++)
        session->id.bytes[i] = (uint8_t)rng_below(rng, 256);
    for (uint32_t tries = 1 + rng_below(rng, 60); tries > 0; tries--) {
        uint32_t pgno = 1 + rng_below(rng, 99);

        if (used[pgno]) continue;
        used[pgno] = true;
        session->touches[session->len++] = (struct hint_touch){ pgno, rng_below(rng, 4) };
    }
}

#endif
