/* kernels/cpu/wide.h - one body, compiled for several widths of vectors
 *
 * Loops over pixels are plain C that the compiler makes vectors of.  What
 * vectors there are is only known when the program runs:
 *
 *     OST_WIDE_BODY(add_rows, (int64_t n, uint16_t *sum, const uint16_t *row))
 *     {
 *         for (int64_t i = 0; i < n; i++)
 *             sum[i] += row[i];
 *     }
 *     OST_WIDE(add_rows, (int64_t n, uint16_t *sum, const uint16_t *row),
 *              (n, sum, row))
 *
 * makes a static function add_rows() that runs the body as compiled for the
 * best of: any x86-64, AVX2, AVX-512.  Bodies are integer work, or single and
 * double precision without fused operations (-ffp-contract=off), so that all
 * give the same bytes.  Private to kernels/cpu/.
 */
#ifndef OST_KERNELS_CPU_WIDE_H
#define OST_KERNELS_CPU_WIDE_H

typedef enum ost_width {
    OST_WIDTH_ANY,
    OST_WIDTH_AVX2,
    OST_WIDTH_AVX512,
} ost_width;

/* What this machine has, and tests allow. */
ost_width ost_cpu_width(void);

/* For tests, which compare what widths make: from now on nothing wider. */
void ost_cpu_width_at_most(ost_width width);

/* Before a loop: what it writes is apart from all that it reads. */
#if defined(__clang__)
#define OST_APART _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define OST_APART _Pragma("GCC ivdep")
#else
#define OST_APART
#endif

#define OST_WIDE_BODY(name, params) \
    static inline __attribute__((always_inline)) void name##_body params

/* gcc asks for it by name; clang takes the widest. */
#ifdef __clang__
#define OST_WHOLE_VECTORS ""
#else
#define OST_WHOLE_VECTORS ",prefer-vector-width=512"
#endif
#define OST_TARGET_AVX2 "avx2,bmi,bmi2,popcnt"
#define OST_TARGET_AVX512                                   \
    "avx512f,avx512bw,avx512vl,avx512dq,avx512cd,bmi,bmi2," \
    "popcnt" OST_WHOLE_VECTORS

#if defined(__x86_64__) && !defined(__AVX2__)
#define OST_WIDE(name, params, args)                                        \
    static void name##_any params                                           \
    {                                                                       \
        name##_body args;                                                   \
    }                                                                       \
    __attribute__((target(OST_TARGET_AVX2))) static void name##_avx2 params \
    {                                                                       \
        name##_body args;                                                   \
    }                                                                       \
    __attribute__((                                                         \
        target(OST_TARGET_AVX512))) static void name##_avx512 params        \
    {                                                                       \
        name##_body args;                                                   \
    }                                                                       \
    static void name params                                                 \
    {                                                                       \
        ost_width width = ost_cpu_width();                                  \
                                                                            \
        if (width == OST_WIDTH_AVX512)                                      \
            name##_avx512 args;                                             \
        else if (width == OST_WIDTH_AVX2)                                   \
            name##_avx2 args;                                               \
        else                                                                \
            name##_any args;                                                \
    }
#else
#define OST_WIDE(name, params, args) \
    static void name params          \
    {                                \
        name##_body args;            \
    }
#endif

#endif
