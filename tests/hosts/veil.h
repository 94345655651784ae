/* A VFS that changes bytes: what is written through it is read through it and by nobody else, as
 * with one that checksums or encrypts. As SQLite's own extensions do, it takes for its base what is
 * the default when it is registered, once a process. */
#ifndef TESTS_HOSTS_VEIL_H
#define TESTS_HOSTS_VEIL_H

#include <sqlite3.h>

/* Registers it as the default under the name `veil`, unless it is registered already. */
void veil_load(void);

/* The same over a base that is named. */
void veil_load_over(const char *base, int make_default);

/* The database begins so many bytes behind the beginning of its file. Before the first open. */
void veil_begin_at(int bytes);

/* Of main databases: reads of more than a page, which it takes for one whose checksum is wrong
 * (SQLITE_IOERR_DATA), and reads by another thread than the one that opened the first file. */
unsigned veil_wrong_reads(void);
unsigned veil_reads_elsewhere(void);

#endif
