/* kernels/stats/image_sets.cc - Fréchet and kernel distance, through Eigen
 *
 * Tr (S1 S2)^(1/2) is the sum of the singular values of X Y', where X'X = S1
 * and Y'Y = S2: for centered images over sqrt(n - 1) no covariance is formed,
 * no root is taken of one that has not full rank, and few images cost little.
 * Sets of more images than features are reduced to triangles first.
 *
 * Eigen cuts products by the sizes of the caches; these are fixed here, so that
 * sums do not depend on the machine.
 */
#include "kernels/stats/image_sets.h"

#define EIGEN_MPL2_ONLY
#define EIGEN_DONT_PARALLELIZE
#include <Eigen/Core>
#include <Eigen/QR>
#include <Eigen/SVD>
#include <cmath>
#include <limits>
#include <mutex>

namespace
{

using matrix = Eigen::MatrixXd;
using rows = Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic,
                                            Eigen::Dynamic, Eigen::RowMajor>>;

const double undefined = std::numeric_limits<double>::quiet_NaN();
const Eigen::Index block = 256; /* rows of a product at once */

void fix_caches()
{
    static std::once_flag once;

    std::call_once(
        once, [] { Eigen::setCpuCacheSizes(32 << 10, 256 << 10, 2 << 20); });
}

rows rows_of(const double *v, size_t n, size_t d)
{
    return rows(v, static_cast<Eigen::Index>(n), static_cast<Eigen::Index>(d));
}

/* Centered rows over sqrt(n - 1), as at most d rows with the same X'X. */
matrix spread_of(const rows &set, const Eigen::RowVectorXd &mean)
{
    matrix x =
        (set.rowwise() - mean) / std::sqrt(static_cast<double>(set.rows() - 1));

    if (x.rows() <= x.cols())
        return x;
    Eigen::HouseholderQR<Eigen::Ref<matrix>> qr(x);
    return qr.matrixQR().topRows(x.cols()).triangularView<Eigen::Upper>();
}

double frechet(const rows &a, const rows &b)
{
    Eigen::RowVectorXd m1 = a.colwise().mean(), m2 = b.colwise().mean();
    matrix x = spread_of(a, m1), y = spread_of(b, m2);
    double traces = x.squaredNorm() + y.squaredNorm();
    matrix cross = x * y.transpose();
    double roots = Eigen::BDCSVD<matrix>(cross).singularValues().sum();
    double distance = (m1 - m2).squaredNorm() + traces - 2 * roots;

    /* Equal sets differ by rounding. */
    return distance < 0 && distance > -1e-6 * (1 + traces) ? 0 : distance;
}

double cubes(const matrix &products, Eigen::Index d)
{
    return (products.array() / static_cast<double>(d) + 1).cube().sum();
}

/* Sum of the kernel over all pairs, block by block. */
double kernel_sum(const rows &a, const rows &b)
{
    double sum = 0;

    for (Eigen::Index i = 0; i < a.rows(); i += block)
        for (Eigen::Index j = 0; j < b.rows(); j += block) {
            matrix p =
                a.middleRows(i, std::min(block, a.rows() - i)) *
                b.middleRows(j, std::min(block, b.rows() - j)).transpose();

            sum += cubes(p, a.cols());
        }
    return sum;
}

/* The same without the pairs of a row with itself, per pair. */
double kernel_within(const rows &a)
{
    double n = static_cast<double>(a.rows());
    matrix own = a.rowwise().squaredNorm();

    return (kernel_sum(a, a) - cubes(own, a.cols())) / (n * (n - 1));
}

/* Mean of a table over the pairs of different rows. */
double table_within(const double *table, size_t n, const uint32_t *a, size_t m)
{
    double pairs = static_cast<double>(m) * static_cast<double>(m - 1) / 2;
    double sum = 0;

    for (size_t i = 0; i < m; i++) {
        double line = 0;

        for (size_t k = i + 1; k < m; k++)
            line += table[a[i] * n + a[k]];
        sum += line;
    }
    return sum / pairs;
}

/* NaN when memory is exhausted. */
template <typename F> double value_of(F f) noexcept
{
    try {
        fix_caches();
        return f();
    } catch (...) {
        return undefined;
    }
}

} // namespace

double ost_frechet_distance(const double *a, size_t n1, const double *b,
                            size_t n2, size_t d)
{
    if (n1 < 2 || n2 < 2 || d == 0)
        return undefined;
    return value_of(
        [=] { return frechet(rows_of(a, n1, d), rows_of(b, n2, d)); });
}

double ost_kernel_distance(const double *a, size_t n1, const double *b,
                           size_t n2, size_t d)
{
    if (n1 < 2 || n2 < 2 || d == 0)
        return undefined;
    return value_of([=] {
        rows x = rows_of(a, n1, d), y = rows_of(b, n2, d);
        double between = kernel_sum(x, y) / static_cast<double>(n1) /
                         static_cast<double>(n2);

        return kernel_within(x) + kernel_within(y) - 2 * between;
    });
}

bool ost_kernel_table(const double *a, size_t n1, const double *b, size_t n2,
                      size_t d, double *table)
{
    double done = value_of([=] {
        rows x = rows_of(a, n1, d), y = rows_of(b, n2, d);

        for (Eigen::Index i = 0; i < x.rows(); i += block)
            for (Eigen::Index j = 0; j < y.rows(); j += block) {
                matrix p =
                    x.middleRows(i, std::min(block, x.rows() - i)) *
                    y.middleRows(j, std::min(block, y.rows() - j)).transpose();

                for (Eigen::Index r = 0; r < p.rows(); r++)
                    for (Eigen::Index c = 0; c < p.cols(); c++) {
                        double k = p(r, c) / static_cast<double>(d) + 1;

                        table[(i + r) * y.rows() + j + c] = k * k * k;
                    }
            }
        return 0.0;
    });

    return !std::isnan(done);
}

double ost_kernel_distance_in(const ost_kernel_tables *t, const uint32_t *a,
                              const uint32_t *b, size_t m)
{
    double between = 0;

    if (m < 2)
        return undefined;
    for (size_t i = 0; i < m; i++) {
        const double *row = t->between + a[i] * t->n2;
        double line = 0;

        for (size_t k = 0; k < m; k++)
            line += row[b[k]];
        between += line;
    }
    return table_within(t->first, t->n1, a, m) +
           table_within(t->second, t->n2, b, m) -
           2 * (between / static_cast<double>(m) / static_cast<double>(m));
}
