/* kernels/stats/distributions.cc - distributions, through Boost.Math
 *
 * Boost works in long double behind the scenes, so that results are good to
 * the last digits of a double.  Its errors are values here, never exceptions.
 */
#include "kernels/stats/distributions.h"

#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/fisher_f.hpp>
#include <boost/math/distributions/hypergeometric.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>

namespace
{

namespace bm = boost::math;
namespace bp = boost::math::policies;

using quiet = bp::policy<
    bp::domain_error<bp::ignore_error>, bp::pole_error<bp::ignore_error>,
    bp::overflow_error<bp::ignore_error>, bp::underflow_error<bp::ignore_error>,
    bp::denorm_error<bp::ignore_error>, bp::rounding_error<bp::ignore_error>,
    bp::evaluation_error<bp::ignore_error>,
    bp::indeterminate_result_error<bp::ignore_error>>;

using normal = bm::normal_distribution<double, quiet>;
using student = bm::students_t_distribution<double, quiet>;
using chi_square = bm::chi_squared_distribution<double, quiet>;
using fisher = bm::fisher_f_distribution<double, quiet>;
using beta = bm::beta_distribution<double, quiet>;
using binomial = bm::binomial_distribution<double, quiet>;
using hypergeometric = bm::hypergeometric_distribution<double, quiet>;

const double undefined = std::numeric_limits<double>::quiet_NaN();
const double most = 2147483648.0; /* of trials */
const double most_in_urn = 1e6;   /* their tails are sums over counts */

/* Whatever Boost may think of throwing in spite of its policy. */
template <typename F> double value_of(F f) noexcept
{
    try {
        return f();
    } catch (...) {
        return undefined;
    }
}

/* Outside, series take forever. */
bool positive(double v)
{
    return v >= 1e-6 && v <= 1e9;
}

bool probability(double p)
{
    return p >= 0 && p <= 1;
}

bool whole(double v)
{
    return std::isfinite(v) && v == std::floor(v);
}

bool count(double v)
{
    return whole(v) && v >= 0 && v <= most;
}

/* --- distributions of a real number in low..high -------------------------- */

template <typename D>
double below(const D &d, double x, double low, double high)
{
    if (std::isnan(x))
        return undefined;
    if (x <= low)
        return 0;
    return x >= high ? 1 : value_of([&] { return bm::cdf(d, x); });
}

template <typename D>
double above(const D &d, double x, double low, double high)
{
    if (std::isnan(x))
        return undefined;
    if (x <= low)
        return 1;
    return x >= high ? 0
                     : value_of([&] { return bm::cdf(bm::complement(d, x)); });
}

template <typename D>
double place(const D &d, double p, double low, double high)
{
    if (!probability(p))
        return undefined;
    if (p == 0)
        return low;
    return p == 1 ? high : value_of([&] { return bm::quantile(d, p); });
}

const double endless = std::numeric_limits<double>::infinity();

/* --- distributions of a count in low..high -------------------------------- */

template <typename D> double mass(const D &d, double k, double low, double high)
{
    if (!whole(k))
        return undefined;
    if (k < low || k > high)
        return 0;
    return value_of([&] { return bm::pdf(d, k); });
}

template <typename D>
double at_most(const D &d, double k, double low, double high)
{
    if (!whole(k))
        return undefined;
    if (k < low)
        return 0;
    return k >= high ? 1 : value_of([&] { return bm::cdf(d, k); });
}

template <typename D>
double more_than(const D &d, double k, double low, double high)
{
    if (!whole(k))
        return undefined;
    if (k < low)
        return 1;
    return k >= high ? 0
                     : value_of([&] { return bm::cdf(bm::complement(d, k)); });
}

bool urn(double marked, double drawn, double total)
{
    return count(marked) && count(drawn) && count(total) && marked <= total &&
           drawn <= total && total <= most_in_urn;
}

hypergeometric urn_of(double marked, double drawn, double total)
{
    return hypergeometric(static_cast<unsigned>(marked),
                          static_cast<unsigned>(drawn),
                          static_cast<unsigned>(total));
}

double fewest(double marked, double drawn, double total)
{
    return std::fmax(0, drawn + marked - total);
}

} // namespace

double ost_normal_cdf(double x)
{
    return below(normal(), x, -endless, endless);
}

double ost_normal_sf(double x)
{
    return above(normal(), x, -endless, endless);
}

double ost_normal_quantile(double p)
{
    return place(normal(), p, -endless, endless);
}

double ost_student_cdf(double x, double df)
{
    return positive(df) ? below(student(df), x, -endless, endless) : undefined;
}

double ost_student_sf(double x, double df)
{
    return positive(df) ? above(student(df), x, -endless, endless) : undefined;
}

double ost_student_quantile(double p, double df)
{
    return positive(df) ? place(student(df), p, -endless, endless) : undefined;
}

double ost_chi_square_cdf(double x, double df)
{
    return positive(df) ? below(chi_square(df), x, 0, endless) : undefined;
}

double ost_chi_square_sf(double x, double df)
{
    return positive(df) ? above(chi_square(df), x, 0, endless) : undefined;
}

double ost_chi_square_quantile(double p, double df)
{
    return positive(df) ? place(chi_square(df), p, 0, endless) : undefined;
}

double ost_f_cdf(double x, double df1, double df2)
{
    return positive(df1) && positive(df2)
               ? below(fisher(df1, df2), x, 0, endless)
               : undefined;
}

double ost_f_sf(double x, double df1, double df2)
{
    return positive(df1) && positive(df2)
               ? above(fisher(df1, df2), x, 0, endless)
               : undefined;
}

double ost_f_quantile(double p, double df1, double df2)
{
    return positive(df1) && positive(df2)
               ? place(fisher(df1, df2), p, 0, endless)
               : undefined;
}

double ost_beta_cdf(double x, double a, double b)
{
    return positive(a) && positive(b) ? below(beta(a, b), x, 0, 1) : undefined;
}

double ost_beta_sf(double x, double a, double b)
{
    return positive(a) && positive(b) ? above(beta(a, b), x, 0, 1) : undefined;
}

double ost_beta_quantile(double p, double a, double b)
{
    return positive(a) && positive(b) ? place(beta(a, b), p, 0, 1) : undefined;
}

double ost_binomial_pmf(double k, double n, double p)
{
    return count(n) && probability(p) ? mass(binomial(n, p), k, 0, n)
                                      : undefined;
}

double ost_binomial_cdf(double k, double n, double p)
{
    return count(n) && probability(p) ? at_most(binomial(n, p), k, 0, n)
                                      : undefined;
}

double ost_binomial_sf(double k, double n, double p)
{
    return count(n) && probability(p) ? more_than(binomial(n, p), k, 0, n)
                                      : undefined;
}

double ost_hypergeometric_pmf(double k, double marked, double drawn,
                              double total)
{
    if (!urn(marked, drawn, total))
        return undefined;
    return mass(urn_of(marked, drawn, total), k, fewest(marked, drawn, total),
                std::fmin(marked, drawn));
}

double ost_hypergeometric_cdf(double k, double marked, double drawn,
                              double total)
{
    if (!urn(marked, drawn, total))
        return undefined;
    return at_most(urn_of(marked, drawn, total), k,
                   fewest(marked, drawn, total), std::fmin(marked, drawn));
}

double ost_hypergeometric_sf(double k, double marked, double drawn,
                             double total)
{
    if (!urn(marked, drawn, total))
        return undefined;
    return more_than(urn_of(marked, drawn, total), k,
                     fewest(marked, drawn, total), std::fmin(marked, drawn));
}
