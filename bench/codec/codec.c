/* codec: how fast the hint message with 10,000 page numbers is encoded and decoded, against a plain
 * memcpy of the same bytes.
 *
 *     codec [--full] [--json FILE]
 *
 * The arms take turns, so that what else the machine does hits all of them. An encoding starts with
 * an empty writer and a decoding with an empty arena, and both are freed: that is what a host pays.
 * --full takes ten times the samples.
 *
 * Exit status: 0. 1: slower than 1 GB/s. 2: wrong usage. 3: it could not be run. */
#include "bench/kit/clock.h"
#include "bench/kit/options.h"
#include "bench/kit/program.h"
#include "bench/kit/row.h"
#include "proto/envoy.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGES      10000u
#define BATCH      50u
#define SAMPLES    101u
#define GBS_WANTED 1.0

struct bench {
    struct envoy_message message;
    struct bare_writer bytes; /* the message, encoded */
    uint8_t *copy;
    unsigned failures;
};

static void run_memcpy(struct bench *b)
{
    memcpy(b->copy, b->bytes.buf, b->bytes.len);
    /* The copy is used, as far as the compiler knows. */
    __asm__ volatile("" : : "r"(b->copy) : "memory");
}

static void run_encode(struct bench *b)
{
    struct bare_writer out = { 0 };
    struct envoy_why why;

    if (envoy_encode(&out, &b->message, ENVOY_PROTOCOL_VERSION, &why) != ENVOY_OK) b->failures++;
    if (out.len != b->bytes.len) b->failures++;
    bare_writer_free(&out);
}

static void run_decode(struct bench *b)
{
    const struct bare_slice bytes = { b->bytes.buf, b->bytes.len };
    struct bare_arena arena = { 0 };
    struct envoy_message out;
    struct envoy_why why;

    if (envoy_decode(&out, ENVOY_ROOT_TO_RIVET, ENVOY_PROTOCOL_VERSION, bytes, &arena, &why) !=
        ENVOY_OK)
        b->failures++;
    __asm__ volatile("" : : "r"(&out) : "memory");
    bare_arena_free(&arena);
}

static const struct arm {
    const char *name;
    void (*run)(struct bench *b);
} arms[] = {
    { "memcpy", run_memcpy },
    { "encode", run_encode },
    { "decode", run_decode },
};

enum { ARM_COUNT = sizeof arms / sizeof arms[0] };

/* Bytes per nanosecond, which is GB/s, over one batch. */
static double speed(struct bench *b, const struct arm *arm)
{
    uint64_t start = clock_now_ns(), took;

    for (unsigned i = 0; i < BATCH; i++)
        arm->run(b);
    took = clock_now_ns() - start;
    return (double)(BATCH * b->bytes.len) / (double)(took ? took : 1);
}

/* Page numbers with gaps: nothing that a range would have taken. */
static bool prepare(struct bench *b, uint32_t *pgnos)
{
    struct envoy_to_rivet_sqlite_persist_preload_hints_request *request =
        &b->message.as.to_rivet.as.to_rivet_sqlite_persist_preload_hints_request;
    struct envoy_why why;

    for (uint32_t i = 0; i < PAGES; i++)
        pgnos[i] = 1 + 3 * i;
    b->message.root = ENVOY_ROOT_TO_RIVET;
    b->message.as.to_rivet.tag = ENVOY_TO_RIVET_TO_RIVET_SQLITE_PERSIST_PRELOAD_HINTS_REQUEST;
    request->request_id = 7;
    request->data.actor_id = bare_slice_of("actor");
    request->data.generation = 3;
    request->data.hints.pgnos.items = pgnos;
    request->data.hints.pgnos.count = PAGES;
    if (envoy_encode(&b->bytes, &b->message, ENVOY_PROTOCOL_VERSION, &why) != ENVOY_OK)
        return false;
    b->copy = malloc(b->bytes.len);
    return b->copy != NULL;
}

static int measure(struct bench *b, struct rows *rows, unsigned samples)
{
    struct row_series series[ARM_COUNT] = { { 0 } };
    int rc = ROW_OK;

    for (unsigned i = 0; i < samples && rc == ROW_OK; i++)
        for (size_t k = 0; k < ARM_COUNT && rc == ROW_OK; k++)
            rc = row_series_add(&series[k], speed(b, &arms[k]));
    for (size_t k = 0; k < ARM_COUNT && rc == ROW_OK; k++)
        rc = rows_add(rows, "hints of 10,000 pages", arms[k].name, "GB/s", &series[k]);
    rows_compare_to(rows, "memcpy");
    for (size_t k = 0; k < ARM_COUNT; k++)
        row_series_free(&series[k]);
    return rc;
}

/* Prints what is too slow. */
static int verdict(const struct rows *rows)
{
    int rc = EXIT_SUCCESS;

    for (size_t i = 0; i < rows->len; i++) {
        if (rows->items[i].median >= GBS_WANTED) continue;
        (void)fprintf(stderr, "codec: %s: %.2f GB/s, wanted %.1f\n", rows->items[i].arm,
                      rows->items[i].median, GBS_WANTED);
        rc = EXIT_VERDICT;
    }
    return rc;
}

static int run(unsigned samples, const char *json)
{
    struct bench b = { .failures = 0 };
    struct rows rows = { 0 };
    uint32_t *pgnos = malloc(PAGES * sizeof *pgnos);
    int rc = EXIT_TROUBLE;

    if (pgnos && prepare(&b, pgnos) && measure(&b, &rows, samples) == ROW_OK && b.failures == 0)
        rc = verdict(&rows);
    if (rc != EXIT_TROUBLE) {
        rows_print(&rows, program_tables(json));
        if (json && rows_save_json(&rows, json) != ROW_OK) rc = EXIT_TROUBLE;
    }
    if (rc == EXIT_TROUBLE) (void)fputs("codec: out of memory, or a file failed\n", stderr);
    rows_free(&rows);
    bare_writer_free(&b.bytes);
    free(b.copy);
    free(pgnos);
    return rc;
}

int main(int argc, char **argv)
{
    bool full = false;
    const char *json = NULL;

    if (!options_parse_usual(&full, &json, argc, argv)) {
        (void)fputs("usage: codec [--full] [--json FILE]\n", stderr);
        return EXIT_USAGE;
    }
    return run(full ? 10 * SAMPLES : SAMPLES, json);
}
