/* The hooks of both layers. */
#include "tests/faults/watch.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vfs/preload.h"

#define LAYERS_MAX 12

/* The call that SQLite is making on this thread. */
static _Thread_local struct {
    const struct layer_file *file;
    bool active;
    struct io_call call;
    bool passed;
    int rc; /* the base's answer */
    uint64_t out;
} current;

static struct {
    struct layer layers[LAYERS_MAX];
    size_t layer_count;
    struct watch *watch; /* NULL: nobody looks */
    struct fault fault;
} stage;

static pthread_mutex_t wrong_mutex = PTHREAD_MUTEX_INITIALIZER;

static void wrong(const struct io_call *call, const char *why)
{
    pthread_mutex_lock(&wrong_mutex);
    if (stage.watch && !stage.watch->wrong[0])
        (void)snprintf(stage.watch->wrong, sizeof stage.watch->wrong,
                       "%s of the %s (%" PRId64 ", %" PRId64 "): %s", io_method_name(call->method),
                       io_kind_name(call->kind), call->a, call->b, why);
    pthread_mutex_unlock(&wrong_mutex);
}

/* preload's opcodes are no calls of SQLite. */
static bool is_preloads_opcode(const struct io_call *call)
{
    return call->method == IO_FILE_CONTROL &&
           (call->a == PRELOAD_FCNTL_STATS || call->a == PRELOAD_FCNTL_FLUSH);
}

/* Above */

static void before_above(struct layer_file *file, struct io_call *call)
{
    current.file = file;
    current.active = true;
    current.call = *call;
    current.passed = false;
}

static void write_down(const struct io_call *call)
{
    struct watch *watch = stage.watch;

    if (watch->call_count < WATCH_CALLS_MAX)
        watch->calls[watch->call_count++] = *call;
    else
        wrong(call, "too many calls");
}

static void after_above(struct layer_file *file, struct io_call *call)
{
    (void)file;
    current.active = false;
    if (stage.watch && !is_preloads_opcode(call)) write_down(call);
}

static void after_above_watched(struct layer_file *file, struct io_call *call)
{
    after_above(file, call);
    if (is_preloads_opcode(call)) return;
    if (!current.passed)
        wrong(call, "never reached the base");
    else if (current.rc != call->rc || current.out != call->out)
        wrong(call, "SQLite got another answer than the base gave");
}

/* Below */

static bool is_own(const struct layer_file *file, const struct io_call *call)
{
    if (file && file->own) return true;
    return !current.active || current.call.method != call->method || current.passed;
}

static const char *rule_of_own_open(const struct io_call *call)
{
    if (call->kind != KIND_DATABASE) return "preload opens no other file through the base";
    return call->a == (SQLITE_OPEN_READONLY | SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_URI)
               ? NULL
               : "a handle to write";
}

/* A handle closes while the connection that opened it holds a lock, or in xClose. */
static const char *rule_of_own_close(const struct layer_file *file)
{
    if (!file->own) return "a file of SQLite's";
    if (!current.active) return "a handle closed by a worker";
    if (current.call.method == IO_CLOSE) return NULL;
    return current.file && current.file->level >= SQLITE_LOCK_SHARED
               ? NULL
               : "a handle closed while its connection holds no lock";
}

/* Why preload may not make this call of its own; NULL: it may. */
static const char *rule_of_own(const struct layer_file *file, const struct io_call *call)
{
    if (!file) return "preload asks nothing about paths";
    if (call->method == IO_OPEN) return rule_of_own_open(call);
    if (call->method == IO_CLOSE) return rule_of_own_close(file);
    if (call->method == IO_READ) return file->own ? NULL : "a read through SQLite's file";
    if (call->method == IO_FILE_CONTROL)
        return file->own && call->a == SQLITE_FCNTL_MMAP_SIZE ? NULL : "no such file control";
    if (call->method == IO_FILE_SIZE)
        return current.active && current.call.method == IO_OPEN ? NULL : "a size outside xOpen";
    return "preload has no need of this call";
}

static void check_pass(const struct io_call *call)
{
    if (current.call.kind != call->kind || current.call.name != call->name)
        wrong(call, "the base was asked about another file");
    if (current.call.a != call->a || current.call.b != call->b)
        wrong(call, "the base was asked something else");
}

static bool is_about(const struct fault *fault, const struct io_call *call, bool own)
{
    return fault->times > 0 && fault->method == call->method && fault->own == own &&
           (fault->kind == IO_KINDS || fault->kind == call->kind);
}

static void before_below(struct layer_file *file, struct io_call *call)
{
    bool own = is_own(file, call);
    const char *why = own ? rule_of_own(file, call) : NULL;

    if (own && call->method == IO_OPEN) file->own = true;
    if (!own) current.passed = true;
    if (!stage.watch || is_preloads_opcode(call)) return;
    if (why) wrong(call, why);
    if (!own) check_pass(call);
    atomic_fetch_add(&stage.watch->counts[own][call->kind][call->method], 1);
    if (is_about(&stage.fault, call, own)) {
        unsigned n = atomic_fetch_add(&stage.watch->matched, 1);

        if (n < stage.fault.at || n - stage.fault.at >= stage.fault.times) return;
        atomic_fetch_add(&stage.watch->failed, 1);
        call->fault = stage.fault.code;
    }
}

static void after_below(struct layer_file *file, struct io_call *call)
{
    bool own = (file && file->own) || !current.active || current.call.method != call->method;

    if (own) {
        if (stage.watch && call->rc == SQLITE_OK)
            atomic_fetch_add(&stage.watch->own_good[call->method], 1);
        return;
    }
    current.rc = call->rc;
    current.out = call->out;
}

static struct layer *new_layer(int version_max)
{
    struct layer *layer = NULL;

    if (stage.layer_count < LAYERS_MAX) layer = &stage.layers[stage.layer_count++];
    if (layer) layer->version_max = version_max;
    return layer;
}

bool watch_register_base(const char *name, int version_max)
{
    struct layer *layer = new_layer(version_max);

    if (!layer) return false;
    layer->before = before_below;
    layer->after = after_below;
    layer->drops_syncs = true;
    return layer_register(layer, name, "unix");
}

bool watch_register_top(const char *name, const char *base, bool is_watched_below)
{
    struct layer *layer = new_layer(3);

    if (!layer) return false;
    layer->before = before_above;
    layer->after = is_watched_below ? after_above_watched : after_above;
    return layer_register(layer, name, base);
}

void watch_begin(struct watch *watch, const struct fault *fault)
{
    static const struct fault none = { 0 };

    memset(watch, 0, offsetof(struct watch, calls));
    stage.fault = fault ? *fault : none;
    stage.watch = watch;
}

void watch_end(void)
{
    stage.watch = NULL;
    stage.fault = (struct fault){ 0 };
}

static bool call_equal(const struct io_call *a, const struct io_call *b)
{
    return a->method == b->method && a->kind == b->kind && a->a == b->a && a->b == b->b &&
           a->rc == b->rc && a->out == b->out;
}

static void print_call(char *text, size_t len, const struct watch *watch, size_t i)
{
    const struct io_call *call = &watch->calls[i];

    if (i >= watch->call_count)
        (void)snprintf(text, len, "nothing");
    else
        (void)snprintf(text, len, "%s of the %s (%" PRId64 ", %" PRId64 ") = %d, %016" PRIx64,
                       io_method_name(call->method), io_kind_name(call->kind), call->a, call->b,
                       call->rc, call->out);
}

bool watch_equal(const struct watch *a, const struct watch *b, char *text, size_t len)
{
    size_t i = 0;
    char one[160];
    char other[160];

    while (i < a->call_count && i < b->call_count && call_equal(&a->calls[i], &b->calls[i]))
        i++;
    if (i == a->call_count && i == b->call_count) return true;
    print_call(one, sizeof one, a, i);
    print_call(other, sizeof other, b, i);
    (void)snprintf(text, len, "call %zu: %s, under preload %s", i, one, other);
    return false;
}
