/* Two questions to the base, and stat(2). */
#include "vfs/replay/reach.h"

#include <sys/stat.h>

#include "vfs/preload.h"
#include "vfs/replay/by_advice.h"

/* One that answers for itself: a VFS that stands between and passes the question on may take each
 * xRead for one page. */
static bool serves_workers(sqlite3_file *main)
{
    struct preload_read_pages question = { .file = main };

    return main->pMethods->xFileControl(main, PRELOAD_FCNTL_READ_PAGES, &question) == SQLITE_OK &&
           question.answered == 1;
}

/* Another size: the bytes are compressed, begin elsewhere in the file, or are not there. */
static bool lies_in_file(const struct named_file *file, sqlite3_file *main)
{
    sqlite3_int64 bytes = 0;
    struct stat st;

    return main->pMethods->xFileSize && main->pMethods->xFileSize(main, &bytes) == SQLITE_OK &&
           stat(file->path, &st) == 0 && S_ISREG(st.st_mode) && st.st_ino == file->identity.inode &&
           st.st_dev == file->identity.device && st.st_size == bytes;
}

enum reach preload_reach_of(const struct base *base, const struct named_file *file,
                            sqlite3_file *main, const struct config *config)
{
    if (base->shows_files) return preload_by_advice_is_denied() ? REACH_REQUESTS : REACH_ADVICE;
    if (serves_workers(main)) return REACH_REQUESTS;
    if (config->read_through) return REACH_PAGES;
    if (!preload_by_advice_is_denied() && lies_in_file(file, main)) return REACH_ADVICE;
    return REACH_NONE;
}
