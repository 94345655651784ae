/* Writes the JSON of benchmarks: a list of objects, one a line. One thread at a time. */
#ifndef BENCH_JSON_H
#define BENCH_JSON_H

#include <stddef.h>
#include <stdio.h>

/* In quotes. A byte that belongs to no UTF-8 character becomes U+FFFD: the name of a file may be
 * anything. */
void json_print_string(FILE *out, const char *text);

/* Nine digits; null for NaN and infinities, which JSON has not. */
void json_print_number(FILE *out, double value);

/* A list of `count` objects, from 0: `print` prints object i. */
void json_print_list(FILE *out, size_t count, void (*print)(FILE *out, const void *ctx, size_t i),
                     const void *ctx);

/* The same into a file, `-` being standard output. 0, or -1: it cannot be written. */
int json_save_list(const char *path, size_t count,
                   void (*print)(FILE *out, const void *ctx, size_t i), const void *ctx);

#endif
