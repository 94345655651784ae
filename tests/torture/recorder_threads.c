/* One thread touches pages while others copy what is there: every copy is a prefix of the order in
 * which the owner touched, with the class and a time that never falls. */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "hints/recorder.h"

#define TOUCHES 200000
#define READERS 2

static struct hint_recorder recorder;

/* The nth page: spread over the numbers, and no two alike because the factor is odd. */
static uint32_t page_at(size_t n)
{
    return (uint32_t)(n * 40503 % (1U << 24)) + 1;
}

static enum hint_class class_at(size_t n)
{
    return (enum hint_class)(n % 4);
}

static bool touch_is_right(struct hint_touch touch, size_t n)
{
    return touch.pgno == page_at(n) && hint_touch_class(touch) == class_at(n) &&
           hint_touch_us(touch) == n / 64 * 64;
}

/* Copies what is new, again and again, until it has seen all; returns whether all was right. */
static void *reader_main(void *unused)
{
    struct hint_touch *touches = calloc(TOUCHES, sizeof(*touches));
    size_t seen = 0;
    bool right = touches != NULL;

    (void)unused;
    while (right && seen < TOUCHES) {
        size_t count = hint_recorder_count(&recorder);

        right = count >= seen && count <= TOUCHES;
        if (!right) break;
        hint_recorder_copy(&recorder, touches + seen, seen, count - seen);
        (void)hint_recorder_settled(&recorder, TOUCHES);
        while (seen < count && touch_is_right(touches[seen], seen))
            seen++;
        right = seen == count;
    }
    if (!right) fprintf(stderr, "touch %zu is wrong\n", seen);
    free(touches);
    return right ? &recorder : NULL;
}

int main(void)
{
    pthread_t readers[READERS];
    int rc = 0;

    hint_recorder_init(&recorder, (struct hint_window){ TOUCHES, UINT64_MAX });
    for (size_t i = 0; i < READERS; i++)
        if (pthread_create(&readers[i], NULL, reader_main, NULL) != 0) abort();
    for (size_t n = 0; n < TOUCHES; n++) {
        if (n % 64 == 0) hint_recorder_tick(&recorder, n);
        if (!hint_recorder_touch(&recorder, page_at(n), class_at(n), HINT_READ)) abort();
        (void)hint_recorder_touch(&recorder, page_at(n / 2), class_at(n), HINT_READ);
    }
    for (size_t i = 0; i < READERS; i++) {
        void *right = NULL;

        if (pthread_join(readers[i], &right) != 0 || !right) rc = 1;
    }
    hint_recorder_free(&recorder);
    return rc;
}
