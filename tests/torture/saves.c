/* Nothing learnt is lost, however many save at once: 8 processes save 60 times each, once as 8
 * sessions that go on learning, once as 480 sessions that come and go; and 8 threads of one process
 * open and close 60 connections each, which are one session.
 *
 * usage: saves [SAVES] */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/torture/torture.h"
#include "vfs/preload.h"
#include "vfs/store/open.h"

#define PROCESSES 8
#define PAGE_SIZE 1024

/* What a waiting save gives up after: longer than all others take together. */
#define LOCK_MS 10000

static struct store *open_store(const char *path)
{
    struct named_file file = { .path = path };
    struct config config;
    struct store *store;

    preload_config_process(&config);
    config.lock_ms = LOCK_MS;
    if (!preload_identity_of_path(&file.identity, path)) torture_fail("%s: no identity", path);
    store = preload_store_open(&file, &config, true);
    if (!store) torture_fail("%s: no store", path);
    return store;
}

/* The page that save `save` of process `process` teaches, and nobody else does. */
static uint32_t page_of(int process, int save, int saves)
{
    return (uint32_t)(process * saves + save + 1);
}

/* One session, saved each time that it has learnt a page. */
static void save_one_session(const char *path, int process, int saves)
{
    const struct store_terms terms = { .cap = { 65536, 0 } };
    struct hint_session session = { .began_s = (int64_t)time(NULL),
                                    .first = { PAGE_SIZE, 100000, 1, 1 },
                                    .last = { PAGE_SIZE, 100000, 1, 1 } };
    struct hint_book book = { 0 };
    struct store *store = open_store(path);

    session.id.bytes[0] = (uint8_t)(process + 1);
    session.touches = calloc((size_t)saves, sizeof *session.touches);
    if (!session.touches) torture_fail("no memory");
    for (int save = 0; save < saves; save++) {
        enum store_result result;

        session.touches[session.len].stamp = (uint32_t)save << 2;
        session.touches[session.len++].pgno = page_of(process, save, saves);
        result = store->verbs->save(store, &book, &session, terms, NULL);
        if (result != STORE_OK)
            torture_fail("process %d, save %d: result %d", process, save, (int)result);
    }
    hint_book_free(&book);
    hint_session_free(&session);
    store->verbs->free(store);
}

static void read_row(sqlite3 *db, uint32_t row)
{
    char sql[96];

    torture_print(sql, sizeof sql, "SELECT length(body) FROM t WHERE id = %" PRIu32, row);
    (void)torture_int(db, sql);
}

/* As many sessions as saves: open, read a row, close. */
static void save_sessions(const char *path, int process, int saves)
{
    char uri[TORTURE_TEXT_MAX];

    torture_print(uri, sizeof uri, "file:%s?vfs=preload&preload_lock_ms=%d", path, LOCK_MS);
    if (preload_register(NULL) != SQLITE_OK) torture_fail("not registered");
    for (int save = 0; save < saves; save++) {
        sqlite3 *db = torture_open(uri);

        read_row(db, page_of(process, save, saves));
        (void)sqlite3_close(db);
    }
    if (preload_unregister() != SQLITE_OK) torture_fail("files are still open");
}

/* Starts the processes, lets them begin together, waits for all. */
static void run_processes(void (*run)(const char *, int, int), const char *path, int saves)
{
    pid_t children[PROCESSES];
    int gate[2];

    if (pipe(gate) != 0) torture_fail("no pipe");
    (void)fflush(NULL);
    for (int process = 0; process < PROCESSES; process++) {
        char byte;

        children[process] = fork();
        if (children[process] != 0) continue;
        (void)close(gate[1]);
        if (read(gate[0], &byte, 1) != 0) torture_fail("the gate is a pipe that only closes");
        run(path, process, saves);
        exit(0);
    }
    (void)close(gate[0]);
    (void)close(gate[1]);
    for (int process = 0; process < PROCESSES; process++)
        torture_join(children[process], "a saving process");
}

static void load(struct hint_book *book, const char *path)
{
    struct store *store = open_store(path);
    uint64_t generation;
    enum store_result result = store->verbs->load(store, book, &generation);

    if (result != STORE_OK) torture_fail("%s: load: %d", path, (int)result);
    if (book->evidence.page_size != PAGE_SIZE)
        torture_fail("page size %" PRIu32, book->evidence.page_size);
    store->verbs->free(store);
}

static void keep_every_page(const char *scratch, int saves)
{
    struct hint_book book = { 0 };
    char path[TORTURE_TEXT_MAX];
    int kept = 0;

    torture_print(path, sizeof path, "%s/pages.db", scratch);
    torture_make_database(path, 10, "delete");
    run_processes(save_one_session, path, saves);
    load(&book, path);
    for (size_t i = 0; i < book.shared.len; i++)
        kept += book.shared.pages[i].pgno == i + 1;
    printf("saves: 8 sessions of %d saves: %d of %d pages kept, %" PRIu64 " sessions folded\n",
           saves, kept, PROCESSES * saves, book.shared.folded);
    if (kept != PROCESSES * saves || book.shared.len != (size_t)kept)
        torture_fail("pages were lost");
    if (book.shared.folded != PROCESSES) torture_fail("a session was folded more than once");
    hint_book_free(&book);
}

static void count_every_session(const char *scratch, int saves)
{
    struct hint_book book = { 0 };
    char path[TORTURE_TEXT_MAX];

    torture_print(path, sizeof path, "%s/sessions.db", scratch);
    torture_make_database(path, PROCESSES * saves, "delete");
    run_processes(save_sessions, path, saves);
    load(&book, path);
    printf("saves: %d sessions: %" PRIu64 " counted\n", PROCESSES * saves, book.shared.folded);
    if (book.shared.folded != (uint64_t)PROCESSES * (uint64_t)saves)
        torture_fail("sessions were lost or counted twice");
    hint_book_free(&book);
}

struct seat {
    const char *uri;
    int thread;
    int saves;
};

static void *close_connections(void *argument)
{
    const struct seat *seat = argument;

    for (int save = 0; save < seat->saves; save++) {
        sqlite3 *db = torture_open(seat->uri);

        read_row(db, page_of(seat->thread, save, seat->saves));
        (void)sqlite3_close(db);
    }
    return NULL;
}

/* A page a row and one connection that stays, so that all the others are of its session. */
static void keep_every_connection(const char *scratch, int saves)
{
    struct hint_book book = { 0 };
    struct seat seats[PROCESSES];
    pthread_t threads[PROCESSES];
    char path[TORTURE_TEXT_MAX];
    char uri[TORTURE_TEXT_MAX];
    sqlite3 *keeper;

    torture_print(path, sizeof path, "%s/connections.db", scratch);
    torture_make_database(path, PROCESSES * saves, "delete");
    torture_print(uri, sizeof uri, "file:%s?vfs=preload", path);
    if (preload_register(NULL) != SQLITE_OK) torture_fail("not registered");
    keeper = torture_open(uri);
    for (int i = 0; i < PROCESSES; i++) {
        seats[i] = (struct seat){ .uri = uri, .thread = i, .saves = saves };
        if (pthread_create(&threads[i], NULL, close_connections, &seats[i]) != 0)
            torture_fail("no thread");
    }
    for (int i = 0; i < PROCESSES; i++)
        (void)pthread_join(threads[i], NULL);
    (void)sqlite3_close(keeper);
    if (preload_unregister() != SQLITE_OK) torture_fail("files are still open");
    load(&book, path);
    printf("saves: %d connections of one session: %zu pages kept\n", PROCESSES * saves,
           book.shared.len);
    if (book.shared.folded != 1) torture_fail("that was more than one session");
    if (book.shared.len < (size_t)PROCESSES * (size_t)saves) torture_fail("pages were lost");
    hint_book_free(&book);
}

int main(int argc, char **argv)
{
    int saves = argc > 1 ? atoi(argv[1]) : 60;
    char scratch[TORTURE_TEXT_MAX];

    torture_scratch(scratch, "saves");
    keep_every_page(scratch, saves);
    count_every_session(scratch, saves);
    keep_every_connection(scratch, saves);
    torture_remove_scratch(scratch);
    return 0;
}
