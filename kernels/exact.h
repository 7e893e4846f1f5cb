/* kernels/exact.h - functions whose bits do not depend on the machine
 *
 * A mathematical library may round the last bit differently from one version
 * or processor to the next.  These use additions, products and divisions
 * only, in a fixed order; their relative error is below 1e-15.
 */
#ifndef OST_KERNELS_EXACT_H
#define OST_KERNELS_EXACT_H

/* e to the power of x; 0 below -700, x at most 700. */
double ost_exact_exp(double x);

/* The natural logarithm of a finite number above 0. */
double ost_exact_log(double x);

/* Sine and cosine of an angle in degrees, exact at multiples of 90 (and the
 * sign of a zero is positive).  Finite angles only. */
void ost_exact_sincos(double degrees, double *sine, double *cosine);

#endif
