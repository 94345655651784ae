/* Hints of one database as a message, out and in. On the connection's thread. */
#ifndef VFS_EXCHANGE_H
#define VFS_EXCHANGE_H

#include "vfs/database/database.h"
#include "vfs/store/message.h"

/* The argument of PRELOAD_FCNTL_EXPORT and PRELOAD_FCNTL_IMPORT, between sql.c and shim.c. */
struct preload_exchange {
    uint8_t *bytes; /* export: the caller frees them; import: borrowed */
    size_t len;
    uint64_t pages; /* import: how many the message named */
    char why[MESSAGE_WHY_MAX];
};

#define PRELOAD_FCNTL_EXPORT 0x70726c03
#define PRELOAD_FCNTL_IMPORT 0x70726c04

/* What the next session would be offered: the stored book with the running session folded in.
 * SQLITE_OK; SQLITE_EMPTY: nothing is known; SQLITE_NOMEM. */
int preload_exchange_export(struct database *database, struct preload_exchange *exchange);

/* Folds a message's pages in as one session and saves; one without pages changes nothing. The
 * database's page size must have been learnt. SQLITE_OK; SQLITE_ERROR with the reason in `why`: a
 * message that is refused, a stale generation, a save that failed. */
int preload_exchange_import(struct database *database, struct preload_exchange *exchange);

#endif
