/* The loops that the benchmark `recorder` measures. A loop touches as many pages as a window
 * takes, one after another: each for the first time, or each once more. One thread at a time. */
#ifndef BENCH_RECORDER_LOOP_H
#define BENCH_RECORDER_LOOP_H

#include "hints/recorder.h"

#define LOOP_TOUCHES 1000000u

/* A database of 1 TiB in pages of 4,096 bytes. */
#define LOOP_PAGES_LOG2 28

/* In which order of pages; never a page twice. */
enum loop_order {
    LOOP_RANDOM, /* all over the database */
    LOOP_SEQUENTIAL,
    LOOP_ORDER_COUNT
};

enum loop_kind {
    LOOP_EMPTY, /* calls a function that does nothing: what the loop itself takes */
    LOOP_FIRST, /* first touches: the recorder is empty */
    LOOP_AGAIN, /* repeated touches: it has all pages */
    LOOP_KIND_COUNT
};

/* Zeroed is empty. */
struct loop {
    struct hint_recorder recorder;
    uint32_t *pgnos; /* LOOP_TOUCHES of them */
    enum loop_kind kind;
};

/* Everything before the loop. False: out of memory. Free it in either case. */
bool loop_init(struct loop *loop, enum loop_kind kind, enum loop_order order);

/* The loop, called once; returns how many touches were taken. The emulator is told to collect in
 * here, by this name. */
#define LOOP_FUNCTION "loop_measured"
size_t loop_measured(struct loop *loop);

/* How many touches such a loop takes. */
size_t loop_wants(enum loop_kind kind);

/* Twice is harmless. */
void loop_free(struct loop *loop);

#endif
