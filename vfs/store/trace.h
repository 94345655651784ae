/* The first touches of a session as text, one session behind the other in a file, for the
 * simulation of policies.
 *
 *   page_size 4096
 *   session 20954 cookie=46
 *   read 1@0:i 18740@64:l ...
 *   write 7@1024:l
 *
 * `session PAGES` has the database's size in pages; each touch is a page, the microseconds since
 * the session began, and i for an interior b-tree page, l for a leaf, o for overflow, nothing when
 * unknown. Any thread. */
#ifndef VFS_TRACE_H
#define VFS_TRACE_H

#include "hints/session.h"
#include "vfs/file/identity.h"

/* Appends a session to the file at `path`, in one write, so that processes do not mix their lines.
 * A path that leads through a symlink, to no plain file or to `database` is refused. What goes
 * wrong is logged. */
void preload_trace_write(const char *path, struct identity database,
                         const struct hint_session *session);

#endif
