/* Removes what is old, and what is too many, from a directory of sidecars. *Any thread*. */
#ifndef VFS_DIRECTORY_TIDY_H
#define VFS_DIRECTORY_TIDY_H

#include <stddef.h>

#define DIRECTORY_UNUSED_DAYS 90    /* neither loaded nor saved for longer: removed */
#define DIRECTORY_FILES_MAX   16384 /* beyond it the longest unused go, by the day */

/* A file was added to the directory. Every ten minutes at most in a process; takes a system call a
 * file. */
void preload_directory_tidy(const char *directory);

/* The same at once, where so many files stay; how many were removed. Whatever does not say that it
 * is a sidecar in a directory, or the temporary file of one, stays. */
size_t preload_directory_remove(const char *directory, size_t files_max);

#endif
