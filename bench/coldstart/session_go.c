/* The questions are a table of statements, the session a loop over terms. */
#include "bench/coldstart/session_go.h"

#include "bench/coldstart/talk.h"

#include <stdio.h>

#define TERMS        80
#define TERM_NUMBERS 180000u /* GO:0000001 to here, with gaps: most terms */

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

static int ontology_of(const char *name)
{
    static const char initials[ONTOLOGY_COUNT] = { [BP] = 'B', [MF] = 'M', [CC] = 'C' };
    int ontology = 0;

    while (ontology < ONTOLOGY_COUNT && name[0] != initials[ontology]) {
        ontology++;
    }
    return ontology;
}

/* A term with all that is around it. The root above all three ontologies is of none. */
static int show_term(struct talk *talk)
{
    struct talk_last term = { 0 };
    char go_id[16];
    int ontology;
    int rc;

    snprintf(go_id, sizeof(go_id), "GO:%07u", talk_draw_key(talk, TERM_NUMBERS));
    rc = talk_ask_by_text(talk, TERM, go_id, &term);
    if (rc == SQLITE_OK) rc = talk_ask_about(talk, SYNONYMS, term.id, NULL);
    ontology = ontology_of(term.text);
    if (rc != SQLITE_OK || ontology == ONTOLOGY_COUNT) return rc;

    rc = talk_ask_about(talk, PARENTS + ontology, term.id, NULL);
    if (rc == SQLITE_OK) rc = talk_ask_about(talk, CHILDREN + ontology, term.id, NULL);
    if (rc == SQLITE_OK) rc = talk_ask_about(talk, OFFSPRING + ontology, term.id, NULL);
    if (rc == SQLITE_OK) rc = talk_ask_about(talk, ANCESTORS + ontology, term.id, NULL);
    return rc;
}

/* The words that follow three letters which somebody typed. */
static int search(struct talk *talk)
{
    char letters[4] = "";

    for (int i = 0; i < 3; i++) {
        letters[i] = (char)('a' + (int)talk_draw(talk, 26));
    }
    return talk_ask_by_text(talk, SEARCH, letters, NULL);
}

int session_go_run(sqlite3 *db, uint64_t seed, struct session *out)
{
    struct talk talk;
    int rc;

    _Static_assert((int)QUESTION_COUNT <= TALK_QUESTIONS_MAX, "each has a place in a talk");
    talk_init(&talk, db, questions, seed, out);
    rc = talk_ask(&talk, METADATA);
    if (rc == SQLITE_OK) rc = talk_ask(&talk, SIZES);
    for (int i = 0; i < TERMS && rc == SQLITE_OK; i++) {
        rc = show_term(&talk);
        if (rc == SQLITE_OK && i % 4 == 0) rc = search(&talk);
    }
    talk_free(&talk);
    return rc;
}
