/* What the suites of proto/ share. */
#ifndef TESTS_PROTO_COMMON_H
#define TESTS_PROTO_COMMON_H

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/bare.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Bytes of a test, which it frees: exactly as many as needed, so that the sanitizer sees a reader
 * that goes too far. */
struct bytes {
    uint8_t *data;
    size_t len;
};

/* "09 07000000 05": blanks do not count. */
struct bytes bytes_of_hex(const char *hex);
struct bytes bytes_copy(const uint8_t *data, size_t len);
void bytes_free(struct bytes *bytes);
struct bare_slice slice_of(struct bytes bytes);

/* Lower-case hex that the caller frees. */
char *hex_of(const uint8_t *data, size_t len);

/* The seed of this run: PRELOAD_SEED in the environment, else a fixed one. */
uint64_t seed_start(void);

/* Calls `row` with the fields of every line of a file of tab-separated values; returns the lines.
 */
enum { FIELDS_MAX = 8 };
size_t tsv_each(const char *path, void (*row)(size_t line, char *fields[FIELDS_MAX]));

#endif
