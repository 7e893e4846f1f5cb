/* tests/bench/bench_coverage.c - how often 95 % intervals hold the truth
 *
 *     bench_coverage [SETS [DRAWS]]
 *
 * SETS simulated tables (4,000 if not given) a design with DRAWS replicates
 * (1,000), on all cores.  JSON lines first, then the tables of
 * docs/intervals.md in Markdown.  What is simulated: tests/support/coverage.h.
 */
/* links: base stats */
#include "base/buf.h"
#include "base/text.h"
#include "tests/support/coverage.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/banned.h"

enum { MOST_THREADS = 64, RATES = 2000 };

static const size_t sizes[] = { 5, 10, 20, 50, 100, 200 };
static const double true_areas[] = { 0.7, 0.8, 0.9, 0.95 };
enum {
    SIZES = sizeof(sizes) / sizeof(sizes[0]),
    AREAS = sizeof(true_areas) / sizeof(true_areas[0]),
};

static void rates(ost_buf *table)
{
    ost_buf_addf(table, "| n | Clopper-Pearson, least | mean | Wilson, least "
                        "| mean |\n|---:|---:|---:|---:|---:|\n");
    for (size_t k = 0; k < SIZES; k++) {
        coverage_rates exact =
            coverage_of_rates(ost_clopper_pearson_interval, sizes[k], RATES);
        coverage_rates score =
            coverage_of_rates(ost_wilson_interval, sizes[k], RATES);

        printf("{\"coverage\": \"rate\", \"n\": %zu, \"exact_least\": %.5f, "
               "\"exact_mean\": %.5f, \"wilson_least\": %.5f, "
               "\"wilson_mean\": %.5f}\n",
               sizes[k], exact.least, exact.mean, score.least, score.mean);
        ost_buf_addf(table, "| %zu | %.1f | %.1f | %.1f | %.1f |\n", sizes[k],
                     100 * exact.least, 100 * exact.mean, 100 * score.least,
                     100 * score.mean);
    }
}

typedef struct {
    const coverage_design *design;
    size_t from;
    size_t to;
    coverage_result result;
    pthread_t thread;
} piece;

static void *simulate(void *user)
{
    piece *p = user;

    p->result = coverage_of_area(p->design, p->from, p->to);
    return NULL;
}

static coverage_result on_all_cores(const coverage_design *d)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t threads = cores > MOST_THREADS ? MOST_THREADS : (size_t)cores;
    coverage_result all = { .sets = d->sets };
    piece part[MOST_THREADS];

    for (size_t k = 0; k < threads; k++) {
        part[k] = (piece){ .design = d,
                           .from = d->sets * k / threads,
                           .to = d->sets * (k + 1) / threads };
        if (pthread_create(&part[k].thread, NULL, simulate, &part[k]))
            exit(1);
    }
    for (size_t k = 0; k < threads; k++) {
        pthread_join(part[k].thread, NULL);
        for (int m = 0; m < COVERAGE_METHODS; m++) {
            all.held[m] += part[k].result.held[m];
            all.undefined[m] += part[k].result.undefined[m];
            all.length[m] += part[k].result.length[m];
        }
    }
    return all;
}

static void area(const coverage_design *d, ost_buf *table)
{
    coverage_result c = on_all_cores(d);

    ost_buf_addf(table, "| %zu | %.2f |", d->units, d->area);
    for (int m = 0; m < COVERAGE_METHODS; m++) {
        double defined = (double)(c.sets - c.undefined[m]);

        printf("{\"coverage\": \"area\", \"units\": %zu, \"area\": %.2f, "
               "\"images\": %zu, \"method\": \"%s\", \"held\": %.4f, "
               "\"undefined\": %.4f, \"length\": %.4f}\n",
               d->units, d->area, d->images, coverage_names[m],
               coverage_share(&c, m), (double)c.undefined[m] / (double)c.sets,
               c.length[m] / defined);
        ost_buf_addf(table, " %.1f |", 100 * coverage_share(&c, m));
    }
    ost_buf_addf(table, "\n");
    (void)fflush(stdout);
}

static void areas(size_t sets, size_t draws, size_t images, ost_buf *table)
{
    ost_buf_addf(table, "| %s of each class | true area |",
                 images > 1 ? "patients" : "cases");
    for (int m = 0; m < COVERAGE_METHODS; m++)
        ost_buf_addf(table, " %s |", coverage_names[m]);
    ost_buf_addf(table, "\n|---:|---:|---:|---:|---:|---:|---:|\n");
    for (size_t k = 0; k < SIZES; k++) {
        for (size_t a = 0; a < AREAS; a++) {
            const coverage_design d = {
                .area = true_areas[a],
                .units = sizes[k],
                .images = images,
                .shared = images > 1 ? 0.6 : 0,
                .sets = sets,
                .draws = draws,
                .seed = 1000 * images + 10 * k + a,
            };

            area(&d, table);
        }
    }
}

int main(int argc, char **argv)
{
    int64_t sets = 4000, draws = 1000;
    ost_buf table = { 0 };

    if (argc > 3 || (argc > 1 && !ost_parse_i64(argv[1], &sets)) ||
        (argc > 2 && !ost_parse_i64(argv[2], &draws)) || sets < 1 ||
        draws < 1) {
        (void)fprintf(stderr, "usage: bench_coverage [SETS [DRAWS]]\n");
        return 2;
    }
    rates(&table);
    ost_buf_addf(&table, "\n");
    areas((size_t)sets, (size_t)draws, 1, &table);
    ost_buf_addf(&table, "\n");
    areas((size_t)sets, (size_t)draws, 5, &table);
    printf("\n%.*s", (int)table.len, (const char *)table.data);
    ost_buf_release(&table);
    return 0;
}
