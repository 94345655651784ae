/* A main for a fuzz target where there is no fuzzer: runs it over every file of a folder.
 *
 * usage: replay_NAME FOLDER */
#include "tests/fuzz/proto/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static int replay(const char *folder, const char *name)
{
    char path[4096];
    uint8_t *bytes = malloc(1 << 20);
    size_t len = 0;
    FILE *in = NULL;

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    in = fopen(path, "rb");
    if (in && bytes) {
        uint8_t *exact;
        len = fread(bytes, 1, 1 << 20, in);
        /* As many bytes as there are, so that the sanitizer sees one read too many. */
        exact = realloc(bytes, len ? len : 1);
        if (exact) bytes = exact;
        (void)LLVMFuzzerTestOneInput(bytes, len);
    }
    free(bytes);
    if (in) (void)fclose(in);
    return in ? 0 : 1;
}

int main(int argc, char **argv)
{
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    size_t files = 0;
    int rc = 0;

    if (!folder) {
        (void)fputs("usage: replay FOLDER\n", stderr);
        return 2;
    }
    for (const struct dirent *entry; (entry = readdir(folder));) {
        if (entry->d_name[0] == '.') continue;
        rc |= replay(argv[1], entry->d_name);
        files++;
    }
    (void)closedir(folder);
    (void)printf("%zu inputs\n", files);
    return files ? rc : 1;
}
