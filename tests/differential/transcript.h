/* What one arm saw: a line of text for each step, and the files that it left. One thread at a
 * time. */
#ifndef TESTS_DIFFERENTIAL_TRANSCRIPT_H
#define TESTS_DIFFERENTIAL_TRANSCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "tests/differential/script.h"

#define TRANSCRIPT_LINES_MAX (SCRIPT_OPS_MAX + 2)
#define TRANSCRIPT_FILES_MAX 128

struct image {
    char *name;
    char *bytes;
    size_t len;
};

/* Zeroed is a valid empty one. */
struct transcript {
    char *lines[TRANSCRIPT_LINES_MAX]; /* the prologue, each step, the close */
    size_t line_count;
    struct image files[TRANSCRIPT_FILES_MAX]; /* by name */
    size_t file_count;
};

void transcript_free(struct transcript *transcript);

/* Takes over `line`, which came from sqlite3_malloc. */
void transcript_add(struct transcript *transcript, char *line);

/* Takes a picture of the files of a folder, without preload's own. False when a file cannot be
 * read, or there are too many. */
bool transcript_take_files(struct transcript *transcript, const char *folder);

/* Prints what differs first, with a few words around it, and returns false; true when all is
 * equal. */
bool transcript_compare(const struct transcript *base, const struct transcript *preload,
                        const struct script *script, FILE *out);

void transcript_print(const struct transcript *transcript, const struct script *script, FILE *out);

#endif
