/* malloc and memcpy. */
#include "vfs/process/text.h"

#include <stdlib.h>
#include <string.h>

char *preload_text_join(const char *a, const char *b)
{
    size_t len = strlen(a);
    char *text = malloc(len + strlen(b) + 1);

    if (!text) return NULL;
    memcpy(text, a, len);
    memcpy(text + len, b, strlen(b) + 1);
    return text;
}
