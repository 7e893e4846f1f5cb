/* tests/cudasim/cudasim_warp.h - the collectives of a warp */
#ifndef OST_TESTS_CUDASIM_CUDASIM_WARP_H
#define OST_TESTS_CUDASIM_CUDASIM_WARP_H

#define CUDASIM_HERE \
    const char *file = __builtin_FILE(), int line = __builtin_LINE()

namespace cudasim
{

static inline int lane()
{
    return static_cast<int>(
        (threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z)) &
        31u);
}

template <class T> static inline uint64_t to_bits(T value)
{
    static_assert(sizeof(T) <= 8, "a lane exchanges at most 8 bytes");
    uint64_t bits = 0;

    memcpy(&bits, &value, sizeof value);
    return bits;
}

template <class T> static inline T from_bits(uint64_t bits)
{
    T value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

template <class T>
static inline T shuffle(unsigned mask, T value, int source, const char *file,
                        int line)
{
    return from_bits<T>(
        cudasim_exchange(mask, to_bits(value), source, nullptr, 0, file, line));
}

/* Folds the values of the lanes of `mask`, in order. */
template <class T, class F>
static inline T reduce(unsigned mask, T value, F fold, const char *file,
                       int line)
{
    uint64_t values[32];
    bool first = true;
    T sum = value;

    cudasim_gather(mask, to_bits(value), values, file, line);
    for (int i = 0; i < 32; i++) {
        if (!(mask >> i & 1u))
            continue;
        const T one = from_bits<T>(values[i]);
        sum = first ? one : fold(sum, one);
        first = false;
    }
    return sum;
}

} /* namespace cudasim */

static inline void __syncwarp(unsigned mask = ~0u, CUDASIM_HERE)
{
    cudasim_exchange(mask, 0, cudasim::lane(), nullptr, 0, file, line);
}

template <class T>
static inline T __shfl_sync(unsigned mask, T value, int source, int width = 32,
                            CUDASIM_HERE)
{
    const int first = cudasim::lane() & ~(width - 1);

    return cudasim::shuffle(mask, value, first + (source & (width - 1)), file,
                            line);
}

template <class T>
static inline T __shfl_up_sync(unsigned mask, T value, unsigned by,
                               int width = 32, CUDASIM_HERE)
{
    const int lane = cudasim::lane(), first = lane & ~(width - 1);
    const int source = lane - static_cast<int>(by);

    return cudasim::shuffle(mask, value, source < first ? lane : source, file,
                            line);
}

template <class T>
static inline T __shfl_down_sync(unsigned mask, T value, unsigned by,
                                 int width = 32, CUDASIM_HERE)
{
    const int lane = cudasim::lane(), first = lane & ~(width - 1);
    const int source = lane + static_cast<int>(by);

    return cudasim::shuffle(
        mask, value, source >= first + width ? lane : source, file, line);
}

template <class T>
static inline T __shfl_xor_sync(unsigned mask, T value, int with,
                                int width = 32, CUDASIM_HERE)
{
    const int lane = cudasim::lane(), first = lane & ~(width - 1);
    const int source = lane ^ with;

    return cudasim::shuffle(
        mask, value, source >= first + width ? lane : source, file, line);
}

static inline unsigned __ballot_sync(unsigned mask, int vote, CUDASIM_HERE)
{
    unsigned ballot;

    cudasim_exchange(mask, 0, cudasim::lane(), &ballot, vote, file, line);
    return ballot;
}

static inline int __any_sync(unsigned mask, int vote, CUDASIM_HERE)
{
    return __ballot_sync(mask, vote, file, line) != 0;
}

static inline int __all_sync(unsigned mask, int vote, CUDASIM_HERE)
{
    return __ballot_sync(mask, !vote, file, line) == 0;
}

template <class T>
static inline unsigned __match_any_sync(unsigned mask, T value, CUDASIM_HERE)
{
    uint64_t values[32];
    unsigned alike = 0;

    cudasim_gather(mask, cudasim::to_bits(value), values, file, line);
    for (int i = 0; i < 32; i++)
        if (mask >> i & 1u && values[i] == cudasim::to_bits(value))
            alike |= 1u << i;
    return alike;
}

template <class T>
static inline T __reduce_add_sync(unsigned mask, T value, CUDASIM_HERE)
{
    return cudasim::reduce(
        mask, value, [](T a, T b) { return static_cast<T>(a + b); }, file,
        line);
}

template <class T>
static inline T __reduce_min_sync(unsigned mask, T value, CUDASIM_HERE)
{
    return cudasim::reduce(
        mask, value, [](T a, T b) { return b < a ? b : a; }, file, line);
}

template <class T>
static inline T __reduce_max_sync(unsigned mask, T value, CUDASIM_HERE)
{
    return cudasim::reduce(
        mask, value, [](T a, T b) { return a < b ? b : a; }, file, line);
}

template <class T>
static inline T __reduce_or_sync(unsigned mask, T value, CUDASIM_HERE)
{
    return cudasim::reduce(
        mask, value, [](T a, T b) { return static_cast<T>(a | b); }, file,
        line);
}

template <class T>
static inline T __reduce_and_sync(unsigned mask, T value, CUDASIM_HERE)
{
    return cudasim::reduce(
        mask, value, [](T a, T b) { return static_cast<T>(a & b); }, file,
        line);
}

/* Lanes that happen to be together: each is alone here. */
static inline unsigned __activemask()
{
    return 1u << cudasim::lane();
}

#endif
