/* The configuration of one database, whose URI may have parameters of ours. *Any thread.* */
#ifndef VFS_URI_H
#define VFS_URI_H

#include "vfs/process/config.h"

/* What holds for a database that is opened now by this name, which xOpen got with SQLITE_OPEN_URI
 * (NULL: another one, of which no byte behind its end is looked at). Bad values are logged. */
void preload_uri_resolve(struct config *out, const char *uri_name);

#endif
