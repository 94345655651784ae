/* What a worker with a descriptor table of its own sees of a database and of the files beside it.
 * Closing any descriptor of a file drops the locks of its table on it, so a thread without one of
 * its own finds nothing here. */
#ifndef VFS_INSPECT_H
#define VFS_INSPECT_H

#include <stdatomic.h>
#include <sys/stat.h>

#include "hints/evidence.h"
#include "hints/format/header.h"
#include "hints/run.h"
#include "vfs/file/identity.h"

/* Opens a file for reading: the very one that the connection opened. -1: it cannot be opened, or is
 * another one by now. */
int preload_inspect_open(const struct named_file *file, struct stat *st);

/* The file's first request, which tells what one takes where nobody has read it before. False: it
 * states no geometry (empty, encrypted), or cannot be read. */
bool preload_inspect_header(struct hint_header *geometry, int fd);

/* What the file is like; `out` has the page size of the hints. Where it does not state its own,
 * that is all. False, and a note, when the two differ. Adds the pages that are in the log,
 * as preload_logs_pages does. */
bool preload_inspect_evidence(struct hint_evidence *out, const struct named_file *file, int fd,
                              struct hint_runs *in_log, const atomic_int *cancelled);

#endif
