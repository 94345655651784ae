/* Any bytes as a sidecar. What begins with the magic is taken as it is; anything else is taken for
 * a record, compressed, and given a header, or the frame's checksum would keep the fuzzer from it.
 * As a record of either format. A book that is accepted is in normal form, comes back from its own
 * bytes, and can be planned.
 */
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "hints/plan.h"
#include "hints/record.h"
#include "vfs/store/sidecar_format.h"

#define PAGES_MAX 4096

#define REQUIRE(fact)                                                                              \
    do {                                                                                           \
        if (!(fact)) abort();                                                                      \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void require_equal(const struct hint_book *a, const struct hint_book *b)
{
    uint8_t *x = malloc(hint_record_bound(a));
    uint8_t *y = malloc(hint_record_bound(b));
    size_t x_len;

    REQUIRE(x && y);
    x_len = hint_record_encode(x, a);
    REQUIRE(hint_record_encode(y, b) == x_len && memcmp(x, y, x_len) == 0);
    free(x);
    free(y);
}

static void require_round_trip(const struct hint_book *book, uint64_t generation)
{
    struct hint_book again = { 0 };
    uint64_t found = 0;
    uint8_t *bytes = NULL;
    size_t len;

    REQUIRE(preload_sidecar_encode(&bytes, &len, book, generation));
    REQUIRE(preload_sidecar_decode(&again, &found, bytes, len, PAGES_MAX) == NULL);
    REQUIRE(again.evidence.page_size == book->evidence.page_size);
    REQUIRE(again.evidence.page_count == book->evidence.page_count);
    REQUIRE(again.evidence.schema_cookie == book->evidence.schema_cookie);
    REQUIRE(found == generation);
    require_equal(book, &again);
    hint_book_free(&again);
    free(bytes);
}

/* For a database somewhat larger than the one that was learnt on, so that growth is foreseen. */
static void require_plan(const struct hint_book *book, const char *profile)
{
    const struct hint_device device = { 100000, book->evidence.page_size, 16, false };
    const struct hint_costs costs = hint_costs_of(&device);
    const struct hint_database database = { book->evidence.page_size,
                                            book->evidence.page_count / 2 + 1000 };
    struct hint_forecast forecast = { 0 };
    struct hint_plan plan = { 0 };
    struct hint_budget budget;

    REQUIRE(hint_forecast_make(&forecast, book, profile, database.page_count) == HINT_OK);
    budget = hint_budget_of(&forecast, costs, database, UINT64_C(32) << 20);
    REQUIRE(hint_plan_make(&plan, &forecast, database, costs, budget, HINT_TRUST_TRIAL, NULL) ==
            HINT_OK);
    REQUIRE(plan.page_count * database.page_size <= budget.bytes_max);
    REQUIRE(plan.proven_from <= plan.group_count);
    for (size_t i = 0; i < plan.run_count; i++)
        REQUIRE(hint_run_end(plan.runs[i]) <= (uint64_t)database.page_count + 1);
    hint_plan_free(&plan);
    hint_forecast_free(&forecast);
}

static void decode(const uint8_t *bytes, size_t len)
{
    struct hint_book book = { 0 };
    uint64_t generation = 0;

    if (preload_sidecar_decode(&book, &generation, bytes, len, PAGES_MAX)) {
        REQUIRE(book.shared.len == 0 && !book.shared.pages && !book.profiles);
        return;
    }
    REQUIRE(hint_book_is_normal(&book) && hint_book_pages(&book) <= PAGES_MAX);
    require_round_trip(&book, generation);
    require_plan(&book, NULL);
    for (size_t i = 0; i < book.profile_count && i < 4; i++)
        require_plan(&book, book.profiles[i].name);
    hint_book_free(&book);
}

/* Pages of 4096 bytes, 100,000 of them. */
static void decode_record(uint8_t version, const uint8_t *record, size_t len)
{
    uint8_t header[SIDECAR_HEADER_BYTES] = "sqlite-preload\n\0\0\0\0\0\0\x10\0\0"
                                           "\xa0\x86\1\0";
    size_t room = ZSTD_compressBound(len);
    uint8_t *bytes = malloc(sizeof header + room);
    ZSTD_CCtx *context = ZSTD_createCCtx();
    size_t frame_len;

    REQUIRE(bytes && context);
    header[16] = version;
    memcpy(bytes, header, sizeof header);
    REQUIRE(!ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)));
    REQUIRE(!ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, 1)));
    frame_len = ZSTD_compress2(context, bytes + sizeof header, room, record, len);
    REQUIRE(!ZSTD_isError(frame_len));
    ZSTD_freeCCtx(context);
    decode(bytes, sizeof header + frame_len);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (preload_sidecar_is_ours(bytes, len)) {
        decode(bytes, len);
    } else {
        decode_record(1, bytes, len);
        decode_record(2, bytes, len);
    }
    return 0;
}
