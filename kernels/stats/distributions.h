/* kernels/stats/distributions.h - probability distributions and their tails
 *
 * A thin layer over Boost.Math, which C and C++ both can read.  `cdf` is the
 * probability of at most x (k), `sf` of more than x (k): exact far out in the
 * tail, where 1 - cdf would be 0.  `quantile` is the x whose cdf is p, infinite
 * at the ends where the distribution is.  What is undefined (NaN, a
 * probability outside 0..1, degrees of freedom that are not positive (or
 * outside 1e-6..1e9, as shapes), counts that are not whole or do not fit
 * together) gives NaN; nothing fails.
 */
#ifndef OST_KERNELS_STATS_DISTRIBUTIONS_H
#define OST_KERNELS_STATS_DISTRIBUTIONS_H

#ifdef __cplusplus
extern "C" {
#endif

/* Standard normal. */
double ost_normal_cdf(double x);
double ost_normal_sf(double x);
double ost_normal_quantile(double p);

/* Student's t; `df` need not be whole. */
double ost_student_cdf(double x, double df);
double ost_student_sf(double x, double df);
double ost_student_quantile(double p, double df);

/* Chi-square; 0 below 0. */
double ost_chi_square_cdf(double x, double df);
double ost_chi_square_sf(double x, double df);
double ost_chi_square_quantile(double p, double df);

/* Fisher's F with df1 (above) and df2 (below) degrees of freedom. */
double ost_f_cdf(double x, double df1, double df2);
double ost_f_sf(double x, double df1, double df2);
double ost_f_quantile(double p, double df1, double df2);

/* Beta on 0..1. */
double ost_beta_cdf(double x, double a, double b);
double ost_beta_sf(double x, double a, double b);
double ost_beta_quantile(double p, double a, double b);

/* k successes in n trials of probability p, n up to 2^31. */
double ost_binomial_pmf(double k, double n, double p);
double ost_binomial_cdf(double k, double n, double p);
double ost_binomial_sf(double k, double n, double p);

/* k marked ones among `drawn` of `total` of which `marked` are marked; totals
 * up to 10^6. */
double ost_hypergeometric_pmf(double k, double marked, double drawn,
                              double total);
double ost_hypergeometric_cdf(double k, double marked, double drawn,
                              double total);
double ost_hypergeometric_sf(double k, double marked, double drawn,
                             double total);

#ifdef __cplusplus
}
#endif

#endif
