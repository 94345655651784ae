/* A table of databases, told apart by a table that the others lack. */
#include "bench/coldstart/session.h"

#include "bench/coldstart/session_go.h"
#include "bench/coldstart/session_hs.h"

#include <stddef.h>

static const struct {
    const char *table;
    int (*run)(sqlite3 *db, uint64_t seed, struct session *out);
} databases[] = {
    { "go_term", session_go_run },
    { "gene_info", session_hs_run },
};

int session_run(sqlite3 *db, uint64_t seed, struct session *out)
{
    *out = (struct session){ 0 };
    for (size_t i = 0; i < sizeof(databases) / sizeof(databases[0]); i++) {
        const int rc = sqlite3_table_column_metadata(db, "main", databases[i].table, NULL, NULL,
                                                     NULL, NULL, NULL, NULL);

        if (rc == SQLITE_OK) return databases[i].run(db, seed, out);
        if (rc != SQLITE_ERROR) return rc;
    }
    return SQLITE_ERROR;
}
