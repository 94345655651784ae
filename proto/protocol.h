/* The tables that barec writes, as the library walks them: every version of every root, and the
 * plans between neighbours. What a caller needs is in envoy.h. */
#ifndef PROTO_PROTOCOL_H
#define PROTO_PROTOCOL_H

#include "proto/convert.h"

struct envoy_root_info {
    const char *name;
    unsigned direction;                     /* enum envoy_direction */
    const struct bare_type *const *types;   /* [version - 1] */
    const struct convert_plan *const *up;   /* [version - 1]: from version to version + 1 */
    const struct convert_plan *const *down; /* [version - 1]: from version + 1 to version */
};

struct envoy_protocol {
    unsigned latest;
    const struct bare_schema *const *schemas; /* [version - 1] */
    const struct envoy_root_info *roots;
    size_t root_count;
};

extern const struct envoy_protocol envoy_protocol;

#endif
