/* Each kind's story, read off its trace. */
#include "bench/policy/generate.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "hints/bitmap.h"
#include "tests/support/heap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct trace made(const char *kind)
{
    struct trace trace = { 0 };

    cr_assert_eq(generate_trace(&trace, generate_find(kind), 1), TRACE_OK);
    return trace;
}

/* The caller frees it. */
static char *printed(const struct generate_kind *kind, uint64_t seed)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    cr_assert_eq(generate_print(out, kind, seed), TRACE_OK);
    fclose(out);
    return text;
}

/* Session `number`, from 1, as the stories count. */
static const struct trace_session *at(const struct trace *trace, size_t number)
{
    return &trace->sessions[number - 1];
}

static struct hint_bitmap pages_of(const struct trace_session *session)
{
    struct hint_bitmap pages = { 0 };

    for (size_t i = 0; i < session->len; i++)
        cr_assert_eq(hint_bitmap_add(&pages, session->touches[i].pgno), HINT_OK);
    return pages;
}

/* Of 100 pages of a session, how many are in another one. */
static size_t shared_pct(const struct trace_session *session, const struct trace_session *other)
{
    struct hint_bitmap pages = pages_of(other);
    size_t count = 0;

    for (size_t i = 0; i < session->len; i++)
        count += hint_bitmap_has(&pages, session->touches[i].pgno);
    hint_bitmap_free(&pages);
    return 100 * count / session->len;
}

Test(generate, the_kinds_are_those_of_the_table)
{
    static const char *const names[] = { "steady",    "zipf",   "growth", "schema",     "deploy",
                                         "analytics", "backup", "vacuum", "autovacuum", "short" };

    for (size_t i = 0; i < COUNT(names); i++) {
        cr_assert_not_null(generate_kind_at(i));
        cr_expect_str_eq(generate_name(generate_kind_at(i)), names[i]);
        cr_expect_eq(generate_find(names[i]), generate_kind_at(i));
        cr_expect_gt(strlen(generate_story(generate_kind_at(i))), 20);
    }
    cr_expect_null(generate_kind_at(COUNT(names)));
    cr_expect_null(generate_find("weather"));
}

Test(generate, a_trace_has_its_parameters_in_its_head_and_is_read_back)
{
    for (size_t i = 0; generate_kind_at(i); i++) {
        const struct generate_kind *kind = generate_kind_at(i);
        char *text = printed(kind, 7);
        struct trace trace = { 0 };
        struct trace again = { 0 };
        struct trace_error error;
        char head[64];

        (void)snprintf(head, sizeof head, "# generated: %s (", generate_name(kind));
        cr_expect(strncmp(text, head, strlen(head)) == 0, "%.60s", text);
        cr_expect_not_null(strstr(text, "), seed 7, 20"));
        cr_expect_not_null(strstr(text, "home screen of 60 items, 4 % of them change a session"));
        cr_assert_eq(trace_parse(&trace, text, strlen(text), &error), TRACE_OK);
        cr_assert_eq(generate_trace(&again, kind, 7), TRACE_OK);
        cr_assert_eq(trace.len, again.len);
        for (size_t k = 0; k < trace.len; k++)
            cr_expect_eq(trace.sessions[k].len, again.sessions[k].len, "%s, session %zu", head,
                         k + 1);
        trace_free(&trace);
        trace_free(&again);
        free(text);
    }
}

Test(generate, the_same_seed_makes_the_same_trace_and_another_one_another)
{
    for (size_t i = 0; generate_kind_at(i); i++) {
        char *one = printed(generate_kind_at(i), 1);
        char *same = printed(generate_kind_at(i), 1);
        char *other = printed(generate_kind_at(i), 2);

        cr_expect(strcmp(one, same) == 0, "%s", generate_name(generate_kind_at(i)));
        cr_expect(strcmp(strchr(one, '\n'), strchr(other, '\n')) != 0, "%s",
                  generate_name(generate_kind_at(i)));
        free(one);
        free(same);
        free(other);
    }
}

/* What was printed once on one machine: the generators are as portable as they say. */
Test(generate, a_steady_trace_begins_as_it_always_did)
{
    static const char want[] = "\npage_size 4096\nsession 20008 cookie=1\n"
                               "read 1:i 2:i 17541:i 19733:l 4:i 9418:i 10176:l 3:i 17774:i "
                               "17791:l 18143:l 4602:i 4371:l 8032:i 12689:l 4709:i\n";
    char *text = printed(generate_find("steady"), 1);

    cr_expect_eq(strncmp(strchr(text, '\n'), want, sizeof want - 1), 0, "%.300s", text);
    free(text);
}

Test(generate, a_session_begins_at_page_1_and_reads_pages_that_are_there)
{
    for (size_t i = 0; generate_kind_at(i); i++) {
        const char *name = generate_name(generate_kind_at(i));
        struct trace trace = made(name);

        for (size_t k = 1; k <= trace.len; k++) {
            const struct trace_session *session = at(&trace, k);
            size_t past = 0;

            cr_expect_eq(session->touches[0].pgno, 1, "%s, session %zu", name, k);
            cr_expect_eq(session->page_size, 4096);
            cr_expect(session->has_cookie);
            for (size_t t = 0; t < session->len; t++)
                past += session->touches[t].pgno > session->page_count &&
                        session->touches[t].how == HINT_READ;
            cr_expect_eq(past, 0, "%s, session %zu: %zu pages", name, k, past);
        }
        trace_free(&trace);
    }
}

Test(generate, steady_sessions_are_short_or_long_and_much_the_same)
{
    struct trace trace = made("steady");
    size_t searches = 0;

    cr_assert_eq(trace.len, 16);
    for (size_t i = 1; i <= trace.len; i++) {
        size_t len = at(&trace, i)->len;

        cr_expect((len >= 220 && len <= 280) || (len >= 600 && len <= 680), "session %zu: %zu", i,
                  len);
        cr_expect_null(at(&trace, i)->profile);
        searches += len >= 600;
    }
    cr_expect(searches >= 4 && searches <= 12, "%zu", searches);
    /* Sessions 2 and 3 search, session 4 does not. */
    cr_expect_geq(shared_pct(at(&trace, 3), at(&trace, 2)), 90);
    cr_expect_lt(shared_pct(at(&trace, 3), at(&trace, 2)), 100);
    cr_expect_geq(shared_pct(at(&trace, 4), at(&trace, 3)), 85);
    trace_free(&trace);
}

Test(generate, zipf_users_come_the_more_often_the_lower_their_number)
{
    struct trace trace = made("zipf");
    size_t first = 0, last = 0;

    cr_assert_eq(trace.len, 40);
    for (size_t i = 1; i <= trace.len; i++) {
        unsigned long user = strtoul(at(&trace, i)->profile + 1, NULL, 10);

        cr_expect_eq(*at(&trace, i)->profile, 'u');
        cr_expect(user >= 1 && user <= 4000, "%lu", user);
        first += user == 1;
        last += user > 1000;
    }
    cr_expect(first >= 3 && first <= 12, "%zu", first);
    cr_expect(last >= 2 && last <= 14, "%zu", last);
    /* Sessions 15 and 16 are one user's, 13 and 14 are of two. */
    cr_expect_geq(shared_pct(at(&trace, 16), at(&trace, 15)), 85);
    cr_expect_lt(shared_pct(at(&trace, 14), at(&trace, 13)), 50);
    trace_free(&trace);
}

Test(generate, growth_reads_what_others_appended_and_appends_itself)
{
    struct trace trace = made("growth");

    for (size_t i = 2; i <= trace.len; i++) {
        const struct trace_session *session = at(&trace, i);
        uint32_t before = at(&trace, i - 1)->page_count;
        size_t new = 0, own = 0;

        cr_expect_geq(session->page_count, before + 80, "session %zu: %u pages, then %u", i, before,
                      session->page_count);
        for (size_t t = 0; t < session->len; t++) {
            new += session->touches[t].pgno > before && session->touches[t].how == HINT_READ;
            own += session->touches[t].how == HINT_WRITTEN;
            if (session->touches[t].how == HINT_WRITTEN)
                cr_expect_gt(session->touches[t].pgno, session->page_count);
        }
        cr_expect_geq(new, 60, "session %zu: %zu", i, new);
        cr_expect_eq(own, 6, "session %zu: %zu", i, own);
    }
    trace_free(&trace);
}

Test(generate, a_change_of_the_schema_raises_the_cookie_and_moves_nothing)
{
    struct trace trace = made("schema");

    for (size_t i = 1; i <= trace.len; i++)
        cr_expect_eq(at(&trace, i)->cookie, 1u + (i >= 6) + (i >= 9) + (i >= 12), "session %zu: %u",
                     i, at(&trace, i)->cookie);
    cr_expect_eq(at(&trace, 6)->page_count, at(&trace, 5)->page_count + 41);
    cr_expect_geq(shared_pct(at(&trace, 6), at(&trace, 5)), 90);
    trace_free(&trace);
}

Test(generate, after_a_deploy_the_queries_go_elsewhere)
{
    struct trace trace = made("deploy");

    cr_expect_geq(shared_pct(at(&trace, 8), at(&trace, 7)), 80);
    cr_expect_lt(shared_pct(at(&trace, 9), at(&trace, 8)), 10);
    cr_expect_geq(shared_pct(at(&trace, 10), at(&trace, 9)), 80);
    cr_expect_eq(at(&trace, 9)->cookie, at(&trace, 8)->cookie);
    trace_free(&trace);
}

Test(generate, each_analysis_scans_something_else)
{
    struct trace trace = made("analytics");
    static const size_t numbers[] = { 6, 10, 14 };

    for (size_t i = 0; i < COUNT(numbers); i++) {
        const struct trace_session *session = at(&trace, numbers[i]);

        cr_expect_geq(session->len, 1200, "session %zu: %zu", numbers[i], session->len);
        cr_expect_not(session->is_maintenance);
        for (size_t k = 0; k < i; k++)
            cr_expect_leq(shared_pct(session, at(&trace, numbers[k])), 1);
    }
    cr_expect_lt(at(&trace, 7)->len, 700);
    trace_free(&trace);
}

Test(generate, a_backup_sweeps_and_an_integrity_check_walks)
{
    struct trace trace = made("backup");
    const struct trace_session *check = at(&trace, 8);
    size_t ascents = 0;

    for (size_t i = 1; i <= trace.len; i++) {
        bool is_sweep = i == 3 || i == 8 || i == 12;

        cr_expect_eq(at(&trace, i)->is_maintenance, is_sweep, "session %zu", i);
        cr_expect_eq(at(&trace, i)->len == 20008, is_sweep, "session %zu", i);
    }
    for (uint32_t i = 0; i < 20008; i++) {
        cr_assert_eq(at(&trace, 3)->touches[i].pgno, i + 1);
        cr_assert_eq(at(&trace, 12)->touches[i].pgno, i + 1);
    }
    for (size_t i = 1; i < check->len; i++)
        ascents += check->touches[i].pgno == check->touches[i - 1].pgno + 1;
    cr_expect_lt(ascents, 10000, "%zu", ascents);
    cr_expect_eq(check->touches[1].page_class, HINT_CLASS_INTERIOR);
    trace_free(&trace);
}

Test(generate, vacuum_moves_all_pages_and_raises_the_cookie)
{
    struct trace trace = made("vacuum");

    for (size_t i = 1; i <= trace.len; i++)
        cr_expect_eq(at(&trace, i)->cookie, i < 9 ? 1 : 2, "session %zu", i);
    cr_expect_geq(shared_pct(at(&trace, 8), at(&trace, 7)), 80);
    cr_expect_lt(shared_pct(at(&trace, 9), at(&trace, 8)), 10);
    cr_expect_eq(at(&trace, 9)->page_count, 20008);
    trace_free(&trace);
}

Test(generate, autovacuum_moves_a_third_and_says_nothing)
{
    struct trace trace = made("autovacuum");
    struct trace still = made("steady");
    size_t shared = shared_pct(at(&trace, 9), at(&still, 9));

    for (size_t i = 1; i <= trace.len; i++)
        cr_expect_eq(at(&trace, i)->cookie, 1, "session %zu", i);
    cr_expect_eq(shared_pct(at(&trace, 8), at(&still, 8)), 100, "nothing has moved yet");
    cr_expect(shared >= 60 && shared <= 80, "%zu", shared);
    trace_free(&trace);
    trace_free(&still);
}

Test(generate, four_of_five_sessions_are_very_short)
{
    struct trace trace = made("short");

    cr_assert_eq(trace.len, 40);
    for (size_t i = 1; i <= trace.len; i++)
        cr_expect_eq(at(&trace, i)->len < 25, i % 5 != 1, "session %zu: %zu", i,
                     at(&trace, i)->len);
    trace_free(&trace);
}

Test(generate, memory_that_runs_out_leaves_the_trace_as_it_was)
{
    const struct generate_kind *kind = generate_find("growth");
    struct trace trace = made("short");

    for (size_t n = 0;; n = 2 * n + 1) {
        int rc;

        heap_fail_at(n);
        rc = generate_trace(&trace, kind, 1);
        if (!heap_restore()) {
            cr_expect_eq(rc, TRACE_OK);
            cr_expect_eq(trace.len, 16);
            break;
        }
        cr_expect_eq(rc, TRACE_NOMEM, "allocation %zu: %d", n, rc);
        cr_expect_eq(trace.len, 40, "allocation %zu", n);
    }
    trace_free(&trace);
}
