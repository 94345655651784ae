/* Run lists as text: "1-3 7 9-12". What is written is what is read back, in whatever order it
 * stands, so a list that is not in normal form has a notation too. */
#ifndef TESTS_SUPPORT_RUNS_H
#define TESTS_SUPPORT_RUNS_H

#include "hints/run.h"

/* Long enough for every list in a test; longer ones end in "...". */
struct text {
    char s[2048];
};

/* Appends as printf does. */
void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The list that the text names; the caller frees it. Aborts where the text is wrong. */
struct hint_runs runs_of(const char *text);

struct text runs_text(const struct hint_runs *runs);

#endif
