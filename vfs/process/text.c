/* malloc and snprintf. */
#include "vfs/process/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *preload_text_join(const char *a, const char *b)
{
    size_t len = strlen(a) + strlen(b) + 1;
    char *text = malloc(len);

    if (text) (void)snprintf(text, len, "%s%s", a, b);
    return text;
}
