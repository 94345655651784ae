/* Memory and snprintf. */
#include "vfs/file/text.h"

#include <stdio.h>
#include <string.h>

#include "hints/memory.h"

char *preload_text_join(const char *a, const char *b)
{
    size_t len = strlen(a) + strlen(b) + 1;
    char *text = hint_malloc(len);

    if (text) (void)snprintf(text, len, "%s%s", a, b);
    return text;
}
