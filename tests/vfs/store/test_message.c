/* Hints as a message: the bytes of the protocol's own example, and what is refused. */
#include "vfs/store/message.h"

#include <string.h>

#include "tests/vfs/common.h"

static const struct message_head head = { .actor = "actor", .generation = 3 };

/* The request of the protocol's page, but for the request id, which is 0 here: pages 1, 2, 300 and
 * the range 64 + 200. */
static const uint8_t example[] = {
    0x09, 0, 0, 0, 0, 5, 'a', 'c',  't', 'o', 'r', 3, 0,    0, 0, 0, 0,    0, 0, 3, 1,
    0,    0, 0, 2, 0, 0, 0,   0x2c, 1,   0,   0,   1, 0x40, 0, 0, 0, 0xc8, 0, 0, 0,
};

static void foresee(struct hint_forecast *forecast, uint32_t first, uint32_t count)
{
    forecast->pages = realloc(forecast->pages, (forecast->len + count) * sizeof *forecast->pages);
    for (uint32_t i = 0; i < count; i++)
        forecast->pages[forecast->len++] = (struct hint_guess){ .pgno = first + i, .ppm = 200000 };
}

Test(message, a_forecast_is_the_smallest_request_that_names_its_pages)
{
    struct hint_forecast forecast = { 0 };
    uint8_t *bytes = NULL;
    size_t len = 0;

    foresee(&forecast, 1, 2);
    foresee(&forecast, 64, 200);
    foresee(&forecast, 300, 1);
    cr_assert(preload_message_encode(&bytes, &len, &forecast, 199999, head));
    cr_assert_eq(len, sizeof example);
    cr_expect_arr_eq(bytes, example, sizeof example);
    free(bytes);
    cr_assert(preload_message_encode(&bytes, &len, &forecast, 200000, head));
    cr_expect_eq(len, 1 + 4 + 6 + 8 + 1 + 1);
    free(bytes);
    hint_forecast_free(&forecast);
}

Test(message, a_request_is_a_session_of_its_pages)
{
    struct hint_session session = { 0 };
    struct hint_session again = { 0 };
    uint64_t generation = 0;
    char why[MESSAGE_WHY_MAX];

    cr_assert(preload_message_decode(&session, &generation, example, sizeof example, 1000, why),
              "%s", why);
    cr_expect_str_eq(why, "");
    cr_expect_eq(generation, 3);
    cr_assert_eq(session.len, 203);
    cr_expect_eq(session.touches[2].pgno, 64);
    cr_expect_eq(session.touches[202].pgno, 300);
    cr_assert(preload_message_decode(&again, &generation, example, sizeof example, 1000, why));
    cr_expect_arr_eq(session.id.bytes, again.id.bytes, sizeof session.id,
                     "the same message is the same session");
    hint_session_free(&session);
    hint_session_free(&again);
}

static const struct refusal_case {
    size_t at; /* byte of the example that is changed */
    uint8_t to;
    size_t pages_max;
    const char *why; /* a part of it */
} refusal_cases[] = {
    { 0, 0x0a, 1000, "ToRivet" }, { 0, 3, 1000, "left" },           { 20, 0, 1000, "0" },
    { 37, 0, 1000, "empty" },     { 40, 0xff, 1000, "more pages" }, { 0, 9, 202, "more pages" },
    { 0, 9, 2, "more" },
};

Test(message, what_is_refused_says_why)
{
    for (size_t i = 0; i < COUNT(refusal_cases); i++) {
        const struct refusal_case *row = &refusal_cases[i];
        struct hint_session session = { 0 };
        uint8_t bytes[sizeof example];
        char why[MESSAGE_WHY_MAX] = "";
        uint64_t generation;

        memcpy(bytes, example, sizeof bytes);
        bytes[row->at] = row->to;
        cr_expect(!preload_message_decode(&session, &generation, bytes, sizeof bytes,
                                          row->pages_max, why),
                  "row %zu", i);
        cr_expect_neq(why[0], '\0', "row %zu", i);
        cr_expect_null(session.touches, "row %zu", i);
        if (i >= 2) cr_expect_not_null(strstr(why, row->why), "row %zu: %s", i, why);
    }
}

Test(message, every_strict_prefix_is_refused)
{
    for (size_t len = 0; len < sizeof example; len++) {
        struct hint_session session = { 0 };
        char why[MESSAGE_WHY_MAX];
        uint64_t generation;

        cr_expect(!preload_message_decode(&session, &generation, example, len, 1000, why), "%zu",
                  len);
    }
}
