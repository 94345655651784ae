/* Strings on the heap. *Any thread.* */
#ifndef VFS_TEXT_H
#define VFS_TEXT_H

/* `a` and `b` in one string, which the caller frees. NULL: no memory. */
char *preload_text_join(const char *a, const char *b);

#endif
