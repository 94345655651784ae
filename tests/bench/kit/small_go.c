/* The schema that the session asks, filled by recursion. */
#include "tests/bench/kit/small_go.h"

#include <ftw.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

/* Terms number every ninetieth of the 180,000 identifiers; parents are smaller numbers. */
static const char terms[] =
    "CREATE TABLE metadata(name PRIMARY KEY, value);"
    "INSERT INTO metadata VALUES ('DBSCHEMA', 'GO_DB'), ('ORGANISM', NULL);"
    "CREATE TABLE go_ontology(ontology PRIMARY KEY, term_type);"
    "INSERT INTO go_ontology VALUES ('BP', 'biological_process'), ('MF', 'molecular_function'),"
    " ('CC', 'cellular_component');"
    "CREATE TABLE go_term(_id INTEGER PRIMARY KEY, go_id UNIQUE, term, ontology, definition);"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"
    " INSERT INTO go_term SELECT i, printf('GO:%07d', i * 90), 'term ' || i,"
    " substr('BPMFCC', i % 3 * 2 + 1, 2), hex(zeroblob(100)) FROM n;"
    "CREATE INDEX ft ON go_term(ontology);"
    "CREATE TABLE go_synonym(_id, synonym, secondary, like_go_id);"
    "INSERT INTO go_synonym SELECT _id, char(97 + _id % 26, 97 + _id % 7) || term, NULL, 0"
    " FROM go_term;"
    "CREATE INDEX gs1 ON go_synonym(_id);"
    "CREATE INDEX gs2 ON go_synonym(synonym);";

#define RELATIONS(o)                                                                               \
    "CREATE TABLE go_" o "_parents(_id, _parent_id, relationship_type);"                           \
    "INSERT INTO go_" o "_parents SELECT _id, max(1, _id / 2), 'isa' FROM go_term"                 \
    " WHERE ontology = upper('" o "');"                                                            \
    "CREATE INDEX pa_" o " ON go_" o "_parents(_id, _parent_id);"                                  \
    "CREATE INDEX ap_" o " ON go_" o "_parents(_parent_id, _id);"                                  \
    "CREATE TABLE go_" o "_offspring(_id, _offspring_id);"                                         \
    "INSERT INTO go_" o "_offspring SELECT max(1, _id / k.column1), _id FROM go_term,"             \
    " (VALUES (2), (4), (8), (16)) k WHERE ontology = upper('" o "');"                             \
    "CREATE INDEX of_" o " ON go_" o "_offspring(_id, _offspring_id);"                             \
    "CREATE INDEX fo_" o " ON go_" o "_offspring(_offspring_id, _id);"

static const char *const parts[] = { "BEGIN",         terms,           RELATIONS("bp"),
                                     RELATIONS("mf"), RELATIONS("cc"), "COMMIT" };

int small_go_directory(char *out)
{
    const char *where = getenv("TMPDIR");

    snprintf(out, 256, "%s/small-go-XXXXXX", where != NULL ? where : "/var/tmp");
    return mkdtemp(out) != NULL ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *found, int type, struct FTW *walk)
{
    (void)found;
    (void)type;
    (void)walk;
    return remove(path);
}

void small_go_remove(const char *directory)
{
    nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int small_go_make(const char *path)
{
    sqlite3 *db = NULL;
    int rc = sqlite3_open(path, &db);

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && rc == SQLITE_OK; i++) {
        rc = sqlite3_exec(db, parts[i], NULL, NULL, NULL);
    }
    if (rc != SQLITE_OK) fprintf(stderr, "small_go: %s\n", sqlite3_errmsg(db));
    sqlite3_close(db);
    return rc;
}
