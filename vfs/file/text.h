/* Strings in memory of hints/memory.h, for workers join them, too. *Any thread.* */
#ifndef VFS_TEXT_H
#define VFS_TEXT_H

/* `a` and `b` in one string, which the caller gives to hint_free. NULL: no memory. */
char *preload_text_join(const char *a, const char *b);

#endif
