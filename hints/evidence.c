/* Thresholds and nothing else. */
#include "hints/evidence.h"

/* A file that lost more than an eighth of its pages was not merely trimmed. */
static bool has_shrunk_much(const struct hint_evidence *learnt, const struct hint_evidence *found)
{
    return (uint64_t)found->page_count * 8 < (uint64_t)learnt->page_count * 7;
}

static bool has_another_schema(const struct hint_evidence *learnt,
                               const struct hint_evidence *found)
{
    if (learnt->schema_hash && found->schema_hash && learnt->schema_hash != found->schema_hash)
        return true;
    return learnt->schema_cookie && found->schema_cookie &&
           learnt->schema_cookie != found->schema_cookie;
}

enum hint_trust hint_trust_of(const struct hint_evidence *learnt, const struct hint_evidence *found)
{
    const bool sizes_known = learnt->page_count && found->page_count;

    if (learnt->page_size && found->page_size && learnt->page_size != found->page_size)
        return HINT_TRUST_NONE;
    if (has_another_schema(learnt, found))
        return sizes_known && found->page_count < learnt->page_count ? HINT_TRUST_FLOOR
                                                                     : HINT_TRUST_TRIAL;
    return sizes_known && has_shrunk_much(learnt, found) ? HINT_TRUST_FLOOR : HINT_TRUST_FULL;
}

void hint_evidence_doubt(struct hint_evidence *learnt)
{
    learnt->schema_hash = ~learnt->schema_hash;
    learnt->schema_cookie = ~learnt->schema_cookie;
}

enum hint_verdict hint_verdict_of(size_t touched, size_t known)
{
    if (touched < HINT_TRIAL_TOUCHES_MIN) return HINT_VERDICT_OPEN;
    if (known * 2 >= touched) return HINT_VERDICT_GOOD;
    if (known * 4 < touched) return HINT_VERDICT_MOVED;
    return touched < HINT_TRIAL_TOUCHES_MAX ? HINT_VERDICT_OPEN : HINT_VERDICT_GOOD;
}

bool hint_replay_is_useless(size_t demanded, size_t used)
{
    return demanded >= HINT_USELESS_DEMANDS && used * 16 < demanded;
}
