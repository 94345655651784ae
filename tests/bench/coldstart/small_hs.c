/* The schema that the session asks, filled by recursion. */
#include "tests/bench/coldstart/small_hs.h"

#include <sqlite3.h>
#include <stdio.h>

/* Genes number every hundredth of the 100,000; each has some of everything. */
static const char genes[] =
    "CREATE TABLE metadata(name PRIMARY KEY, value);"
    "INSERT INTO metadata VALUES ('DBSCHEMA', 'HUMAN_DB'), ('ORGANISM', NULL);"
    "CREATE TABLE map_counts(map_name PRIMARY KEY, count);"
    "INSERT INTO map_counts VALUES ('GENES', 1000);"
    "CREATE TABLE chrlengths(chromosome PRIMARY KEY, length);"
    "INSERT INTO chrlengths VALUES ('1', 248956422), ('2', 242193529);"
    "CREATE TABLE genes(_id INTEGER PRIMARY KEY, gene_id VARCHAR(10) NOT NULL UNIQUE);"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)"
    " INSERT INTO genes SELECT i, i * 100 FROM n;"
    "CREATE TABLE gene_info(_id INTEGER NOT NULL UNIQUE, gene_name, symbol);"
    "INSERT INTO gene_info SELECT _id, 'gene ' || _id || hex(zeroblob(40)), 'G' || _id FROM genes;"
    "CREATE TABLE chromosome_locations(_id INTEGER, seqname, start_location, end_location);"
    "INSERT INTO chromosome_locations SELECT _id, _id % 2 + 1, _id * 1000, _id * 1000 + 900"
    " FROM genes;"
    "CREATE INDEX Fchromosome_locations ON chromosome_locations(_id);";

#define RELATION(table, columns, values)                                                           \
    "CREATE TABLE " table "(_id INTEGER, " columns ");"                                            \
    "INSERT INTO " table " SELECT _id, " values " FROM genes, (VALUES (1), (2), (3)) k;"           \
    "CREATE INDEX F" table " ON " table "(_id);"

static const char *const parts[] = {
    "BEGIN",
    genes,
    RELATION("genetype", "gene_type", "'protein-coding'"),
    RELATION("alias", "alias_symbol", "'A' || _id || k.column1"),
    RELATION("cytogenetic_locations", "cytogenetic_location", "_id % 22 || 'p1' || k.column1"),
    RELATION("refseq", "accession", "'NM_' || _id || k.column1"),
    RELATION("pubmed", "pubmed_id", "_id * 7 + k.column1"),
    RELATION("go_bp", "go_id, evidence", "printf('GO:%07d', _id % 60 * k.column1), 'IEA'"),
    RELATION("go_mf", "go_id, evidence", "printf('GO:%07d', _id % 70 * k.column1), 'IEA'"),
    RELATION("go_cc", "go_id, evidence", "printf('GO:%07d', _id % 80 * k.column1), 'IDA'"),
    RELATION("kegg", "path_id", "printf('%05d', _id % 300)"),
    RELATION("uniprot", "uniprot_id", "'P' || _id || k.column1"),
    RELATION("omim", "omim_id", "100000 + _id"),
    RELATION("ensembl", "ensembl_id", "printf('ENSG%011d', _id)"),
    RELATION("pfam", "ipi_id, pfam_id", "NULL, printf('PF%05d', _id % 500)"),
    "CREATE INDEX Fgo_bp_go_id ON go_bp(go_id)",
    "COMMIT",
};

int small_hs_make(const char *path)
{
    sqlite3 *db = NULL;
    int rc = sqlite3_open(path, &db);

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && rc == SQLITE_OK; i++) {
        rc = sqlite3_exec(db, parts[i], NULL, NULL, NULL);
    }
    if (rc != SQLITE_OK) fprintf(stderr, "small_hs: %s\n", sqlite3_errmsg(db));
    sqlite3_close(db);
    return rc;
}
