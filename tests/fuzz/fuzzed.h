/* tests/fuzz/fuzzed.h - what every fuzz target defines */
#ifndef OST_TESTS_FUZZ_FUZZED_H
#define OST_TESTS_FUZZ_FUZZED_H

#include <stddef.h>
#include <stdint.h>

/* Parses the input and uses what it means; the name is libFuzzer's.  Returns
 * 0 for every input, and ends the process when a promise is broken. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
