/* tests/cudasim/atomics.cc - atomic accesses of C++ in the checked build
 *
 * The compiler calls these in place of its own operations.  Kernels have no use
 * for them; reference counts of the host's part do.
 */
#include "tests/cudasim/cudasim.h"

#define CUDASIM_CAST(bits, a) (static_cast<volatile uint##bits##_t *>(a))
#define CUDASIM_FETCH(bits, name)                                            \
    uint##bits##_t __tsan_atomic##bits##_fetch_##name(volatile void *a,      \
                                                      uint##bits##_t v, int) \
    {                                                                        \
        cudasim_note_atomic(a, sizeof v);                                    \
        return __atomic_fetch_##name(CUDASIM_CAST(bits, a), v,               \
                                     __ATOMIC_SEQ_CST);                      \
    }
#define CUDASIM_EXCHANGE(bits, name)                                           \
    bool __tsan_atomic##bits##_compare_exchange_##name(                        \
        volatile void *a, void *expected, uint##bits##_t v, int, int)          \
    {                                                                          \
        cudasim_note_atomic(a, sizeof v);                                      \
        return __atomic_compare_exchange_n(                                    \
            CUDASIM_CAST(bits, a), static_cast<uint##bits##_t *>(expected), v, \
            0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                            \
    }
#define CUDASIM_ATOMICS(bits)                                                 \
    uint##bits##_t __tsan_atomic##bits##_load(const volatile void *a, int)    \
    {                                                                         \
        cudasim_note_atomic(a, bits / 8);                                     \
        return __atomic_load_n(                                               \
            static_cast<const volatile uint##bits##_t *>(a),                  \
            __ATOMIC_SEQ_CST);                                                \
    }                                                                         \
    void __tsan_atomic##bits##_store(volatile void *a, uint##bits##_t v, int) \
    {                                                                         \
        cudasim_note_atomic(a, sizeof v);                                     \
        __atomic_store_n(CUDASIM_CAST(bits, a), v, __ATOMIC_SEQ_CST);         \
    }                                                                         \
    uint##bits##_t __tsan_atomic##bits##_exchange(volatile void *a,           \
                                                  uint##bits##_t v, int)      \
    {                                                                         \
        cudasim_note_atomic(a, sizeof v);                                     \
        return __atomic_exchange_n(CUDASIM_CAST(bits, a), v,                  \
                                   __ATOMIC_SEQ_CST);                         \
    }                                                                         \
    CUDASIM_FETCH(bits, add)                                                  \
    CUDASIM_FETCH(bits, sub)                                                  \
    CUDASIM_FETCH(bits, and)                                                  \
    CUDASIM_FETCH(bits, or)                                                   \
    CUDASIM_FETCH(bits, xor)                                                  \
    CUDASIM_EXCHANGE(bits, strong)                                            \
    CUDASIM_EXCHANGE(bits, weak)

extern "C" {

CUDASIM_ATOMICS(8)
CUDASIM_ATOMICS(16)
CUDASIM_ATOMICS(32)
CUDASIM_ATOMICS(64)

void __tsan_atomic_thread_fence(int)
{
    cudasim_fence();
}

void __tsan_atomic_signal_fence(int)
{
}

} /* extern "C" */
