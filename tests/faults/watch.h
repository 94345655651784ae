/* Two layers, one above the VFS under test and one below it. The upper one writes down what SQLite
 * asked and got; the lower one sees what the base was asked, tells what is SQLite's from what
 * preload asks for itself, and lets calls fail.
 *
 * A call of the base is SQLite's when it is the first one of the method that SQLite is calling at
 * that moment on that thread; then it must have the same arguments and the same file name pointer,
 * and its answer must reach SQLite unchanged. All others are preload's own: on handles that it
 * opened, on its workers, or the size of the file in xOpen; and a rule says which of them may be.
 *
 * SQLite is used by one thread here; preload's workers may be many. */
#ifndef TESTS_FAULTS_WATCH_H
#define TESTS_FAULTS_WATCH_H

#include <stdatomic.h>
#include <stddef.h>

#include "tests/faults/layer.h"

#define WATCH_CALLS_MAX 32768

/* Which calls fail. Zeroed: none. */
struct fault {
    enum io_method method;
    enum io_kind kind; /* IO_KINDS: any */
    bool own;          /* preload's own calls, not SQLite's */
    unsigned at;       /* the first that fails, counted from 0 among its like */
    unsigned times;    /* how many in a row */
    int code;
};

struct watch {
    size_t call_count;
    atomic_uint counts[2][IO_KINDS][IO_METHODS]; /* of the base; [1]: preload's own */
    atomic_uint own_good[IO_METHODS];            /* preload's own that succeeded */
    atomic_uint matched;                         /* calls that the fault is about */
    atomic_uint failed;                          /* by the fault */
    char wrong[512];                             /* the first broken rule; empty: none */
    struct io_call calls[WATCH_CALLS_MAX];       /* SQLite's, as seen above */
};

/* Registers the lower layer over unix as `name`, with files of this version at most. */
bool watch_register_base(const char *name, int version_max);

/* Registers an upper layer over `base`. `is_watched_below`: there is a lower one, and each call is
 * to reach it. */
bool watch_register_top(const char *name, const char *base, bool is_watched_below);

/* From now on the layers write into `watch`, which is emptied, and calls fail as `fault` says. */
void watch_begin(struct watch *watch, const struct fault *fault);

/* Calls pass, nothing is written down. */
void watch_end(void);

/* False when the calls differ; `text` then says where. */
bool watch_equal(const struct watch *a, const struct watch *b, char *text, size_t len);

#endif
