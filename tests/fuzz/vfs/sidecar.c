/* Any bytes as a sidecar. What begins with the magic is taken as it is; anything else is taken for
 * a record, compressed, and given a header, or the frame's checksum would keep the fuzzer from it.
 * A history that is accepted is in normal form, comes back from its own bytes, and can be planned.
 */
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "hints/plan.h"
#include "hints/record.h"
#include "vfs/sidecar_format.h"

#define PAGES_MAX 4096

#define REQUIRE(fact)                                                                              \
    do {                                                                                           \
        if (!(fact)) abort();                                                                      \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void require_equal(const struct hint_history *a, const struct hint_history *b)
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

static void require_round_trip(const struct hint_history *history,
                               const struct store_evidence *evidence)
{
    struct hint_history again = { 0 };
    struct store_evidence found;
    uint8_t *bytes = NULL;
    size_t len;

    REQUIRE(preload_sidecar_encode(&bytes, &len, history, evidence));
    REQUIRE(preload_sidecar_decode(&again, &found, bytes, len, PAGES_MAX) == NULL);
    REQUIRE(found.page_size == evidence->page_size && found.page_count == evidence->page_count);
    REQUIRE(found.schema_cookie == evidence->schema_cookie);
    REQUIRE(found.generation == evidence->generation);
    require_equal(history, &again);
    hint_history_free(&again);
    free(bytes);
}

static void require_plan(const struct hint_history *history, const struct store_evidence *evidence)
{
    const struct hint_costs costs = { 1000, 4, HINT_GROUP_PAGES_MAX };
    const struct hint_budget budget = { .bytes_max = UINT64_C(32) << 20 };
    const struct hint_database database = { evidence->page_size, evidence->page_count };
    struct hint_plan plan = { 0 };

    REQUIRE(hint_plan_make(&plan, history, database, costs, budget, NULL) == HINT_OK);
    REQUIRE(plan.page_count * evidence->page_size <= budget.bytes_max);
    for (size_t i = 0; i < plan.run_count; i++)
        REQUIRE(hint_run_end(plan.runs[i]) <= (uint64_t)evidence->page_count + 1);
    hint_plan_free(&plan);
}

static void decode(const uint8_t *bytes, size_t len)
{
    struct store_evidence evidence = { 0 };
    struct hint_history history = { 0 };

    if (preload_sidecar_decode(&history, &evidence, bytes, len, PAGES_MAX)) {
        REQUIRE(history.len == 0 && !history.pages);
        return;
    }
    REQUIRE(hint_history_is_normal(&history) && history.len <= PAGES_MAX);
    require_round_trip(&history, &evidence);
    require_plan(&history, &evidence);
    hint_history_free(&history);
}

/* Version 1, pages of 4096 bytes, 100,000 of them. */
static void decode_record(const uint8_t *record, size_t len)
{
    static const uint8_t header[SIDECAR_HEADER_BYTES] = "sqlite-preload\n\0\1\0\0\0\0\x10\0\0"
                                                        "\xa0\x86\1\0";
    size_t room = ZSTD_compressBound(len);
    uint8_t *bytes = malloc(sizeof header + room);
    ZSTD_CCtx *context = ZSTD_createCCtx();
    size_t frame_len;

    REQUIRE(bytes && context);
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
    if (preload_sidecar_is_ours(bytes, len))
        decode(bytes, len);
    else
        decode_record(bytes, len);
    return 0;
}
