/* sqlite3_log, and one write a message. */
#include "vfs/entry/say.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vfs/process/config.h"
#include "vfs/process/log.h"
#include "vfs/process/own_file.h"
#include "vfs/process/quiet_write.h"
#include "vfs/sqlite.h"

static void say_to_file(const char *where, const char *text)
{
    char line[LOG_TEXT_MAX + 32];
    int len = snprintf(line, sizeof line, "sqlite-preload: %s\n", text);
    int fd = STDERR_FILENO;

    if (strcmp(where, "stderr") != 0) {
        fd = preload_own_open(where, O_WRONLY | O_APPEND | O_CREAT, 0600);
        if (fd < 0) return;
    }
    if (preload_quiet_write(fd, line, (size_t)len) < 0) preload_log_count_error();
    if (fd != STDERR_FILENO) close(fd);
}

void preload_say(void)
{
    struct log_message message;
    struct config config;
    bool asked = false;

    while (preload_log_take(&message)) {
        if (!asked) preload_config_process(&config);
        asked = true;
        if (message.for_host) sqlite3_log(SQLITE_WARNING, "sqlite-preload: %s", message.text);
        if (config.log[0]) say_to_file(config.log, message.text);
    }
}
