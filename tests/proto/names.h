/* The oracle of conversions: whatever moved, values follow names. Written without plans. */
#ifndef TESTS_PROTO_NAMES_H
#define TESTS_PROTO_NAMES_H

#include "proto/type.h"

enum { NAMES_WHERE_MAX = 256 };

/* True when `to` is what `from` becomes: struct fields, union members and enum values of the same
 * name hold the same, and what has no namesake in `from` is an empty optional. Otherwise `where`
 * names the first difference: "ToEnvoyRequestStart.method". */
bool names_follow(const struct bare_type *from, const void *source, const struct bare_type *to,
                  const void *target, char where[NAMES_WHERE_MAX]);

#endif
