/* Sorts things by a number that stands for their place, however many there are, without comparing
 * them: a plan is made beside a session that reads, and a history may name every page. Pure. */
#ifndef HINTS_ORDER_H
#define HINTS_ORDER_H

#include <stddef.h>
#include <stdint.h>

struct hint_place {
    uint64_t key;
    uint32_t index; /* of the thing */
};

/* Ascending by key; what has the same key stays in its order. `scratch` has room for as many. No
 * error; time grows with `len` alone, by the bytes in which keys differ. */
void hint_order(struct hint_place *places, struct hint_place *scratch, size_t len);

#endif
