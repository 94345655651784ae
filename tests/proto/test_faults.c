/* The nth allocation fails, for every n until none is left: an error code, nothing leaked, and the
 * caller's objects as they were. */
#include "tests/proto/common.h"
#include "tests/support/heap.h"

#include "proto/envoy.h"

/* A message that needs memory everywhere: lists, maps, more than one chunk. */
static const struct fault_case {
    enum envoy_root root;
    unsigned version, to;
    const char *hex;
} fault_cases[] = {
    { ENVOY_ROOT_TO_RIVET, 1, 5, "00 01 02 0161 0162 0163 00 00" },
    { ENVOY_ROOT_TO_RIVET, 1, 1, "05 00 01000000 00 03 0161 0162 0163" },
    { ENVOY_ROOT_TO_RIVET, 5, 4, "0c 01000000 00 00 0000000000000000 00 01 02 00 04 0161" },
    { ENVOY_ROOT_TO_ENVOY, 2, 3, "01 01 0161 01000000 0100000000000000 01 03" },
    { ENVOY_ROOT_TO_GATEWAY, 3, 2,
      "01 01020304 05060708 0100 00 c800 02 0161 0162 0163 0164 00 01" },
    { ENVOY_ROOT_TO_RIVET, 5, 5, "09 01000000 00 0000000000000000 02 01000000 02000000 00" },
};

static int decode_and_encode(const struct fault_case *c, struct bytes bytes,
                             struct bare_writer *out)
{
    struct bare_arena arena = { 0 };
    struct envoy_message message;
    struct envoy_why why;
    int rc = envoy_decode(&message, c->root, c->version, slice_of(bytes), &arena, &why);

    if (rc == ENVOY_OK) rc = envoy_encode_embedded(out, &message, c->to, &why);
    if (rc != ENVOY_OK) cr_expect_str_eq(why.text, "out of memory");
    bare_arena_free(&arena);
    return rc;
}

Test(faults, every_failed_allocation_is_an_error_code_and_nothing_more)
{
    for (size_t i = 0; i < COUNT(fault_cases); i++) {
        struct bytes bytes = bytes_of_hex(fault_cases[i].hex);
        size_t n = 0;

        for (;; n++) {
            struct bare_writer out = { 0 };
            bool failed;
            int rc;

            heap_fail_at(n);
            rc = decode_and_encode(&fault_cases[i], bytes, &out);
            failed = heap_restore();
            cr_expect(rc == (failed ? ENVOY_NOMEM : ENVOY_OK), "row %zu, n %zu: %d", i, n, rc);
            cr_expect(failed == (out.len == 0), "row %zu, n %zu: %zu bytes", i, n, out.len);
            bare_writer_free(&out);
            if (!failed) break;
        }
        cr_expect_geq(n, 2, "row %zu: only %zu allocations", i, n);
        bytes_free(&bytes);
    }
}

Test(faults, a_writer_that_ran_out_of_memory_takes_no_more)
{
    struct envoy_message message = { .root = ENVOY_ROOT_TO_RIVET };
    struct bare_writer w = { 0 };
    struct envoy_why why;

    message.as.to_rivet.tag = ENVOY_TO_RIVET_TO_RIVET_STOPPING;
    heap_fail_at(0);
    bare_put_uint(&w, 1);
    cr_expect(heap_restore());
    cr_expect_eq(w.err, BARE_NOMEM);
    cr_expect_eq(envoy_encode(&w, &message, 5, &why), ENVOY_NOMEM);
    cr_expect_eq(w.len, 0);
    bare_writer_free(&w);
}
