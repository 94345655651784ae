/* A database with a sidecar beside it, for the suites of the store. */
#ifndef TESTS_VFS_STORED_H
#define TESTS_VFS_STORED_H

#include "tests/vfs/common.h"
#include "vfs/store/open.h"

/* The database x.db, its sidecar and the sidecar's temporary file; how stores are opened. */
extern struct path database, sidecar, tmp;
extern struct config config;

/* 50 pages of 4096 bytes. */
extern const struct hint_evidence evidence;
/* Generation 0, no profile, the caps of the defaults. */
extern struct store_terms terms;
extern const atomic_bool not_cancelled;

/* Before each test; scratch_end() is for after it. */
void stored_begin(void);

struct store *open_store(void);

/* A session, as tests/support/notation.h writes it, of a database that is so, before and after. */
struct hint_session session_on(const struct hint_evidence *of, char name, const char *touches);

/* Saves a session under `terms`. */
enum store_result save_in(struct store *store, const struct hint_evidence *of, char name,
                          const char *touches);
/* Through a store that is opened for this one save. */
enum store_result save_of(const struct hint_evidence *of, char name, const char *touches);
enum store_result save(char name, const char *touches);

/* The shared history that is stored, as text; else "none" or "bad". */
struct text stored(void);

#endif
