/* Every kind is a row: what happens before a session, and what the session does. The sizes follow
 * recorded sessions of a chat application: short ones of 150 to 250 pages, long ones of 600. */
#include "bench/policy/generate.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "bench/policy/forest.h"
#include "hints/bitmap.h"

#define PAGE_SIZE 4096

#define SESSIONS      16
#define SESSIONS_MANY 40

/* The home screen. Of its items the first ones are what everybody looks at. */
#define HOME_ITEMS     60
#define HOME_SHARED    15
#define ITEM_SHOWN_PCT 95
#define ITEM_DRIFT_PCT 4 /* change from one session to the next */

#define SEARCH_PCT    50 /* of sessions */
#define SEARCH_LEAVES 320
#define SEARCH_DRIFT  3 /* leaves by which it begins later each session */
#define SEARCH_STRIDE 5 /* every fifth leaf leads to a row */

#define USERS 4000

/* Growth, a session. */
#define OTHERS_LEAVES 60
#define OWN_LEAVES    6
#define NEWEST_LEAVES 80

#define MOVED_PCT 33

#define SHORT_ITEMS 2

/* What the application keeps. */
enum tree {
    THREADS,
    MESSAGES,
    BY_THREAD, /* index: its keys come in any order */
    WORDS,     /* index that searches go through */
    FILES,
    PEOPLE,
    BY_PERSON,
    TREE_COUNT
};

static const struct forest_plan tree_plans[TREE_COUNT] = {
    [THREADS] = { 900, true },     [MESSAGES] = { 9000, true }, [BY_THREAD] = { 2600, false },
    [WORDS] = { 3000, true },      [FILES] = { 2200, true },    [PEOPLE] = { 1200, true },
    [BY_PERSON] = { 1000, false },
};

/* Which trees the queries of a version go to. */
struct version {
    enum tree list, index, rows, search;
};

static const struct version first_version = { THREADS, BY_THREAD, MESSAGES, WORDS };
static const struct version second_version = { PEOPLE, BY_PERSON, FILES, BY_THREAD };

struct maker {
    uint64_t seed;
    struct random random;
    struct forest forest;
    struct trace trace;
    struct trace_session *session; /* the one at hand */
    struct hint_bitmap seen;       /* its pages */
    uint32_t number;               /* its number, from 1 */
    uint32_t user;
    uint32_t cookie;
    bool has_profile;
    bool is_maintenance;
    int rc; /* sticky */
};

struct generate_kind {
    const char *name;
    const char *story;
    uint32_t sessions;
    void (*before)(struct maker *maker); /* a session, NULL: nothing */
    void (*play)(struct maker *maker);
};

/* ---- touches ---- */

static void touch(struct maker *maker, struct forest_node node, enum hint_how how)
{
    struct trace_touch touch = { node.pgno, node.page_class, how, TRACE_US_UNKNOWN };

    if (maker->rc != TRACE_OK || hint_bitmap_has(&maker->seen, node.pgno)) return;
    if (hint_bitmap_add(&maker->seen, node.pgno) != HINT_OK) maker->rc = TRACE_NOMEM;
    if (maker->rc == TRACE_OK) maker->rc = trace_session_add(maker->session, touch);
}

static void look_up(struct maker *maker, enum tree tree, uint32_t leaf)
{
    struct forest_node path[FOREST_PATH_MAX];
    uint32_t len = forest_path(path, &maker->forest, tree, leaf);

    for (uint32_t i = 0; i < len; i++)
        touch(maker, path[i], HINT_READ);
}

static void scan(struct maker *maker, enum tree tree, uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        look_up(maker, tree, first + i);
}

static uint32_t leaf_count(const struct maker *maker, enum tree tree)
{
    return maker->forest.trees[tree].leaf_count;
}

/* The leaf that holds a key. A leaf keeps its keys however the tree grows. */
static uint32_t leaf_of(enum tree tree, uint64_t key)
{
    return (uint32_t)((key >> 32) * tree_plans[tree].leaves >> 32);
}

/* ---- what a session does ---- */

/* The key that an item has in this session: each session, some get another one. */
static uint64_t item_key(const struct maker *maker, uint32_t item)
{
    uint32_t owner = item < HOME_SHARED ? 0 : maker->user;
    uint64_t name = random_mix(random_mix(maker->seed, owner), item);
    uint64_t key = name;

    for (uint32_t i = 2; i <= maker->number; i++) {
        uint64_t drawn = random_mix(name, i);

        if (drawn % 100 < ITEM_DRIFT_PCT) key = drawn;
    }
    return random_mix(key, 0);
}

/* An item is listed, found by index, and shown from one or two rows. */
static void show_item(struct maker *maker, const struct version *version, uint32_t item)
{
    uint64_t key = item_key(maker, item);

    look_up(maker, version->list, leaf_of(version->list, key));
    look_up(maker, version->index, leaf_of(version->index, random_mix(key, 1)));
    look_up(maker, version->rows, leaf_of(version->rows, random_mix(key, 2)));
    if (key % 2 == 0) look_up(maker, version->rows, leaf_of(version->rows, random_mix(key, 3)));
}

static void open_database(struct maker *maker)
{
    touch(maker, (struct forest_node){ 1, HINT_CLASS_INTERIOR }, HINT_READ);
}

static void show_home(struct maker *maker, const struct version *version)
{
    open_database(maker);
    for (uint32_t item = 0; item < HOME_ITEMS; item++)
        if (random_chance(&maker->random, ITEM_SHOWN_PCT)) show_item(maker, version, item);
}

static void search(struct maker *maker, const struct version *version)
{
    uint32_t first = leaf_of(version->search, random_mix(maker->seed, version->search) / 2) +
                     SEARCH_DRIFT * maker->number;

    for (uint32_t i = 0; i < SEARCH_LEAVES; i++) {
        look_up(maker, version->search, first + i);
        if ((first + i) % SEARCH_STRIDE == 0)
            look_up(maker, version->rows,
                    leaf_of(version->rows, random_mix(maker->seed, first + i)));
    }
}

static void play_version(struct maker *maker, const struct version *version)
{
    show_home(maker, version);
    if (random_chance(&maker->random, SEARCH_PCT)) search(maker, version);
}

static void play_usual(struct maker *maker)
{
    play_version(maker, &first_version);
}

/* ---- zipf: many users ---- */

/* A user's share of the sessions is one over the user's number. */
static void choose_user(struct maker *maker)
{
    double all = 0;
    double drawn;

    for (uint32_t i = 1; i <= USERS; i++)
        all += 1.0 / i;
    drawn = all * random_below(&maker->random, 1u << 24) / (1u << 24);
    maker->user = 1;
    while (maker->user < USERS && drawn >= 1.0 / maker->user)
        drawn -= 1.0 / maker->user++;
    maker->has_profile = true;
}

/* ---- growth: rows are appended ---- */

static void append(struct maker *maker, enum tree tree, uint32_t leaves)
{
    for (uint32_t i = 0; i < leaves && maker->rc == TRACE_OK; i++)
        if (forest_append(&maker->forest, tree) != FOREST_OK) maker->rc = TRACE_NOMEM;
}

static void grow(struct maker *maker)
{
    for (uint32_t i = 0; i < OTHERS_LEAVES; i++) {
        append(maker, MESSAGES, 1);
        if (i % 4 == 0) append(maker, WORDS, 1);
        if (i % 10 == 0) append(maker, THREADS, 1);
    }
}

static void play_growth(struct maker *maker)
{
    open_database(maker);
    scan(maker, WORDS, leaf_count(maker, WORDS) - NEWEST_LEAVES / 4, NEWEST_LEAVES / 4);
    scan(maker, MESSAGES, leaf_count(maker, MESSAGES) - NEWEST_LEAVES, NEWEST_LEAVES);
    play_usual(maker);
    for (uint32_t i = 0; i < OWN_LEAVES; i++) {
        struct forest_node leaf = { 0, HINT_CLASS_LEAF };

        append(maker, MESSAGES, 1);
        leaf.pgno = maker->forest.trees[MESSAGES].leaves[leaf_count(maker, MESSAGES) - 1];
        touch(maker, leaf, HINT_WRITTEN);
    }
}

/* ---- schema: an index is created, and looked into from then on ---- */

static bool is_schema_change(uint32_t number)
{
    return number == 6 || number == 9 || number == 12;
}

static void change_schema(struct maker *maker)
{
    if (!is_schema_change(maker->number)) return;
    maker->cookie++;
    forest_add_tree(&maker->forest);
    append(maker, (enum tree)(maker->forest.tree_count - 1), 40);
}

static void play_schema(struct maker *maker)
{
    play_usual(maker);
    for (uint32_t tree = TREE_COUNT; tree < maker->forest.tree_count; tree++)
        scan(maker, (enum tree)tree, 10 * (tree - TREE_COUNT), 10);
}

/* ---- deploy: the next version of the program has other queries ---- */

static void play_deploy(struct maker *maker)
{
    play_version(maker, maker->number < SESSIONS / 2 + 1 ? &first_version : &second_version);
}

/* ---- analytics: three scans, each of something else ---- */

static void play_analytics(struct maker *maker)
{
    if (maker->number != 6 && maker->number != 10 && maker->number != 14) {
        play_usual(maker);
        return;
    }
    open_database(maker);
    if (maker->number == 6) scan(maker, FILES, 0, leaf_count(maker, FILES));
    if (maker->number == 10) scan(maker, MESSAGES, 0, leaf_count(maker, MESSAGES) / 3);
    if (maker->number == 14) scan(maker, PEOPLE, 0, leaf_count(maker, PEOPLE));
}

/* ---- backup: sweeps through the whole database ---- */

static bool is_backup(uint32_t number)
{
    return number == 3 || number == 12;
}

static bool is_integrity_check(uint32_t number)
{
    return number == 8;
}

static void plan_sweep(struct maker *maker)
{
    maker->is_maintenance = is_backup(maker->number) || is_integrity_check(maker->number);
}

/* The page numbers in order; of what kind a page is, a copy does not tell. */
static void back_up(struct maker *maker)
{
    for (uint32_t pgno = 1; pgno <= maker->forest.page_count; pgno++)
        touch(maker, (struct forest_node){ pgno, HINT_CLASS_UNKNOWN }, HINT_READ);
}

static void check_integrity(struct maker *maker)
{
    open_database(maker);
    for (uint32_t tree = 0; tree < maker->forest.tree_count; tree++)
        scan(maker, (enum tree)tree, 0, leaf_count(maker, (enum tree)tree));
}

static void play_backup(struct maker *maker)
{
    if (is_backup(maker->number))
        back_up(maker);
    else if (is_integrity_check(maker->number))
        check_integrity(maker);
    else
        play_usual(maker);
}

/* ---- pages move ---- */

static void vacuum(struct maker *maker)
{
    if (maker->number != SESSIONS / 2 + 1) return;
    maker->cookie++;
    forest_vacuum(&maker->forest);
}

static void move_pages(struct maker *maker)
{
    if (maker->number != SESSIONS / 2 + 1) return;
    if (forest_move(&maker->forest, MOVED_PCT, &maker->random) != FOREST_OK)
        maker->rc = TRACE_NOMEM;
}

/* ---- short: every fifth session is a usual one ---- */

static void play_short(struct maker *maker)
{
    if (maker->number % 5 == 1) {
        play_usual(maker);
        return;
    }
    open_database(maker);
    for (uint32_t i = 0; i < SHORT_ITEMS; i++)
        show_item(maker, &first_version, i);
}

static const struct generate_kind kinds[] = {
    { "steady", "the same lookups, but for a few", SESSIONS, NULL, play_usual },
    { "zipf", "4000 users, of whom some come often", SESSIONS_MANY, choose_user, play_usual },
    { "growth", "others and the session itself append rows, and it reads the newest", SESSIONS,
      grow, play_growth },
    { "schema", "indexes are created before sessions 6, 9 and 12", SESSIONS, change_schema,
      play_schema },
    { "deploy", "from session 9 on the queries are others", SESSIONS, NULL, play_deploy },
    { "analytics", "sessions 6, 10 and 14 scan a table each", SESSIONS, NULL, play_analytics },
    { "backup", "sessions 3 and 12 are backups, session 8 an integrity check", SESSIONS, plan_sweep,
      play_backup },
    { "vacuum", "VACUUM before session 9: all pages move, the cookie rises", SESSIONS, vacuum,
      play_usual },
    { "autovacuum", "before session 9 a third of the pages move, unsaid", SESSIONS, move_pages,
      play_usual },
    { "short", "four of five sessions are very short", SESSIONS_MANY, NULL, play_short },
};

#define KINDS (sizeof kinds / sizeof kinds[0])

const struct generate_kind *generate_kind_at(size_t i)
{
    return i < KINDS ? &kinds[i] : NULL;
}

const struct generate_kind *generate_find(const char *name)
{
    for (size_t i = 0; i < KINDS; i++)
        if (strcmp(kinds[i].name, name) == 0) return &kinds[i];
    return NULL;
}

const char *generate_name(const struct generate_kind *kind)
{
    return kind->name;
}

const char *generate_story(const struct generate_kind *kind)
{
    return kind->story;
}

static void begin_session(struct maker *maker)
{
    char profile[16];

    (void)snprintf(profile, sizeof profile, "u%" PRIu32, maker->user);
    maker->session = trace_add_session(&maker->trace, maker->forest.page_count,
                                       maker->has_profile ? profile : NULL);
    if (!maker->session) {
        maker->rc = TRACE_NOMEM;
        return;
    }
    maker->session->page_size = PAGE_SIZE;
    maker->session->cookie = maker->cookie;
    maker->session->has_cookie = true;
    maker->session->is_maintenance = maker->is_maintenance;
    hint_bitmap_free(&maker->seen);
}

int generate_trace(struct trace *out, const struct generate_kind *kind, uint64_t seed)
{
    struct maker maker = { .seed = seed, .random = { seed }, .user = 1, .cookie = 1 };

    if (forest_grow(&maker.forest, tree_plans, TREE_COUNT, &maker.random) != FOREST_OK)
        maker.rc = TRACE_NOMEM;
    for (maker.number = 1; maker.number <= kind->sessions && maker.rc == TRACE_OK; maker.number++) {
        if (kind->before) kind->before(&maker);
        if (maker.rc == TRACE_OK) begin_session(&maker);
        if (maker.rc == TRACE_OK) kind->play(&maker);
    }
    hint_bitmap_free(&maker.seen);
    forest_free(&maker.forest);
    if (maker.rc == TRACE_OK) {
        struct trace old = *out;

        *out = maker.trace;
        maker.trace = old;
    }
    trace_free(&maker.trace);
    return maker.rc;
}

int generate_print(FILE *out, const struct generate_kind *kind, uint64_t seed)
{
    struct trace trace = { 0 };
    int rc = generate_trace(&trace, kind, seed);

    if (rc == TRACE_OK) {
        fprintf(out, "# generated: %s (%s), seed %" PRIu64 ", %" PRIu32 " pages, %zu sessions;",
                kind->name, kind->story, seed, trace.len > 0 ? trace.sessions[0].page_count : 0,
                trace.len);
        fprintf(out, " home screen of %d items, %d %% of them change a session;", HOME_ITEMS,
                ITEM_DRIFT_PCT);
        fprintf(out, " search of %d leaves in %d %% of sessions\n", SEARCH_LEAVES, SEARCH_PCT);
        rc = trace_print(&trace, out);
    }
    trace_free(&trace);
    return rc;
}
