/* Lines for standard error. */
#include "bench/kit/program.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

int program_trouble(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, why);
    return -1;
}

FILE *program_tables(const char *json)
{
    return json != NULL && strcmp(json, "-") == 0 ? stderr : stdout;
}

void program_progress(struct program_progress progress)
{
    const bool terminal = isatty(STDERR_FILENO) == 1;
    const bool last = progress.line && progress.done >= progress.all;

    if (!terminal && !progress.line) return;
    fprintf(stderr, "%s%s: %s %" PRIu32 " of %" PRIu32 "%s", terminal ? "\r\033[K" : "",
            progress.title, progress.what, progress.done, progress.all,
            terminal && !last ? "" : "\n");
    fflush(stderr);
}
