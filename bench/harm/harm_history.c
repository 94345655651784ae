/* The sidecar's format, and the public door. */
#include "bench/harm/harm_history.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/kit/random.h"
#include "vfs/preload.h"
#include "vfs/store/message.h"
#include "vfs/store/sidecar_format.h"

#define POISON_SESSIONS 8u
#define IMPORTS         4u
#define SURE_PPM        1000000u

const char *const harm_history_names[HARM_HISTORY_COUNT] = {
    [HARM_USELESS] = "useless history",
    [HARM_POISONED] = "poisoned history",
    [HARM_WHOLE] = "whole-database history",
};

/* ---- poison ---- */

static int load_sidecar(struct hint_book *book, uint64_t *generation, const char *path)
{
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    uint8_t *bytes = malloc(SIDECAR_BYTES_MAX);
    ssize_t got = file >= 0 && bytes != NULL ? read(file, bytes, SIDECAR_BYTES_MAX) : -1;
    int rc = bytes != NULL ? HARM_HISTORY_IO : HARM_HISTORY_NOMEM;

    if (got > 0 &&
        preload_sidecar_decode(book, generation, bytes, (size_t)got, HINT_PGNO_MAX) == NULL)
        rc = HARM_HISTORY_OK;
    free(bytes);
    if (file >= 0) close(file);
    return rc;
}

static int save_sidecar(const struct hint_book *book, uint64_t generation, const char *path)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    int file;
    bool done;

    if (!preload_sidecar_encode(&bytes, &len, book, generation)) return HARM_HISTORY_NOMEM;
    file = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    done = file >= 0 && write(file, bytes, len) == (ssize_t)len;
    if (file >= 0 && close(file) != 0) done = false;
    free(bytes);
    return done ? HARM_HISTORY_OK : HARM_HISTORY_IO;
}

/* The places are a permutation: Fisher and Yates. */
static void shuffle_ranks(struct hint_history *history, uint64_t seed)
{
    struct random random = { seed };

    for (size_t i = history->len - 1; i > 0; i--) {
        const size_t j = random_below(&random, (uint32_t)i + 1);
        const uint32_t rank = history->pages[i].rank;

        history->pages[i].rank = history->pages[j].rank;
        history->pages[j].rank = rank;
    }
}

static int poison(struct hint_history *history, uint32_t pages, uint64_t seed)
{
    hint_history_free(history);
    history->pages = calloc(pages, sizeof(*history->pages));
    if (history->pages == NULL) return HARM_HISTORY_NOMEM;
    history->len = pages;
    history->folded = POISON_SESSIONS;
    history->session_count = POISON_SESSIONS;
    for (uint32_t i = 0; i < POISON_SESSIONS; i++) {
        history->sessions[i] = (struct hint_session_mark){
            .id.bytes = { (uint8_t)(i + 1) },
            .began_s = (int64_t)(POISON_SESSIONS - i),
            .sessions = 1,
            .pages = pages,
            .db_pages = pages,
        };
    }
    for (uint32_t i = 0; i < pages; i++) {
        history->pages[i] = (struct hint_page){ .pgno = i + 1,
                                                .seen = (UINT32_C(1) << POISON_SESSIONS) - 1,
                                                .rank = i,
                                                .page_class = HINT_CLASS_LEAF };
    }
    shuffle_ranks(history, seed);
    return HARM_HISTORY_OK;
}

int harm_history_poison(const char *sidecar, uint64_t seed)
{
    struct hint_book book = { 0 };
    uint64_t generation = 0;
    int rc = load_sidecar(&book, &generation, sidecar);

    if (rc == HARM_HISTORY_OK && book.evidence.page_count == 0) rc = HARM_HISTORY_IO;
    if (rc == HARM_HISTORY_OK) rc = poison(&book.shared, book.evidence.page_count, seed);
    if (rc == HARM_HISTORY_OK) rc = save_sidecar(&book, generation, sidecar);
    hint_book_free(&book);
    return rc;
}

/* ---- imports ---- */

static int import_message(sqlite3 *db, const uint8_t *bytes, size_t len)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, "SELECT preload_import(?)", -1, &statement, NULL);

    if (rc == SQLITE_OK) rc = sqlite3_bind_blob(statement, 1, bytes, (int)len, SQLITE_STATIC);
    if (rc == SQLITE_OK) rc = sqlite3_step(statement);
    sqlite3_finalize(statement);
    return rc == SQLITE_ROW ? HARM_HISTORY_OK : HARM_HISTORY_REFUSED;
}

/* Requests of the same bytes would count as one: each has a generation of its own. */
static int import_all(sqlite3 *db, const struct hint_forecast *forecast)
{
    int rc = HARM_HISTORY_OK;

    for (uint64_t i = 0; i < IMPORTS && rc == HARM_HISTORY_OK; i++) {
        const struct message_head head = { .actor = "harm", .generation = i };
        uint8_t *bytes = NULL;
        size_t len = 0;

        if (!preload_message_encode(&bytes, &len, forecast, 1, head)) return HARM_HISTORY_NOMEM;
        rc = import_message(db, bytes, len);
        free(bytes);
    }
    return rc;
}

static int make_forecast(struct hint_forecast *out, uint32_t pages)
{
    *out = (struct hint_forecast){ .pages = calloc(pages, sizeof(*out->pages)),
                                   .len = pages,
                                   .usual_pages = pages };
    if (out->pages == NULL) return HARM_HISTORY_NOMEM;
    for (uint32_t i = 0; i < pages; i++) {
        out->pages[i] = (struct hint_guess){ .pgno = i + 1, .ppm = SURE_PPM, .rank = i };
    }
    return HARM_HISTORY_OK;
}

int harm_history_import_all(const char *database, uint32_t pages)
{
    struct hint_forecast forecast;
    sqlite3 *db = NULL;
    int rc = make_forecast(&forecast, pages);

    if (rc != HARM_HISTORY_OK) return rc;
    if (preload_register(&(struct preload_config){ .base = "unix" }) != SQLITE_OK ||
        sqlite3_open_v2(database, &db, SQLITE_OPEN_READWRITE, "preload") != SQLITE_OK ||
        sqlite3_exec(db, "PRAGMA schema_version", NULL, NULL, NULL) != SQLITE_OK)
        rc = HARM_HISTORY_REFUSED;
    if (rc == HARM_HISTORY_OK) rc = import_all(db, &forecast);
    sqlite3_close(db);
    if (preload_unregister() != SQLITE_OK) rc = HARM_HISTORY_REFUSED;
    hint_forecast_free(&forecast);
    return rc;
}

const char *harm_history_message(int status)
{
    switch (status) {
    case HARM_HISTORY_OK:
        return "it is there";
    case HARM_HISTORY_NOMEM:
        return "no memory";
    case HARM_HISTORY_IO:
        return "it is no sidecar that says how large the database is, or cannot be written";
    default:
        return "preload did not take it";
    }
}
