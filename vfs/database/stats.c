/* Asks replay, keeper and session in turn. */
#include "vfs/database/stats.h"

#include <string.h>

static void count_touches(struct database *database, struct preload_stats *out)
{
    struct hint_session session = { 0 };

    if (preload_saving_session(&session, &database->saving) == HINT_OK) {
        out->touched_pages = (sqlite3_int64)session.len;
        for (size_t i = 0; i < session.len; i++)
            out->used_pages += hint_runs_contains(&session.fetched, session.touches[i].pgno);
        out->demand_pages = out->touched_pages - out->used_pages;
        out->wasted_pages = out->issued_pages - out->used_pages;
    }
    hint_session_free(&session);
}

void preload_database_stats(struct database *database, struct preload_stats *out)
{
    const struct keeper_counts kept = preload_keeper_count(&database->keeper);

    memset(out, 0, sizeof *out);
    preload_replay_stats(&database->replay, out);
    out->history_pages = (sqlite3_int64)kept.pages;
    out->history_sessions = (sqlite3_int64)kept.sessions;
    out->saves = (sqlite3_int64)kept.saves;
    out->errors = (sqlite3_int64)kept.errors;
    count_touches(database, out);
}

void preload_stats_explain(struct preload_stats *stats, const struct connection *connection)
{
    if (stats->issued_pages > 0) return;
    if (connection->page_1.is_no_header) {
        stats->state = PRELOAD_STATE_OFF;
        stats->reason = PRELOAD_REASON_HEADER;
    } else if (!(connection->recording.mode & CONFIG_MODE_REPLAY) &&
               (stats->state == PRELOAD_STATE_OFF || stats->state == PRELOAD_STATE_NONE) &&
               stats->reason == PRELOAD_REASON_NONE) {
        stats->state = PRELOAD_STATE_OFF;
        stats->reason = PRELOAD_REASON_MODE;
    }
}
