/* A buffer that grows, then one O_APPEND write. */
#include "vfs/store/trace.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "hints/memory.h"
#include "vfs/process/log.h"
#include "vfs/process/own_file.h"
#include "vfs/process/quiet_write.h"

#define TOUCHES_A_LINE  16
#define TOUCH_CHARS_MAX 32 /* a page number, a time, a class and the words around them */

static size_t print_touch(char *out, size_t room, struct hint_touch touch, size_t place)
{
    static const char *const classes[] = { "", ":i", ":l", ":o" };
    const char *word = hint_touch_how(touch) == HINT_WRITTEN ? "write" : "read";
    int len = place ? 0 : snprintf(out, room, "\n%s", word);

    len += snprintf(out + len, room - (size_t)len, " %" PRIu32 "@%" PRIu64 "%s", touch.pgno,
                    hint_touch_us(touch), classes[hint_touch_class(touch)]);
    return (size_t)len;
}

/* The session's lines; the caller frees them. NULL: no memory. */
static char *print_session(size_t *len, const struct hint_session *session)
{
    const struct hint_evidence *evidence = &session->last;
    size_t room = 128 + session->len * TOUCH_CHARS_MAX;
    char *text = hint_malloc(room);
    size_t place = 0;

    if (!text) return NULL;
    *len =
        (size_t)snprintf(text, room, "page_size %" PRIu32 "\nsession %" PRIu32 " cookie=%" PRIu32,
                         evidence->page_size, evidence->page_count, evidence->schema_cookie);
    for (size_t i = 0; i < session->len; i++) {
        if (i > 0 && hint_touch_how(session->touches[i]) != hint_touch_how(session->touches[i - 1]))
            place = 0;
        *len += print_touch(text + *len, room - *len, session->touches[i], place);
        place = (place + 1) % TOUCHES_A_LINE;
    }
    *len += (size_t)snprintf(text + *len, room - *len, "\n");
    return text;
}

static bool append(const char *path, const char *text, size_t len)
{
    int fd = preload_own_open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
    bool done;

    if (fd < 0) return false;
    done = preload_quiet_write(fd, text, len) == (ssize_t)len;
    close(fd);
    return done;
}

void preload_trace_write(const char *path, struct identity database,
                         const struct hint_session *session)
{
    size_t len = 0;
    char *text = print_session(&len, session);

    if (!text || preload_identity_is_at(database, path) || !append(path, text, len))
        preload_log_warn("the trace could not be written: %s", path);
    hint_free(text);
}
