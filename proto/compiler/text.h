/* What every part of barec shares: the one complaint, memory, and names in C. Memory comes from one
 * arena and goes with it; without memory the compiler stops. */
#ifndef PROTO_COMPILER_TEXT_H
#define PROTO_COMPILER_TEXT_H

#include "proto/bare.h"

/* The first thing that is wrong; those that follow from it are not told. */
struct complaint {
    bool any;
    char text[512]; /* "FILE:LINE: REASON" */
};

#if defined(__GNUC__)
#define TEXT_PRINTF(text, args) __attribute__((format(printf, text, args)))
#else
#define TEXT_PRINTF(text, args)
#endif

void complain(struct complaint *complaint, const char *file, int line, const char *format, ...)
    TEXT_PRINTF(4, 5);

void *text_alloc(struct bare_arena *arena, size_t size, size_t count);

/* Room for one more item behind `count`: call it before each append. */
void *text_grown(struct bare_arena *arena, const void *items, size_t count, size_t size);

char *text_print(struct bare_arena *arena, const char *format, ...) TEXT_PRINTF(2, 3);
char *text_copy(struct bare_arena *arena, const char *bytes, size_t len);

/* "ToRivetKvRequest" and "list<KvKey>" as "to_rivet_kv_request" and "list_of_kv_key"; with an
 * underscore behind it where C or C++ has the word. */
char *text_snake(struct bare_arena *arena, const char *name);
char *text_upper(struct bare_arena *arena, const char *snake);

#endif
