/* The prefetcher is never a step ahead: at each touch it first issues what it could have issued by
 * then, and only then the foreground takes its turn. */
#include "bench/policy/replay_model.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "bench/policy/replay_pages.h"

#define NEVER SIZE_MAX

enum group_state { GROUP_WAITS = 0, GROUP_RELEASED, GROUP_BEGUN };

struct group {
    enum group_state state;
    uint64_t released_ns;
};

/* The group that is being issued: its pages from `next` on are still to go. */
struct issuing {
    uint32_t *pgnos; /* sorted, each once */
    size_t len;
    size_t next;
    uint64_t released_ns;
};

struct player {
    const struct trace_session *session;
    const struct replay_device *device;
    uint64_t page_ns;                       /* of the link */
    uint64_t channels[REPLAY_PARALLEL_MAX]; /* when each is free */
    uint64_t link_until;
    uint64_t now;
    struct replay_pages pages;
    const struct replay_plan *plan;
    struct replay_plan fresh; /* the one that an answer brought */
    uint32_t plan_number;     /* from 1 */
    struct group *groups;     /* of the plan */
    size_t first_open;        /* all groups before it are begun */
    size_t next_due;          /* the fewest touches that a waiting group wants */
    size_t ask_at;
    struct issuing issuing;
    struct replay_result result;
};

void replay_result_free(struct replay_result *result)
{
    free(result->fetched);
    *result = (struct replay_result){ 0 };
}

/* ---- the device ---- */

static uint64_t *first_free_channel(struct player *player)
{
    uint64_t *first = player->channels;

    for (uint32_t i = 1; i < player->device->parallel; i++)
        if (player->channels[i] < *first) first = &player->channels[i];
    return first;
}

/* Books a request of `count` pages, to start at `from_ns` at the earliest; when it has arrived. */
static uint64_t book(struct player *player, uint64_t from_ns, size_t count)
{
    uint64_t *channel = first_free_channel(player);
    uint64_t start = *channel > from_ns ? *channel : from_ns;
    uint64_t answered = start + player->device->latency_us * 1000;

    if (answered < player->link_until) answered = player->link_until;
    *channel = answered + count * player->page_ns;
    player->link_until = *channel;
    return *channel;
}

/* ---- the plan ---- */

/* Marks pages as released, which makes entries for them. */
static int offer(struct player *player, const uint32_t *pgnos, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct replay_page *page = replay_pages_add(&player->pages, pgnos[i]);

        if (!page) return REPLAY_NOMEM;
        page->offered = player->plan_number;
    }
    return REPLAY_OK;
}

/* Makes a plan the one that counts. What the group being issued has left stays. */
static int take_plan(struct player *player, const struct replay_plan *plan)
{
    const struct issuing *issuing = &player->issuing;
    struct group *groups = calloc(plan->group_count + 1, sizeof(*groups));

    if (!groups) return REPLAY_NOMEM;
    free(player->groups);
    player->groups = groups;
    player->plan = plan;
    player->plan_number++;
    player->first_open = 0;
    player->next_due = 0;
    return offer(player, issuing->pgnos + issuing->next, issuing->len - issuing->next);
}

/* Releases the groups that are due after `touches`. */
static int release(struct player *player, size_t touches)
{
    const struct replay_plan *plan = player->plan;
    int rc = REPLAY_OK;

    player->next_due = NEVER;
    for (size_t i = player->first_open; i < plan->group_count && rc == REPLAY_OK; i++) {
        const struct replay_group *group = &plan->groups[i];

        if (player->groups[i].state != GROUP_WAITS) continue;
        if (group->due <= touches) {
            player->groups[i] = (struct group){ GROUP_RELEASED, player->now };
            rc = offer(player, plan->pgnos + group->first, group->len);
        } else if (group->due < player->next_due) {
            player->next_due = group->due;
        }
    }
    return rc;
}

static int ask_policy(struct player *player, size_t touches, replay_ask ask, void *ctx)
{
    const struct replay_view view = { player->session->touches, touches, player->result.fetched,
                                      player->result.fetched_count };
    struct replay_plan fresh = { 0 };
    int rc = ask(&fresh, &view, ctx);

    player->ask_at = fresh.ask_at > touches ? fresh.ask_at : NEVER;
    if (rc == REPLAY_OK) {
        struct replay_plan old = player->fresh;

        player->fresh = fresh;
        fresh = old;
        rc = take_plan(player, &player->fresh);
    } else if (rc == REPLAY_KEEP) {
        rc = REPLAY_OK;
    }
    replay_plan_free(&fresh);
    return rc;
}

/* ---- the prefetcher ---- */

static int compare_pgnos(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* Begins the first group in the plan's order that is released; false when there is none. */
static int begin_group(struct player *player, bool *begun)
{
    const struct replay_plan *plan = player->plan;
    struct issuing *issuing = &player->issuing;
    const struct replay_group *group;
    uint32_t *pgnos;
    size_t i = player->first_open;

    while (i < plan->group_count && player->groups[i].state != GROUP_RELEASED)
        i++;
    *begun = i < plan->group_count;
    if (!*begun) return REPLAY_OK;
    group = &plan->groups[i];
    pgnos = realloc(issuing->pgnos, group->len * sizeof(*pgnos));
    if (!pgnos) return REPLAY_NOMEM;
    memcpy(pgnos, plan->pgnos + group->first, group->len * sizeof(*pgnos));
    qsort(pgnos, group->len, sizeof(*pgnos), compare_pgnos);
    *issuing = (struct issuing){ pgnos, 0, 0, player->groups[i].released_ns };
    for (size_t k = 0; k < group->len; k++)
        if (k == 0 || pgnos[k] != pgnos[k - 1]) pgnos[issuing->len++] = pgnos[k];
    player->groups[i].state = GROUP_BEGUN;
    while (player->first_open < plan->group_count &&
           player->groups[player->first_open].state == GROUP_BEGUN)
        player->first_open++;
    return REPLAY_OK;
}

/* The end of the request that begins at the group's next page. */
static size_t request_end(const struct player *player)
{
    const struct issuing *issuing = &player->issuing;
    size_t pages_max = REPLAY_REQUEST_BYTES_MAX / trace_page_size(player->session);
    size_t end = issuing->next + 1;

    if (player->device->list) return issuing->len;
    while (end < issuing->len && end - issuing->next < pages_max &&
           issuing->pgnos[end] == issuing->pgnos[end - 1] + 1)
        end++;
    return end;
}

static int note_fetched(struct replay_result *result, uint32_t pgno)
{
    if (result->fetched_count == result->fetched_cap) {
        size_t cap = result->fetched_cap ? result->fetched_cap * 2 : 1024;
        uint32_t *fetched = realloc(result->fetched, cap * sizeof(*fetched));

        if (!fetched) return REPLAY_NOMEM;
        result->fetched = fetched;
        result->fetched_cap = cap;
    }
    result->fetched[result->fetched_count++] = pgno;
    return REPLAY_OK;
}

/* Issues the group's next request, less what is on its way already. */
static int issue_request(struct player *player)
{
    struct issuing *issuing = &player->issuing;
    size_t end = request_end(player);
    size_t first = player->result.fetched_count;
    uint64_t arrives;
    int rc = REPLAY_OK;

    for (; issuing->next < end && rc == REPLAY_OK; issuing->next++) {
        struct replay_page *page = replay_pages_at(&player->pages, issuing->pgnos[issuing->next]);

        if (page->booked) continue;
        page->booked = page->fetched = true;
        rc = note_fetched(&player->result, page->pgno);
    }
    if (player->result.fetched_count == first) return rc;
    arrives = book(player, issuing->released_ns, player->result.fetched_count - first);
    player->result.requests++;
    for (size_t i = first; i < player->result.fetched_count; i++)
        replay_pages_at(&player->pages, player->result.fetched[i])->arrives_ns = arrives;
    return rc;
}

/* Issues what a channel was free for by `until_ns`. */
static int issue(struct player *player, uint64_t until_ns)
{
    bool more = true;
    int rc = REPLAY_OK;

    while (rc == REPLAY_OK && more && *first_free_channel(player) <= until_ns) {
        if (player->issuing.next == player->issuing.len) rc = begin_group(player, &more);
        if (rc == REPLAY_OK && more) rc = issue_request(player);
    }
    return rc;
}

/* ---- the foreground ---- */

static int touch(struct player *player, uint32_t pgno)
{
    struct replay_page *page = replay_pages_add(&player->pages, pgno);

    if (!page) return REPLAY_NOMEM;
    page->touched = true;
    if (page->fetched || page->offered == player->plan_number) player->result.covered++;
    if (!page->booked) {
        page->booked = true;
        page->arrives_ns = book(player, player->now, 1);
        player->result.demands++;
    }
    if (page->arrives_ns > player->now) player->now = page->arrives_ns;
    return REPLAY_OK;
}

static int play(struct player *player, replay_ask ask, void *ctx)
{
    const struct trace_session *session = player->session;
    int rc = REPLAY_OK;

    for (size_t i = 0; i < session->len && rc == REPLAY_OK; i++) {
        /* What is released now did not compete for the channels that were free before. */
        if (i == player->ask_at || i >= player->next_due) rc = issue(player, player->now);
        if (rc == REPLAY_OK && i == player->ask_at) rc = ask_policy(player, i, ask, ctx);
        if (rc == REPLAY_OK && i >= player->next_due) rc = release(player, i);
        if (rc == REPLAY_OK) rc = issue(player, player->now);
        if (rc == REPLAY_OK) rc = touch(player, session->touches[i].pgno);
    }
    player->result.ns = player->now;
    player->result.touches = session->len;
    if (rc == REPLAY_OK) rc = release(player, session->len);
    if (rc == REPLAY_OK) rc = issue(player, UINT64_MAX);
    return rc;
}

static void count_wasted(struct player *player)
{
    struct replay_result *result = &player->result;

    for (size_t i = 0; i < result->fetched_count; i++)
        result->wasted += !replay_pages_at(&player->pages, result->fetched[i])->touched;
}

int replay_run(struct replay_result *out, const struct trace_session *session,
               const struct replay_device *device, const struct replay_plan *plan, replay_ask ask,
               void *ctx)
{
    struct player player = { .session = session, .device = device };
    int rc;

    assert(device->parallel >= 1 && device->parallel <= REPLAY_PARALLEL_MAX);
    assert(device->bandwidth_mbs >= 1 && device->latency_us <= REPLAY_LATENCY_US_MAX);
    assert(ask || plan->ask_at == 0);
    player.page_ns = ((uint64_t)trace_page_size(session) * 1000 + device->bandwidth_mbs / 2) /
                     device->bandwidth_mbs;
    player.ask_at = plan->ask_at ? plan->ask_at : NEVER;
    rc = take_plan(&player, plan);
    if (rc == REPLAY_OK) rc = play(&player, ask, ctx);
    if (rc == REPLAY_OK) count_wasted(&player);

    if (rc == REPLAY_OK) {
        struct replay_result old = *out;

        *out = player.result;
        player.result = old;
    }
    replay_result_free(&player.result);
    replay_plan_free(&player.fresh);
    replay_pages_free(&player.pages);
    free(player.issuing.pgnos);
    free(player.groups);
    return rc;
}
