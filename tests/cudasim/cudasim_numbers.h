/* tests/cudasim/cudasim_numbers.h - the mathematical words of kernels
 *
 * Rounded operations are those of IEEE 754, as on a GPU; functions are those of
 * the C library, whose last bits are not a GPU's.
 */
#ifndef OST_TESTS_CUDASIM_CUDASIM_NUMBERS_H
#define OST_TESTS_CUDASIM_CUDASIM_NUMBERS_H

template <class T> static inline T __ldg(const T *address)
{
    return *address;
}

template <class T> static inline T __ldcs(const T *address)
{
    return *address;
}

template <class T> static inline void __stcs(T *address, T value)
{
    *address = value;
}

/* The types that CUDA has min() and max() for. */
#define CUDASIM_PAIR(type)                 \
    static inline type min(type a, type b) \
    {                                      \
        return b < a ? b : a;              \
    }                                      \
    static inline type max(type a, type b) \
    {                                      \
        return a < b ? b : a;              \
    }
CUDASIM_PAIR(int)
CUDASIM_PAIR(unsigned)
CUDASIM_PAIR(long)
CUDASIM_PAIR(unsigned long)
CUDASIM_PAIR(long long)
CUDASIM_PAIR(unsigned long long)
#undef CUDASIM_PAIR

static inline float min(float a, float b)
{
    return fminf(a, b);
}

static inline float max(float a, float b)
{
    return fmaxf(a, b);
}

static inline double min(double a, double b)
{
    return fmin(a, b);
}

static inline double max(double a, double b)
{
    return fmax(a, b);
}

static inline float rsqrtf(float x)
{
    return 1.0f / sqrtf(x);
}

static inline double rsqrt(double x)
{
    return 1.0 / sqrt(x);
}

static inline float __saturatef(float x)
{
    return x > 0.0f ? (x < 1.0f ? x : 1.0f) : 0.0f;
}

/* The C library has hidden functions of these names. */
#define __expf(x)    expf(x)
#define __logf(x)    logf(x)
#define __log2f(x)   log2f(x)
#define __sinf(x)    sinf(x)
#define __cosf(x)    cosf(x)
#define __powf(x, y) powf(x, y)

static inline float __fdividef(float a, float b)
{
    return a / b;
}

/* Kernels are compiled without contraction, so these round as they say. */
#define CUDASIM_ROUNDED(name, type, expression) \
    static inline type name(type a, type b)     \
    {                                           \
        return expression;                      \
    }
CUDASIM_ROUNDED(__fadd_rn, float, a + b)
CUDASIM_ROUNDED(__fsub_rn, float, a - b)
CUDASIM_ROUNDED(__fmul_rn, float, a *b)
CUDASIM_ROUNDED(__fdiv_rn, float, a / b)
CUDASIM_ROUNDED(__dadd_rn, double, a + b)
CUDASIM_ROUNDED(__dsub_rn, double, a - b)
CUDASIM_ROUNDED(__dmul_rn, double, a *b)
CUDASIM_ROUNDED(__ddiv_rn, double, a / b)
#undef CUDASIM_ROUNDED

static inline float __fmaf_rn(float a, float b, float c)
{
    return fmaf(a, b, c);
}

static inline double __fma_rn(double a, double b, double c)
{
    return fma(a, b, c);
}

static inline float __fsqrt_rn(float x)
{
    return sqrtf(x);
}

static inline double __dsqrt_rn(double x)
{
    return sqrt(x);
}

static inline float __frcp_rn(float x)
{
    return 1.0f / x;
}

/* A number changed to another type as the hardware does: NaN becomes 0, what is
 * too large the largest. */
template <class To> static inline To cudasim_clamped(double x, To low, To high)
{
    if (x != x)
        return 0;
    if (x <= static_cast<double>(low))
        return low;
    return x >= static_cast<double>(high) ? high : static_cast<To>(x);
}

static inline int __float2int_rn(float x)
{
    return cudasim_clamped<int>(rintf(x), INT_MIN, INT_MAX);
}

static inline int __float2int_rz(float x)
{
    return cudasim_clamped<int>(truncf(x), INT_MIN, INT_MAX);
}

static inline int __float2int_rd(float x)
{
    return cudasim_clamped<int>(floorf(x), INT_MIN, INT_MAX);
}

static inline int __float2int_ru(float x)
{
    return cudasim_clamped<int>(ceilf(x), INT_MIN, INT_MAX);
}

static inline unsigned __float2uint_rn(float x)
{
    return cudasim_clamped<unsigned>(rintf(x), 0u, UINT_MAX);
}

static inline int __double2int_rn(double x)
{
    return cudasim_clamped<int>(rint(x), INT_MIN, INT_MAX);
}

static inline float __int2float_rn(int x)
{
    return static_cast<float>(x);
}

static inline float __uint2float_rn(unsigned x)
{
    return static_cast<float>(x);
}

static inline float __double2float_rn(double x)
{
    return static_cast<float>(x);
}

#define CUDASIM_BITS(name, from, to)        \
    static inline to name(from value)       \
    {                                       \
        to bits;                            \
                                            \
        memcpy(&bits, &value, sizeof bits); \
        return bits;                        \
    }
CUDASIM_BITS(__float_as_int, float, int)
CUDASIM_BITS(__float_as_uint, float, unsigned)
CUDASIM_BITS(__int_as_float, int, float)
CUDASIM_BITS(__uint_as_float, unsigned, float)
CUDASIM_BITS(__double_as_longlong, double, long long)
CUDASIM_BITS(__longlong_as_double, long long, double)
#undef CUDASIM_BITS

static inline int __popc(unsigned x)
{
    return __builtin_popcount(x);
}

static inline int __popcll(unsigned long long x)
{
    return __builtin_popcountll(x);
}

static inline int __clz(int x)
{
    return x ? __builtin_clz(static_cast<unsigned>(x)) : 32;
}

static inline int __clzll(long long x)
{
    return x ? __builtin_clzll(static_cast<unsigned long long>(x)) : 64;
}

static inline int __ffs(int x)
{
    return __builtin_ffs(x);
}

static inline int __ffsll(long long x)
{
    return __builtin_ffsll(x);
}

static inline unsigned __brev(unsigned x)
{
    unsigned turned = 0;

    for (int i = 0; i < 32; i++)
        turned |= (x >> i & 1u) << (31 - i);
    return turned;
}

static inline unsigned __umulhi(unsigned a, unsigned b)
{
    return static_cast<unsigned>(static_cast<uint64_t>(a) * b >> 32);
}

static inline int __mulhi(int a, int b)
{
    return static_cast<int>(static_cast<int64_t>(a) * b >> 32);
}

static inline unsigned long long __umul64hi(unsigned long long a,
                                            unsigned long long b)
{
    __extension__ typedef unsigned __int128 wide;

    return static_cast<unsigned long long>(static_cast<wide>(a) * b >> 64);
}

#endif
