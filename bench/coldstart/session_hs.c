/* The questions are a table of statements, the session a loop over genes. */
#include "bench/coldstart/session_hs.h"

#include "bench/coldstart/talk.h"

#include <stdio.h>

#define GENES        40
#define GENE_NUMBERS 100000u /* Entrez numbers of the genes that most is known of, with gaps */

enum question {
    METADATA,
    COUNTS,
    GENE,
    TERMS,
    NEIGHBOURS,
    ALIASES, /* this one and the following are asked of each gene */
    PLACES,
    BANDS,
    SEQUENCES,
    PAPERS,
    FUNCTIONS,
    COMPONENTS,
    PATHWAYS,
    PROTEINS,
    DISEASES,
    ENSEMBL,
    DOMAINS,
    QUESTION_COUNT
};

static const char ask_gene[] =
    "SELECT g._id, g.gene_id, i.symbol, i.gene_name, t.gene_type FROM genes g"
    " JOIN gene_info i USING (_id) JOIN genetype t USING (_id)"
    " WHERE g.gene_id >= ?1 ORDER BY g.gene_id LIMIT 1";
static const char ask_neighbours[] =
    "SELECT g.gene_id, i.symbol FROM go_bp b JOIN genes g ON g._id = b._id"
    " JOIN gene_info i ON i._id = b._id WHERE b.go_id = ?1 LIMIT 5";
static const char ask_places[] =
    "SELECT l.seqname, l.start_location, l.end_location, c.length FROM chromosome_locations l"
    " JOIN chrlengths c ON c.chromosome = l.seqname WHERE l._id = ?1";

static const char *const questions[QUESTION_COUNT] = {
    [METADATA] = "SELECT name, value FROM metadata ORDER BY name",
    [COUNTS] = "SELECT map_name, count FROM map_counts ORDER BY map_name",
    [GENE] = ask_gene,
    [TERMS] = "SELECT evidence, go_id FROM go_bp WHERE _id = ?1 LIMIT 20",
    [NEIGHBOURS] = ask_neighbours,
    [ALIASES] = "SELECT alias_symbol FROM alias WHERE _id = ?1",
    [PLACES] = ask_places,
    [BANDS] = "SELECT cytogenetic_location FROM cytogenetic_locations WHERE _id = ?1",
    [SEQUENCES] = "SELECT accession FROM refseq WHERE _id = ?1 LIMIT 20",
    [PAPERS] = "SELECT pubmed_id FROM pubmed WHERE _id = ?1 LIMIT 20",
    [FUNCTIONS] = "SELECT go_id, evidence FROM go_mf WHERE _id = ?1 LIMIT 20",
    [COMPONENTS] = "SELECT go_id, evidence FROM go_cc WHERE _id = ?1 LIMIT 20",
    [PATHWAYS] = "SELECT path_id FROM kegg WHERE _id = ?1",
    [PROTEINS] = "SELECT uniprot_id FROM uniprot WHERE _id = ?1",
    [DISEASES] = "SELECT omim_id FROM omim WHERE _id = ?1",
    [ENSEMBL] = "SELECT ensembl_id FROM ensembl WHERE _id = ?1",
    [DOMAINS] = "SELECT ipi_id, pfam_id FROM pfam WHERE _id = ?1",
};

/* A gene with all that is known of it, and with others that take part in the same process. */
static int show_gene(struct talk *talk)
{
    struct talk_last gene = { 0 };
    struct talk_last term = { 0 };
    char number[16];
    int rc;

    snprintf(number, sizeof(number), "%u", talk_draw_key(talk, GENE_NUMBERS));
    rc = talk_ask_by_text(talk, GENE, number, &gene);
    for (int i = ALIASES; i < QUESTION_COUNT && rc == SQLITE_OK; i++) {
        rc = talk_ask_about(talk, i, gene.id, NULL);
    }
    if (rc == SQLITE_OK) rc = talk_ask_about(talk, TERMS, gene.id, &term);
    if (rc != SQLITE_OK || term.text[0] == '\0') return rc;
    return talk_ask_by_text(talk, NEIGHBOURS, term.text, NULL);
}

int session_hs_run(sqlite3 *db, uint64_t seed, struct session *out)
{
    struct talk talk;
    int rc;

    _Static_assert((int)QUESTION_COUNT <= TALK_QUESTIONS_MAX, "each has a place in a talk");
    talk_init(&talk, db, questions, seed, out);
    rc = talk_ask(&talk, METADATA);
    if (rc == SQLITE_OK) rc = talk_ask(&talk, COUNTS);
    for (int i = 0; i < GENES && rc == SQLITE_OK; i++) {
        rc = show_gene(&talk);
    }
    talk_free(&talk);
    return rc;
}
