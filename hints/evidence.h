/* Evidence is what a database says of itself, taken where a history was learnt and again where it
 * is to be replayed. Pages move without a word (VACUUM, auto_vacuum, REINDEX, a rebuilt file), so
 * the evidence decides only how far to trust the history at first; what the session then reads
 * decides the rest.
 *
 * Measured on a 206 MB application: of the pages that a history names, a session needs .87 to 1.0
 * when nothing moved, .035 after a VACUUM. Pure. */
#ifndef HINTS_EVIDENCE_H
#define HINTS_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero stands for unknown. */
struct hint_evidence {
    uint32_t page_size;     /* bytes */
    uint32_t page_count;    /* pages in the database */
    uint32_t schema_cookie; /* changes with the schema, and with VACUUM */
    uint64_t schema_hash;   /* of page 1 behind the file header: the schema's own page */
};

enum hint_trust {
    HINT_TRUST_FULL,  /* the same database, or one that grew: replay it */
    HINT_TRUST_TRIAL, /* another schema, and the file did not shrink: replay a little, then judge */
    HINT_TRUST_FLOOR, /* it shrank, too, as after a VACUUM: the structural floor alone, then judge
                       */
    HINT_TRUST_NONE,  /* another page size: these are not its pages */
};

enum hint_trust hint_trust_of(const struct hint_evidence *learnt,
                              const struct hint_evidence *found);

/* What was learnt may be another database's: as of another schema, so that it is tried first. */
void hint_evidence_doubt(struct hint_evidence *learnt);

/* The touches after which a trial is judged for the first time, and at the latest. */
#define HINT_TRIAL_TOUCHES_MIN 16
#define HINT_TRIAL_TOUCHES_MAX 64

enum hint_verdict {
    HINT_VERDICT_OPEN,  /* too few touches to say */
    HINT_VERDICT_GOOD,  /* the pages are where they were: replay, go on learning */
    HINT_VERDICT_MOVED, /* they are not: nothing of the history holds */
};

/* What the first reads say: of `touched` pages the history knew `known`. Good when at least half
 * were known, moved when fewer than a quarter; in between it stays open until
 * HINT_TRIAL_TOUCHES_MAX, then it is good: what is left of the history is better than none, and
 * learning does the rest. */
enum hint_verdict hint_verdict_of(size_t touched, size_t known);

/* The same of a replay whose pages nobody wants, whatever the evidence said: true once the session
 * read `HINT_USELESS_DEMANDS` pages that were not prefetched, and of what was, less than a
 * sixteenth of that. */
#define HINT_USELESS_DEMANDS 256
bool hint_replay_is_useless(size_t demanded, size_t used);

#endif
