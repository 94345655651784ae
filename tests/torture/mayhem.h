/* What the halves of mayhem share: the databases, who works on them, and the writers' notes. One
 * thread at a time. */
#ifndef TESTS_TORTURE_MAYHEM_H
#define TESTS_TORTURE_MAYHEM_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define MAYHEM_TEXT 256 /* paths and statements */

#define MAYHEM_DATABASES 2
#define MAYHEM_SLOTS     13

/* The write lock: of a rollback journal the byte RESERVED of the database, of a write-ahead log the
 * byte WAL_WRITE_LOCK of the shared memory. */
struct mayhem_target {
    const char *path;
    const char *journal;
    const char *lock_path;
    off_t lock_byte;
};

enum mayhem_role { WRITER, READER, CHECKPOINTER, OPENER, ASKER };

/* A process, and those that follow when it is killed. */
struct mayhem_slot {
    enum mayhem_role role;
    int target;
    const char *vfs;
};

extern const struct mayhem_target mayhem_targets[MAYHEM_DATABASES];
extern const struct mayhem_slot mayhem_slots[MAYHEM_SLOTS];

/* Says what went wrong and ends the process with 1. */
_Noreturn void mayhem_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

sqlite3 *mayhem_open(const struct mayhem_target *target, const char *vfs);

/* A writer's notes: its row's number, as int64_t, before each commit, and negative after it. The
 * caller closes the file. */
int mayhem_open_notes(size_t slot);

/* Every acknowledged commit is there, no row is that nobody began, and integrity_check is content;
 * what is wrong is printed. */
bool mayhem_check_databases(void);

/* Each sidecar is valid or absent. */
bool mayhem_check_sidecars(void);

#endif
