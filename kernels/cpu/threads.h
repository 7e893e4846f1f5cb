/* kernels/cpu/threads.h - OpenMP, also where the compiler does not speak it
 *
 * oneDNN runs on GNU OpenMP.  A build without OpenMP (thread sanitizer, a
 * compiler without the header) runs our own loops on one thread, with the same
 * results, and still has to tell oneDNN how many threads to use.
 */
#ifndef OST_KERNELS_CPU_THREADS_H
#define OST_KERNELS_CPU_THREADS_H

#ifdef _OPENMP
#include <omp.h>
#define OST_OMP(directive) _Pragma(directive)
#else
#define OST_OMP(directive)
void omp_set_num_threads(int n);
int omp_get_max_threads(void);
int omp_get_thread_num(void);
int omp_get_thread_limit(void);
void omp_set_dynamic(int on);
#endif

#endif
