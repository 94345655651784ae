/* What all copies of this library in the process share: what the host has set, and the counters.
 *
 * A program, its plugins and the extension may each have a copy, and none needs to know the others'
 * names: each has a note in its file (ELF) that leads to its pointer to the board. The first copy
 * that wants the board makes it, on the heap, so that it outlasts a plugin. A copy whose note was
 * stripped has a board of its own. Settings are text, for copies may differ. *Any thread.* */
#ifndef VFS_BOARD_H
#define VFS_BOARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOARD_NAME_MAX  32
#define BOARD_VALUE_MAX 1024

/* More than are used: all copies count by the same places. */
#define BOARD_COUNTERS 16

struct board_setting {
    char name[BOARD_NAME_MAX];
    char value[BOARD_VALUE_MAX];
    unsigned epoch; /* in which it was set; 0: it is being written, or there is none */
};

/* Finds or makes it. False: no memory; until there is some, nothing is set and nothing counted. */
bool preload_board_is_there(void);

/* False: it has no room. */
bool preload_board_set(const char *name, const char *value);

/* Grows when a value becomes another one. */
unsigned preload_board_epoch(void);

/* The next setting from `*place` on that was set after the epoch `since`. False: no more. */
bool preload_board_next(struct board_setting *out, size_t *place, unsigned since);

/* Adds 1 to `bell` whenever the epoch grows, until it leaves. */
void preload_board_listen(atomic_uint *bell);
void preload_board_leave(const atomic_uint *bell);

void preload_board_count(unsigned counter);
uint64_t preload_board_counter(unsigned counter);

/* fork(): a thread of a copy that is not registered may have held the board. */
void preload_board_after_fork_in_child(void);

#endif
