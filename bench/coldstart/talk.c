/* SplitMix64 for the keys, FNV-1a for the answers. */
#include "bench/coldstart/talk.h"

#include "bench/kit/clock.h"

#include <stdio.h>

#define POPULAR_KEYS 200u

#define FNV_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

static void hash_bytes(uint64_t *hash, const unsigned char *bytes, int count)
{
    for (int i = 0; i < count; i++) {
        *hash = (*hash ^ bytes[i]) * FNV_PRIME;
    }
}

static void hash_row(uint64_t *hash, sqlite3_stmt *row)
{
    for (int i = 0; i < sqlite3_column_count(row); i++) {
        const unsigned char type = (unsigned char)sqlite3_column_type(row, i);
        const unsigned char *text = sqlite3_column_text(row, i);

        hash_bytes(hash, &type, 1);
        hash_bytes(hash, text, sqlite3_column_bytes(row, i));
    }
}

/* The statement of a question, ready to be bound. */
static int statement_of(struct talk *talk, int question, sqlite3_stmt **out)
{
    sqlite3_stmt **statement = &talk->statements[question];
    int rc = SQLITE_OK;

    if (*statement == NULL) {
        rc = sqlite3_prepare_v3(talk->db, talk->questions[question], -1, SQLITE_PREPARE_PERSISTENT,
                                statement, NULL);
    }
    *out = *statement;
    return rc;
}

static void keep_last(sqlite3_stmt *row, struct talk_last *last)
{
    const unsigned char *text = sqlite3_column_text(row, 1);

    last->id = sqlite3_column_int64(row, 0);
    snprintf(last->text, sizeof(last->text), "%s", text != NULL ? (const char *)text : "");
}

/* Reads all rows of a bound statement. */
static int read_rows(struct talk *talk, sqlite3_stmt *statement, struct talk_last *last)
{
    int rc;

    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        if (talk->out->rows++ == 0) talk->out->first_row_ns = clock_now_ns();
        hash_row(&talk->out->checksum, statement);
        if (last != NULL) keep_last(statement, last);
    }
    sqlite3_reset(statement);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

void talk_init(struct talk *talk, sqlite3 *db, const char *const *questions, uint64_t seed,
               struct session *out)
{
    *talk = (struct talk){
        .db = db, .questions = questions, .random = { random_scramble(seed) }, .out = out
    };
    *out = (struct session){ .checksum = FNV_BASIS };
}

void talk_free(struct talk *talk)
{
    for (int i = 0; i < TALK_QUESTIONS_MAX; i++) {
        sqlite3_finalize(talk->statements[i]);
        talk->statements[i] = NULL;
    }
}

uint64_t talk_draw(struct talk *talk, uint64_t below)
{
    return random_next(&talk->random) % below;
}

/* The product of two uniform draws is skewed enough: the first of two hundred comes up in 3 % of
 * draws, the hundredth in 0.3 %. */
unsigned talk_draw_key(struct talk *talk, unsigned below)
{
    uint64_t rank;

    if (talk_draw(talk, 2) == 0) return (unsigned)talk_draw(talk, below);
    rank = talk_draw(talk, POPULAR_KEYS) * talk_draw(talk, POPULAR_KEYS) / POPULAR_KEYS;
    return (unsigned)(random_scramble(rank + 1) % below);
}

int talk_ask(struct talk *talk, int question)
{
    sqlite3_stmt *statement;
    int rc = statement_of(talk, question, &statement);

    if (rc == SQLITE_OK) rc = read_rows(talk, statement, NULL);
    return rc;
}

int talk_ask_about(struct talk *talk, int question, sqlite3_int64 id, struct talk_last *last)
{
    sqlite3_stmt *statement;
    int rc = statement_of(talk, question, &statement);

    if (rc == SQLITE_OK) rc = sqlite3_bind_int64(statement, 1, id);
    if (rc == SQLITE_OK) rc = read_rows(talk, statement, last);
    return rc;
}

int talk_ask_by_text(struct talk *talk, int question, const char *text, struct talk_last *last)
{
    sqlite3_stmt *statement;
    int rc = statement_of(talk, question, &statement);

    if (rc == SQLITE_OK) rc = sqlite3_bind_text(statement, 1, text, -1, SQLITE_TRANSIENT);
    if (rc == SQLITE_OK) rc = read_rows(talk, statement, last);
    return rc;
}
