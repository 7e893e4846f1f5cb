/* tests/bench/bench_scores.c - seconds that areas and resamples take, on demand
 *
 *     bench_scores SCORES POSITIVE [CLUSTERS]
 *
 * SCORES are numbers (f64), POSITIVE bytes (0 or 1), CLUSTERS numbers (u32)
 * from 0 without gaps, each a file as NumPy's tofile() writes it.  Each line on
 * stdin is answered by one JSON line, so that bench_scores.py can alternate
 * with scikit-learn in one run:
 *
 *     area                 the area and the ROC curve, from one sort
 *     all                  the same and average precision, the precision-recall
 *                          curve, DeLong's variance and Youden's cut
 *     sort                 the sort alone
 *     bootstrap N THREADS  N replicates of the area, of clusters if there are
 *     jackknife            the area without each of the units
 */
/* links: base stats */
#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "kernels/stats/bootstrap.h"
#include "kernels/stats/operating_points.h"
#include "kernels/stats/precision_recall.h"
#include "kernels/stats/scores.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { MOST_THREADS = 64 };

typedef struct {
    ost_scores s;
    ost_bootstrap_spec spec;
} table;

static void areas(const table *t, bool all)
{
    ost_arena arena = { 0 };
    double start = ost_now(), auc, more = 0;
    ost_ranking r = ost_ranking_of(&t->s);
    ost_roc roc = ost_ranking_roc(&r, 0, &arena);

    auc = ost_ranking_auc(&r);
    if (all) {
        more = ost_ranking_average_precision(&r) +
               ost_ranking_delong_variance(&r) +
               ost_ranking_pr(&r, &arena).recall[0] + ost_youden(&r).value;
    }
    ost_ranking_release(&r);
    printf("{\"seconds\": %.6f, \"auc\": %.17g, \"points\": %zu, "
           "\"more\": %.17g}\n",
           ost_now() - start, auc, roc.n, more);
    ost_arena_release(&arena);
}

static void sort_alone(const table *t)
{
    double start = ost_now();
    ost_ranking r = ost_ranking_of(&t->s);

    printf("{\"seconds\": %.6f, \"levels\": %zu}\n", ost_now() - start,
           r.levels);
    ost_ranking_release(&r);
}

typedef struct {
    const ost_bootstrap_area *area;
    size_t from;
    size_t to;
    double *out;
    pthread_t thread;
} piece;

static void *replicate(void *user)
{
    piece *p = user;

    ost_bootstrap_area_run(&p->area, 1, p->from, p->to, p->out);
    return NULL;
}

static void bootstrap(const table *t, size_t n, size_t threads)
{
    double *value = ost_xalloc(n * sizeof(*value)), start = ost_now();
    ost_bootstrap *b = ost_bootstrap_new(&t->spec);
    ost_bootstrap_area *a = ost_bootstrap_area_new(b, &t->s);
    piece part[MOST_THREADS];
    ost_bootstrap_interval i;

    for (size_t k = 0; k < threads; k++) {
        part[k] = (piece){ .area = a,
                           .from = n * k / threads,
                           .to = n * (k + 1) / threads };
        part[k].out = value + part[k].from;
        if (pthread_create(&part[k].thread, NULL, replicate, &part[k]))
            exit(1);
    }
    for (size_t k = 0; k < threads; k++)
        pthread_join(part[k].thread, NULL);
    i = ost_percentile_interval(value, n, 1, 0.95);
    printf("{\"seconds\": %.6f, \"lo\": %.17g, \"hi\": %.17g, \"units\": "
           "%zu}\n",
           ost_now() - start, i.interval.lo, i.interval.hi,
           ost_bootstrap_units(b));
    ost_bootstrap_area_free(a);
    ost_bootstrap_free(b);
    ost_free(value);
}

static void jackknife(const table *t)
{
    double start = ost_now();
    ost_bootstrap *b = ost_bootstrap_new(&t->spec);
    ost_bootstrap_area *a = ost_bootstrap_area_new(b, &t->s);
    double *out = ost_xalloc((ost_bootstrap_units(b) + 1) * sizeof(*out));

    ost_bootstrap_area_jackknife(a, out, 1);
    printf("{\"seconds\": %.6f, \"first\": %.17g}\n", ost_now() - start,
           out[0]);
    ost_free(out);
    ost_bootstrap_area_free(a);
    ost_bootstrap_free(b);
}

static bool answer(const table *t, const char *line)
{
    char word[16];
    long n = 0, threads = 1;
    int got = sscanf(line, "%15s %ld %ld", word, &n, &threads);

    if (got == 3 && strcmp(word, "bootstrap") == 0 && n > 0 && threads > 0 &&
        threads <= MOST_THREADS)
        bootstrap(t, (size_t)n, (size_t)threads);
    else if (got == 1 && strcmp(word, "jackknife") == 0)
        jackknife(t);
    else if (got == 1 && strcmp(word, "sort") == 0)
        sort_alone(t);
    else if (got == 1)
        areas(t, strcmp(word, "all") == 0);
    else
        return false;
    (void)fflush(stdout);
    return true;
}

int main(int argc, char **argv)
{
    ost_buf file[3] = { { 0 } };
    ost_err err = { 0 };
    table t = { 0 };
    char line[64];

    for (int i = 1; i < argc && i <= 3; i++) {
        if (ost_fs_read(argv[i], (size_t)1 << 32, &file[i - 1], &err)) {
            (void)fprintf(stderr, "bench_scores: %s\n", err.text);
            return 1;
        }
    }
    if (argc < 3) {
        (void)fprintf(stderr,
                      "usage: bench_scores SCORES POSITIVE [CLUSTERS]\n");
        return 2;
    }
    t.s =
        (ost_scores){ (const uint8_t *)file[1].data,
                      (const double *)(const void *)file[0].data, file[1].len };
    t.spec = (ost_bootstrap_spec){ .n = t.s.n, .seed = 1 };
    if (argc > 3) {
        t.spec.cluster = (const uint32_t *)(const void *)file[2].data;
        for (size_t i = 0; i < t.s.n; i++) {
            if (t.spec.cluster[i] >= t.spec.clusters)
                t.spec.clusters = t.spec.cluster[i] + 1;
        }
    }
    while (fgets(line, sizeof(line), stdin)) {
        if (!answer(&t, line))
            return 2;
    }
    for (int i = 0; i < 3; i++)
        ost_buf_release(&file[i]);
    return 0;
}
