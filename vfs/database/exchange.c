/* Both go by the store, under the lock that keeps saves apart. */
#include "vfs/database/exchange.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

/* What the next session would be offered. */
static int forecast_of(struct hint_forecast *out, struct database *database)
{
    struct hint_session session = { 0 };
    struct hint_book book = { 0 };
    int rc = preload_saving_preview(&database->saving, &book, &session);

    if (rc == HINT_OK)
        rc = hint_forecast_make(out, &book, database->config.profile, session.last.page_count);
    hint_book_free(&book);
    hint_session_free(&session);
    return rc;
}

int preload_exchange_export(struct database *database, struct preload_exchange *exchange)
{
    const struct message_head head = {
        .actor = database->config.actor,
        .generation = database->config.generation,
    };
    struct hint_forecast forecast = { 0 };
    int rc = forecast_of(&forecast, database);

    if (rc == HINT_OK && forecast.len == 0)
        rc = SQLITE_EMPTY;
    else if (rc != HINT_OK ||
             !preload_message_encode(&exchange->bytes, &exchange->len, &forecast,
                                     preload_replay_costs(&database->replay).probability_min_ppm,
                                     head))
        rc = SQLITE_NOMEM;
    hint_forecast_free(&forecast);
    return rc;
}

static const char *why_not_saved(enum store_result result)
{
    switch (result) {
    case STORE_OK:
    case STORE_NONE:
        return NULL;
    case STORE_FENCED:
        return "a higher generation is stored";
    case STORE_GONE:
        return "the database was deleted or replaced";
    case STORE_BUSY:
        return "other saves hold the lock";
    case STORE_BAD:
    case STORE_FAILED:
        break;
    }
    return "the hints could not be stored; see the log";
}

int preload_exchange_import(struct database *database, struct preload_exchange *exchange)
{
    struct hint_session session = { 0 };
    uint64_t generation = 0;
    const char *fault;

    if (!preload_message_decode(&session, &generation, exchange->bytes, exchange->len,
                                (size_t)database->config.history_pages, exchange->why))
        return SQLITE_ERROR;
    if (generation < database->config.generation) {
        (void)snprintf(exchange->why, sizeof exchange->why,
                       "generation %" PRIu64 " is stale, ours is %" PRIu64, generation,
                       database->config.generation);
        hint_session_free(&session);
        return SQLITE_ERROR;
    }
    exchange->pages = session.len;
    if (session.len == 0) {
        hint_session_free(&session);
        return SQLITE_OK;
    }
    session.began_s = (int64_t)time(NULL);
    fault = why_not_saved(preload_saving_save_foreign(&database->saving, &session));
    if (fault) (void)snprintf(exchange->why, sizeof exchange->why, "%s", fault);
    hint_session_free(&session);
    return fault ? SQLITE_ERROR : SQLITE_OK;
}
