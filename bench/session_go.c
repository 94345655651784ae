/* The questions are a table of statements, the session a loop over terms. */
#include "bench/session_go.h"

#include <stddef.h>
#include <stdio.h>
#include <time.h>

#define TERMS         80
#define TERM_NUMBERS  180000u /* GO:0000001 to here, with gaps: most terms */
#define POPULAR_TERMS 200u

#define FNV_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

/* Each ontology has tables of its own for the same relations. */
enum ontology { BP, MF, CC, ONTOLOGY_COUNT };

enum question {
    METADATA,
    SIZES,
    TERM,
    SYNONYMS,
    SEARCH,
    PARENTS, /* this one and the following are one for each ontology */
    CHILDREN = PARENTS + ONTOLOGY_COUNT,
    OFFSPRING = CHILDREN + ONTOLOGY_COUNT,
    ANCESTORS = OFFSPRING + ONTOLOGY_COUNT,
    QUESTION_COUNT = ANCESTORS + ONTOLOGY_COUNT
};

#define ASK_PARENTS(o)                                                                             \
    "SELECT t.go_id, t.term, r.relationship_type FROM go_" o "_parents r"                          \
    " JOIN go_term t ON t._id = r._parent_id WHERE r._id = ?1"
#define ASK_CHILDREN(o)                                                                            \
    "SELECT t.go_id, t.term, r.relationship_type FROM go_" o "_parents r"                          \
    " JOIN go_term t ON t._id = r._id WHERE r._parent_id = ?1 LIMIT 10"
#define ASK_OFFSPRING(o)                                                                           \
    "SELECT t.go_id, t.term FROM go_" o "_offspring r"                                             \
    " JOIN go_term t ON t._id = r._offspring_id WHERE r._id = ?1 LIMIT 10"
#define ASK_ANCESTORS(o)                                                                           \
    "SELECT t.go_id, t.term FROM go_" o "_offspring r"                                             \
    " JOIN go_term t ON t._id = r._id WHERE r._offspring_id = ?1 ORDER BY t.term LIMIT 10"

static const char *const questions[QUESTION_COUNT] = {
    [METADATA] = "SELECT name, value FROM metadata ORDER BY name",
    [SIZES] = "SELECT o.ontology, o.term_type, (SELECT count(*) FROM (SELECT 1 FROM go_term t"
              " WHERE t.ontology = o.ontology LIMIT 1000)) FROM go_ontology o",
    [TERM] = "SELECT _id, ontology, go_id, term, definition FROM go_term WHERE go_id >= ?1"
             " ORDER BY go_id LIMIT 1",
    [SYNONYMS] = "SELECT synonym, secondary FROM go_synonym WHERE _id = ?1",
    [SEARCH] = "SELECT s.synonym, t.go_id, t.term FROM go_synonym s JOIN go_term t USING (_id)"
               " WHERE s.synonym >= ?1 ORDER BY s.synonym LIMIT 3",
    [PARENTS + BP] = ASK_PARENTS("bp"),
    [PARENTS + MF] = ASK_PARENTS("mf"),
    [PARENTS + CC] = ASK_PARENTS("cc"),
    [CHILDREN + BP] = ASK_CHILDREN("bp"),
    [CHILDREN + MF] = ASK_CHILDREN("mf"),
    [CHILDREN + CC] = ASK_CHILDREN("cc"),
    [OFFSPRING + BP] = ASK_OFFSPRING("bp"),
    [OFFSPRING + MF] = ASK_OFFSPRING("mf"),
    [OFFSPRING + CC] = ASK_OFFSPRING("cc"),
    [ANCESTORS + BP] = ASK_ANCESTORS("bp"),
    [ANCESTORS + MF] = ASK_ANCESTORS("mf"),
    [ANCESTORS + CC] = ASK_ANCESTORS("cc"),
};

struct talk {
    sqlite3 *db;
    sqlite3_stmt *statements[QUESTION_COUNT]; /* prepared when first asked */
    uint64_t random;
    struct session_go *out;
};

/* The term that a question about a term is about. */
struct term {
    sqlite3_int64 id;
    int ontology; /* of enum ontology; ONTOLOGY_COUNT: the root above all three */
};

/* splitmix64 */
static uint64_t scramble(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static uint64_t draw(struct talk *talk, uint64_t below)
{
    talk->random += UINT64_C(0x9e3779b97f4a7c15);
    return scramble(talk->random) % below;
}

/* The product of two uniform draws is skewed enough: the first of two hundred comes up in 3 % of
 * draws, the hundredth in 0.3 %. */
static unsigned draw_term_number(struct talk *talk)
{
    uint64_t rank;

    if (draw(talk, 2) == 0) return (unsigned)draw(talk, TERM_NUMBERS);
    rank = draw(talk, POPULAR_TERMS) * draw(talk, POPULAR_TERMS) / POPULAR_TERMS;
    return (unsigned)(scramble(rank + 1) % TERM_NUMBERS);
}

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

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* The statement of a question, ready to be bound. */
static int statement_of(struct talk *talk, int question, sqlite3_stmt **out)
{
    sqlite3_stmt **statement = &talk->statements[question];
    int rc = SQLITE_OK;

    if (*statement == NULL) {
        rc = sqlite3_prepare_v3(talk->db, questions[question], -1, SQLITE_PREPARE_PERSISTENT,
                                statement, NULL);
    }
    *out = *statement;
    return rc;
}

static int ontology_of(const unsigned char *name)
{
    static const unsigned char initials[ONTOLOGY_COUNT] = { [BP] = 'B', [MF] = 'M', [CC] = 'C' };
    int ontology = 0;

    while (ontology < ONTOLOGY_COUNT && (name == NULL || name[0] != initials[ontology])) {
        ontology++;
    }
    return ontology;
}

/* Reads all rows of a bound statement. With a `term`, it is that of the last row. */
static int read_rows(struct talk *talk, sqlite3_stmt *statement, struct term *term)
{
    int rc;

    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        if (talk->out->rows++ == 0) talk->out->first_row_ns = now_ns();
        hash_row(&talk->out->checksum, statement);
        if (term != NULL) {
            term->id = sqlite3_column_int64(statement, 0);
            term->ontology = ontology_of(sqlite3_column_text(statement, 1));
        }
    }
    sqlite3_reset(statement);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int ask(struct talk *talk, int question)
{
    sqlite3_stmt *statement;
    int rc = statement_of(talk, question, &statement);

    if (rc == SQLITE_OK) rc = read_rows(talk, statement, NULL);
    return rc;
}

static int ask_about(struct talk *talk, int question, sqlite3_int64 id)
{
    sqlite3_stmt *statement;
    int rc = statement_of(talk, question, &statement);

    if (rc == SQLITE_OK) rc = sqlite3_bind_int64(statement, 1, id);
    if (rc == SQLITE_OK) rc = read_rows(talk, statement, NULL);
    return rc;
}

static int ask_by_text(struct talk *talk, int question, const char *text, struct term *term)
{
    sqlite3_stmt *statement;
    int rc = statement_of(talk, question, &statement);

    if (rc == SQLITE_OK) rc = sqlite3_bind_text(statement, 1, text, -1, SQLITE_TRANSIENT);
    if (rc == SQLITE_OK) rc = read_rows(talk, statement, term);
    return rc;
}

/* A term with all that is around it. */
static int show_term(struct talk *talk)
{
    struct term term = { .ontology = ONTOLOGY_COUNT };
    char go_id[16];
    int rc;

    snprintf(go_id, sizeof(go_id), "GO:%07u", draw_term_number(talk));
    rc = ask_by_text(talk, TERM, go_id, &term);
    if (rc == SQLITE_OK) rc = ask_about(talk, SYNONYMS, term.id);
    if (rc != SQLITE_OK || term.ontology == ONTOLOGY_COUNT) return rc;

    rc = ask_about(talk, PARENTS + term.ontology, term.id);
    if (rc == SQLITE_OK) rc = ask_about(talk, CHILDREN + term.ontology, term.id);
    if (rc == SQLITE_OK) rc = ask_about(talk, OFFSPRING + term.ontology, term.id);
    if (rc == SQLITE_OK) rc = ask_about(talk, ANCESTORS + term.ontology, term.id);
    return rc;
}

/* The words that follow three letters which somebody typed. */
static int search(struct talk *talk)
{
    char letters[4] = "";

    for (int i = 0; i < 3; i++) {
        letters[i] = (char)('a' + (int)draw(talk, 26));
    }
    return ask_by_text(talk, SEARCH, letters, NULL);
}

int session_go_run(sqlite3 *db, uint64_t seed, struct session_go *out)
{
    struct talk talk = { .db = db, .random = scramble(seed), .out = out };
    int rc;

    *out = (struct session_go){ .checksum = FNV_BASIS };
    rc = ask(&talk, METADATA);
    if (rc == SQLITE_OK) rc = ask(&talk, SIZES);
    for (int i = 0; i < TERMS && rc == SQLITE_OK; i++) {
        rc = show_term(&talk);
        if (rc == SQLITE_OK && i % 4 == 0) rc = search(&talk);
    }
    for (int i = 0; i < QUESTION_COUNT; i++) {
        sqlite3_finalize(talk.statements[i]);
    }
    return rc;
}
