/* tests/cudasim/cudasim_atomics.h - atomics of kernels
 *
 * Fibers take turns at barriers only, so a plain read and write is atomic; in
 * the checked build the stand-in learns of it and looks no further.
 */
#ifndef OST_TESTS_CUDASIM_CUDASIM_ATOMICS_H
#define OST_TESTS_CUDASIM_CUDASIM_ATOMICS_H

#ifdef CUDASIM_CHECKED
#define CUDASIM_UNSEEN __attribute__((no_sanitize("thread"), noinline))
#else
#define CUDASIM_UNSEEN inline
#endif

namespace cudasim
{

template <class T, class F> static CUDASIM_UNSEEN T atomic(T *address, F change)
{
#ifdef CUDASIM_CHECKED
    cudasim_note_atomic(address, sizeof *address);
#endif
    const T before = *address;

    *address = change(before);
    return before;
}

/* What the hardware has each of them for. */
template <class T> constexpr bool is_whole()
{
    return std::is_same_v<T, int> || std::is_same_v<T, unsigned> ||
           std::is_same_v<T, unsigned long long>;
}

template <class T> constexpr bool is_added()
{
    return is_whole<T>() || std::is_same_v<T, float> ||
           std::is_same_v<T, double>;
}

} /* namespace cudasim */

#define CUDASIM_ATOMIC(name, fits, expression)                            \
    template <class T>                                                    \
    static CUDASIM_UNSEEN T name(T *address,                              \
                                 typename cudasim::same<T>::type with)    \
    {                                                                     \
        static_assert(cudasim::fits<T>() || std::is_same_v<T, long long>, \
                      #name " does not exist for this type");             \
        return cudasim::atomic(address, [with]([[maybe_unused]] T now) {  \
            return static_cast<T>(expression);                            \
        });                                                               \
    }

CUDASIM_ATOMIC(atomicAdd, is_added, now + with)
CUDASIM_ATOMIC(atomicSub, is_whole, now - with)
CUDASIM_ATOMIC(atomicMax, is_whole, now < with ? with : now)
CUDASIM_ATOMIC(atomicMin, is_whole, with < now ? with : now)
CUDASIM_ATOMIC(atomicOr, is_whole, now | with)
CUDASIM_ATOMIC(atomicAnd, is_whole, now &with)
CUDASIM_ATOMIC(atomicXor, is_whole, now ^ with)
CUDASIM_ATOMIC(atomicExch, is_added, with)
CUDASIM_ATOMIC(atomicInc, is_whole, now >= with ? 0 : now + 1)
#undef CUDASIM_ATOMIC

template <class T>
static CUDASIM_UNSEEN T atomicCAS(T *address,
                                  typename cudasim::same<T>::type expected,
                                  typename cudasim::same<T>::type wanted)
{
    static_assert(cudasim::is_whole<T>() || std::is_same_v<T, unsigned short>,
                  "atomicCAS does not exist for this type");
    return cudasim::atomic(address, [expected, wanted](T now) {
        return now == expected ? wanted : now;
    });
}

static inline void __threadfence()
{
    cudasim_fence();
}

static inline void __threadfence_block()
{
    cudasim_fence();
}

static inline void __threadfence_system()
{
    cudasim_fence();
}

#endif
