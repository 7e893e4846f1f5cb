/* tests/parity/test_optimizers.c - updates and step sizes as PyTorch has them
 *
 * Reads optimizer_fixtures.txt (make_optimizer_fixtures.py says what is in it).
 */
/* links: stages kernels base */
/* on: cpu cuda */
#include "base/alloc.h"
#include "base/fs.h"
#include "kernels/optimizer.h"
#include "stages/step_size.h"
#include "tests/support/backend_case.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { WEIGHTS = 2, STEPS = 10, MOST = 80 };

static const char *const names[WEIGHTS] = { "a", "b" };
static const int64_t counts[WEIGHTS] = { 65, 7 };

typedef struct numbers {
    float v[WEIGHTS][MOST];
} numbers;

typedef struct reader {
    FILE *file;
    char *line;
    size_t cap;
    char *values; /* behind the colon, or NULL */
} reader;

static reader open_fixtures(void)
{
    char *path = ost_path_join(getenv("OSTEON_SOURCE"),
                               "tests/parity/optimizer_fixtures.txt");
    reader r = { .file = fopen(path, "r") };

    assert_non_null(r.file);
    ost_free(path);
    return r;
}

static void close_fixtures(reader *r)
{
    (free)(r->line);
    fclose(r->file);
}

static bool next_line(reader *r)
{
    if (getline(&r->line, &r->cap, r->file) <= 0)
        return false;
    r->values = strstr(r->line, " :");
    if (r->values) {
        *r->values = '\0';
        r->values += 2;
    } else {
        r->line[strcspn(r->line, "\n")] = '\0';
    }
    return true;
}

static int read_values(const reader *r, double *v, int most)
{
    char *p = r->values;
    int n = 0;

    for (;;) {
        char *end;
        double x = strtod(p, &end);

        if (end == p)
            return n;
        assert_true(n < most);
        v[n++] = x;
        p = end;
    }
}

static void read_weight(const reader *r, char name, float *v)
{
    double x[MOST];
    int n = read_values(r, x, MOST);

    assert_true(name == 'a' || name == 'b');
    assert_int_equal(n, counts[name - 'a']);
    for (int i = 0; i < n; i++)
        v[i] = (float)x[i];
}

/* "name=value", or the default when the line has no such word. */
static double option(const char *line, const char *name, double dflt)
{
    char *word = ost_xalloc(strlen(name) + 3);
    const char *found;

    snprintf(word, strlen(name) + 3, " %s=", name);
    found = strstr(line, word);
    if (found)
        dflt = strtod(found + strlen(word), NULL);
    ost_free(word);
    return dflt;
}

static ost_optimizer optimizer_of(const char *line)
{
    ost_optimizer o = {
        .kind = strstr(line, "kind=adamw")  ? OST_ADAMW
                : strstr(line, "kind=adam") ? OST_ADAM
                                            : OST_SGD,
        .rate = option(line, "lr", -1.0),
        .momentum = option(line, "momentum", 0.0),
        .nesterov = option(line, "nesterov", 0.0) != 0.0,
        .beta1 = option(line, "beta1", 0.9),
        .beta2 = option(line, "beta2", 0.999),
        .epsilon = option(line, "eps", 1e-8),
        .weight_decay = option(line, "weight_decay", 0.0),
        .clip_norm = option(line, "clip", 0.0),
    };

    return o;
}

/* The ten states after each update. */
static void update(ost_backend *b, const char *line, const numbers *start,
                   const numbers *gradients, numbers *after)
{
    ost_optimizer o = optimizer_of(line);
    ost_weights *w = ost_weights_new(b);
    ost_weight *made[WEIGHTS];
    ost_err err = { 0 };

    for (int i = 0; i < WEIGHTS; i++) {
        ost_weight like = { .name = (char *)(uintptr_t)names[i],
                            .ndim = 1,
                            .shape = { counts[i] },
                            .learned = true };

        assert_ok(ost_weights_declare(w, &like, &made[i], &err), &err);
        assert_ok(ost_weights_place(w, made[i], counts[i], NULL, true, &err),
                  &err);
        assert_ok(ost_weights_set(w, made[i], OST_PART_DATA, start->v[i], &err),
                  &err);
    }
    made[0]->l2 = option(line, "l2", 0.0);
    for (int s = 0; s < STEPS; s++) {
        for (int i = 0; i < WEIGHTS; i++) {
            assert_ok(ost_weights_set(w, made[i], OST_PART_GRAD,
                                      gradients[s].v[i], &err),
                      &err);
            made[i]->grad_set = true;
        }
        assert_ok(ost_optimizer_step(&o, w, &err), &err);
        for (int i = 0; i < WEIGHTS; i++)
            assert_ok(
                ost_weights_get(w, made[i], OST_PART_DATA, after[s].v[i], &err),
                &err);
    }
    ost_weights_free(w);
}

/* max|a - b| / max|b| */
static double difference(const float *a, const float *b, int64_t n)
{
    double most = 0.0;
    double apart = 0.0;

    for (int64_t i = 0; i < n; i++) {
        apart = fmax(apart, fabs((double)a[i] - (double)b[i]));
        most = fmax(most, fabs((double)b[i]));
    }
    return apart / most;
}

static void updates_are_those_of_pytorch(void **state)
{
    reader r = open_fixtures();
    numbers start = { 0 };
    numbers gradients[STEPS] = { 0 };
    numbers after[STEPS] = { 0 };
    ost_backend *b = backend_case_open(2);
    int kinds = 0;
    int compared = 0;

    (void)state;
    while (next_line(&r)) {
        int step = 0;
        char name = 0;

        if (sscanf(r.line, "start %c", &name) == 1) {
            read_weight(&r, name, start.v[name - 'a']);
        } else if (sscanf(r.line, "gradient %d %c", &step, &name) == 2) {
            read_weight(&r, name, gradients[step - 1].v[name - 'a']);
        } else if (strncmp(r.line, "optimizer ", 10) == 0) {
            update(b, r.line, &start, gradients, after);
            kinds++;
        } else if (sscanf(r.line, "after %d %c", &step, &name) == 2) {
            float want[MOST];
            double far;

            read_weight(&r, name, want);
            far = difference(after[step - 1].v[name - 'a'], want,
                             counts[name - 'a']);
            if (!(far < 2e-6))
                fail_msg("optimizer %d, weight %c after %d: %g apart", kinds,
                         name, step, far);
            compared++;
        }
    }
    assert_int_equal(kinds, 13);
    assert_int_equal(compared, 13 * 3 * WEIGHTS);
    ost_backend_close(b);
    close_fixtures(&r);
}

static ost_weight *lone_weight(ost_weights *w, int64_t count, bool learned)
{
    ost_weight like = { .name = (char *)(uintptr_t) "w",
                        .ndim = 1,
                        .shape = { count },
                        .learned = learned };
    ost_weight *made;

    assert_int_equal(ost_weights_declare(w, &like, &made, NULL), OST_OK);
    assert_int_equal(ost_weights_place(w, made, count, NULL, true, NULL),
                     OST_OK);
    made->grad_set = true;
    return made;
}

/* Big enough for all threads, and no multiple of anything. */
static void clipping_does_not_hang_on_threads(void **state)
{
    enum { MANY = 100003 };
    const ost_optimizer o = { .kind = OST_SGD, .rate = 1.0, .clip_norm = 0.1 };
    float *v = ost_xalloc(MANY * sizeof(*v));
    float *first = ost_xalloc(MANY * sizeof(*first));
    ost_err err = { 0 };

    (void)state;
    for (int threads = 1; threads <= 4; threads++) {
        ost_backend *b = backend_case_open(threads);
        ost_weights *w = ost_weights_new(b);
        ost_weight *one = lone_weight(w, MANY, true);
        double norm = 0.0;

        for (int i = 0; i < MANY; i++)
            v[i] = sinf((float)i);
        assert_ok(ost_weights_set(w, one, OST_PART_GRAD, v, &err), &err);
        assert_ok(ost_optimizer_step(&o, w, &err), &err);
        assert_ok(ost_weights_get(w, one, OST_PART_DATA, v, &err), &err);
        for (int i = 0; i < MANY; i++)
            norm += (double)v[i] * (double)v[i];
        assert_true(fabs(sqrt(norm) - 0.1) < 1e-6);
        if (threads == 1)
            memcpy(first, v, MANY * sizeof(*v));
        else
            assert_memory_equal(first, v, MANY * sizeof(*v));
        ost_weights_free(w);
        ost_backend_close(b);
    }
    ost_free(first);
    ost_free(v);
}

static void gradients_that_are_not_finite_are_refused(void **state)
{
    const ost_optimizer o = { .kind = OST_SGD, .rate = 1.0, .clip_norm = 0.1 };
    const float bad[] = { 1.0f, INFINITY, 2.0f };
    ost_backend *b = backend_case_open(1);
    ost_weights *w = ost_weights_new(b);
    ost_weight *one = lone_weight(w, 3, true);
    float v[3];
    ost_err err = { 0 };
    ost_rc rc;

    (void)state;
    assert_ok(ost_weights_set(w, one, OST_PART_GRAD, bad, &err), &err);
    rc = ost_optimizer_step(&o, w, &err);
    if (!rc && !backend_case_is_cpu())
        rc = b->finish(b, &err);
    assert_int_equal(rc, OST_EFAIL);
    assert_string_equal(err.text, "the gradients are not finite");
    assert_ok(ost_weights_get(w, one, OST_PART_DATA, v, &err), &err);
    for (int i = 0; i < 3; i++)
        assert_true(v[i] == 0.0f);
    if (backend_case_is_cpu())
        assert_int_equal(w->step, 0);
    ost_weights_free(w);
    ost_backend_close(b);
}

/* More weights than a device updates at a time, some of them large: each is
 * updated as it would be alone, and together they are clipped. */
static void many_weights_are_updated_like_one(void **state)
{
    enum { LISTED = 150, MOST_NUMBERS = 5000 };
    const ost_optimizer adam = { .kind = OST_ADAMW,
                                 .rate = 0.01,
                                 .beta1 = 0.9,
                                 .beta2 = 0.999,
                                 .epsilon = 1e-8,
                                 .weight_decay = 0.1 };
    const ost_optimizer clipped = { .kind = OST_SGD,
                                    .rate = 1.0,
                                    .clip_norm = 0.5 };
    float *v = ost_xalloc(MOST_NUMBERS * sizeof(*v));
    float *all = ost_xalloc(MOST_NUMBERS * sizeof(*all));
    ost_backend *b = backend_case_open(2);
    ost_weights *w = ost_weights_new(b);
    ost_err err = { 0 };
    double norm = 0.0;

    (void)state;
    for (int i = 0; i < LISTED; i++) {
        char name[8];
        int64_t count = i % 7 == 3 ? MOST_NUMBERS - i : 1 + i;
        ost_weight like = {
            .name = name, .ndim = 1, .shape = { count }, .learned = true
        };
        ost_weight *made;

        snprintf(name, sizeof(name), "%d", i);
        assert_ok(ost_weights_declare(w, &like, &made, &err), &err);
        assert_ok(ost_weights_place(w, made, count, NULL, true, &err), &err);
        for (int64_t k = 0; k < count; k++)
            v[k] = sinf((float)(i + k));
        assert_ok(ost_weights_set(w, made, OST_PART_GRAD, v, &err), &err);
        made->grad_set = true;
    }
    assert_ok(ost_optimizer_step(&adam, w, &err), &err);
    for (int i = 0; i < LISTED; i++) {
        ost_weights *lone = ost_weights_new(b);
        int64_t count = ost_weight_count(w->data[i]);
        ost_weight *one = lone_weight(lone, count, true);

        assert_ok(ost_weights_get(w, w->data[i], OST_PART_GRAD, v, &err), &err);
        assert_ok(ost_weights_set(lone, one, OST_PART_GRAD, v, &err), &err);
        assert_ok(ost_optimizer_step(&adam, lone, &err), &err);
        assert_ok(ost_weights_get(w, w->data[i], OST_PART_DATA, all, &err),
                  &err);
        assert_ok(ost_weights_get(lone, one, OST_PART_DATA, v, &err), &err);
        assert_memory_equal(all, v, (size_t)count * sizeof(*v));
        assert_true(v[0] != 0.0f || count == 1);
        memset(v, 0, (size_t)count * sizeof(*v));
        assert_ok(ost_weights_set(w, w->data[i], OST_PART_DATA, v, &err), &err);
        ost_weights_free(lone);
    }
    assert_ok(ost_optimizer_step(&clipped, w, &err), &err);
    for (int i = 0; i < LISTED; i++) {
        assert_ok(ost_weights_get(w, w->data[i], OST_PART_DATA, v, &err), &err);
        for (int64_t k = 0; k < ost_weight_count(w->data[i]); k++)
            norm += (double)v[k] * (double)v[k];
    }
    assert_true(fabs(sqrt(norm) - 0.5) < 1e-6);
    ost_weights_free(w);
    ost_backend_close(b);
    ost_free(all);
    ost_free(v);
}

static ost_schedule schedule_of(const char *line, int64_t *milestones)
{
    static const char *const kinds[] = { "constant", "step", "milestones",
                                         "cosine", "plateau" };
    const char *list = strstr(line, "milestones=");
    ost_schedule s = { .rate = 0.5,
                       .lowest = option(line, "lowest", 0.0),
                       .factor = option(line, "factor", 1.0),
                       .step_epochs = (int64_t)option(line, "step_epochs", 1),
                       .milestones = milestones,
                       .warmup_steps = (int64_t)option(line, "warmup", 0.0),
                       .total_steps = 60 };
    char kind[16];

    assert_int_equal(sscanf(line, "schedule %15s", kind), 1);
    while (strcmp(kinds[s.kind], kind) != 0)
        s.kind++;
    if (list)
        s.n_milestones =
            (size_t)sscanf(list, "milestones=%ld,%ld,%ld", &milestones[0],
                           &milestones[1], &milestones[2]);
    return s;
}

static void step_sizes_are_those_of_pytorch(void **state)
{
    enum { UPDATES = 60, PER_EPOCH = 3 };
    reader r = open_fixtures();
    double losses[UPDATES];
    int compared = 0;

    (void)state;
    while (next_line(&r)) {
        int64_t milestones[3] = { 0 };
        ost_schedule s;
        ost_plateau p = { 0 };
        double want[UPDATES];

        if (strcmp(r.line, "losses") == 0)
            read_values(&r, losses, UPDATES);
        if (strncmp(r.line, "schedule ", 9) != 0)
            continue;
        s = schedule_of(r.line, milestones);
        assert_int_equal(read_values(&r, want, UPDATES), UPDATES);
        for (int i = 0; i < UPDATES; i++) {
            double got = ost_schedule_rate(&s, &p, i / PER_EPOCH, i);

            if (!(fabs(got - want[i]) < 1e-8))
                fail_msg("%s: update %d has %g, not %g", r.line, i, got,
                         want[i]);
            if (s.kind == OST_RATE_PLATEAU && (i + 1) % PER_EPOCH == 0)
                ost_schedule_judge(&s, &p, i + 1, losses[i / PER_EPOCH]);
        }
        compared++;
    }
    assert_int_equal(compared, 5);
    close_fixtures(&r);
}

static void a_plateau_starts_after_the_warmup(void **state)
{
    const ost_schedule s = { .kind = OST_RATE_PLATEAU,
                             .rate = 1.0,
                             .factor = 0.5,
                             .step_epochs = 1,
                             .warmup_steps = 10,
                             .total_steps = 40 };
    ost_plateau p = { 0 };

    (void)state;
    ost_schedule_judge(&s, &p, 5, 1.0);
    ost_schedule_judge(&s, &p, 9, 2.0);
    assert_true(ost_schedule_rate(&s, &p, 1, 9) == 1.0);
    assert_true(ost_schedule_rate(&s, &p, 1, 4) == 0.5);
    ost_schedule_judge(&s, &p, 10, 3.0);
    ost_schedule_judge(&s, &p, 15, 3.0);
    assert_true(ost_schedule_rate(&s, &p, 3, 15) == 0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(updates_are_those_of_pytorch),
        cmocka_unit_test(clipping_does_not_hang_on_threads),
        cmocka_unit_test(gradients_that_are_not_finite_are_refused),
        cmocka_unit_test(many_weights_are_updated_like_one),
        cmocka_unit_test(step_sizes_are_those_of_pytorch),
        cmocka_unit_test(a_plateau_starts_after_the_warmup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
