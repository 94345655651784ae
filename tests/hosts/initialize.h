/* An SQLite that was compiled with -DSQLITE_EXTRA_INIT, made of the system's: the program stands
 * between it and its sqlite3_initialize(). */
#ifndef TESTS_HOSTS_INITIALIZE_H
#define TESTS_HOSTS_INITIALIZE_H

#include <stdbool.h>

/* Each initialization of SQLite, from the next one on, ends by a call of `extra`. False: SQLite was
 * linked so that nobody comes between. */
bool initialize_calls(int (*extra)(const char *));

#endif
