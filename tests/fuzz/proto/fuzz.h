/* What the fuzz targets of proto/ share. */
#ifndef TESTS_FUZZ_PROTO_FUZZ_H
#define TESTS_FUZZ_PROTO_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Stops the fuzzer when a fact does not hold; assertions may be off. */
void require_at(int holds, const char *fact, const char *file, int line);
#define REQUIRE(fact) require_at((fact) != 0, #fact, __FILE__, __LINE__)

#endif
