/* tests/unit/test_losses.c - losses and their gradients
 *
 * The fixtures were computed by PyTorch in double precision; ours may differ by
 * rounding alone.
 */
/* links: base kernels */
/* on: cpu cuda checked */
#include "base/rng.h"
#include "kernels/loss.h"
#include "tests/support/backend_case.h"
#include "tests/support/net_case.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

typedef ost_rc (*value_loss)(const ost_value_loss *loss, ost_err *err);

static const char *const value_names[] = { "dice", "focal", "l1", "l2",
                                           "sigmoid_cross_entropy" };

static value_loss value_operator(const ost_backend *b, const char *name)
{
    const value_loss operators[] = { b->dice, b->focal, b->l1, b->l2,
                                     b->sigmoid_cross_entropy };

    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
        if (strcmp(value_names[i], name) == 0)
            return operators[i];
    fail_msg("no loss '%s'", name);
    return NULL;
}

/* A loss with numbers to compute it from; `items` of them from the `first` on.
 */
typedef struct problem {
    const char *loss;
    ost_tensor output;
    const float *target;
    const float *weights;
    double gamma;
    double smoothing;
    float *grad;
    float *probabilities;
} problem;

static ost_rc run_class_loss(ost_backend *b, const problem *p, ost_tensor part,
                             int64_t first, double total, float *grad,
                             double *loss, ost_err *err)
{
    int64_t positions = ost_tensor_count(&part) / part.shape[0] / part.shape[1];
    size_t count = (size_t)(part.shape[0] * positions);
    int32_t *classes = ost_xalloc(count * sizeof(*classes));
    size_t kinds = (size_t)part.shape[1];
    float *probabilities = p->probabilities;
    ost_rc rc;

    if (probabilities)
        probabilities += first * positions * part.shape[1];
    for (size_t i = 0; i < count; i++)
        classes[i] = (int32_t)p->target[first * positions + (int64_t)i];
    rc = b->softmax_cross_entropy(
        &(ost_class_loss){
            .logits = part,
            .classes = device_lent(b, classes, count * sizeof(*classes)),
            .class_weights =
                device_lent(b, p->weights, kinds * sizeof(*p->weights)),
            .total = total,
            .probabilities = probabilities,
            .grad = grad,
            .loss = loss },
        err);
    if (!rc)
        rc = b->finish(b, err);
    ost_free(classes);
    return rc;
}

static ost_rc run_value_loss(ost_backend *b, const problem *p, ost_tensor part,
                             int64_t first, double total, float *grad,
                             double *loss, ost_err *err)
{
    int64_t count = ost_tensor_count(&part);
    int64_t at = count / part.shape[0] * first;
    size_t channels = (size_t)part.shape[1];
    ost_rc rc = value_operator(b, p->loss)(
        &(ost_value_loss){
            .output = part,
            .target = device_lent(b, p->target + at,
                                  (size_t)count * sizeof(*p->target)),
            .weights =
                device_lent(b, p->weights, channels * sizeof(*p->weights)),
            .gamma = p->gamma,
            .smoothing = p->smoothing,
            .total = total,
            .grad = grad,
            .loss = loss },
        err);

    return rc ? rc : b->finish(b, err);
}

static double compute(ost_backend *b, const problem *p, int64_t first,
                      int64_t items, double total)
{
    ost_tensor part = p->output;
    int64_t per_item = ost_tensor_count(&part) / part.shape[0];
    int64_t count = items * per_item;
    int64_t at = first * per_item;
    float *grad = device_floats(b, NULL, count);
    double loss = -1.0;
    ost_err err = { 0 };
    ost_rc rc;

    part.shape[0] = items;
    part.data = device_floats(b, (float *)p->output.data + at, count);
    if (strcmp(p->loss, "softmax_cross_entropy") == 0)
        rc = run_class_loss(b, p, part, first, total, grad, &loss, &err);
    else
        rc = run_value_loss(b, p, part, first, total, grad, &loss, &err);
    if (rc)
        fail_msg("%s: %s", p->loss, err.text);
    device_get(b, grad, p->grad + at, count);
    b->release(b, part.data);
    b->release(b, grad);
    return loss;
}

static double attribute(const net_case *c, const char *name)
{
    const ost_layer_spec *l = &c->layers[0];

    for (int i = 0; i < l->n_attrs; i++)
        if (strcmp(l->attrs[i].name, name) == 0)
            return l->attrs[i].v[0];
    return 0.0;
}

static problem problem_of(const net_case *c)
{
    const case_tensor *x = case_find(c, "output");
    const case_tensor *t = case_find(c, "target");
    const case_tensor *w = case_find(c, "weights");

    if (!t)
        t = case_find(c, "classes");
    return (problem){
        .loss = c->layers[0].kind,
        .output = ost_tensor_of(x->v, OST_F32, x->ndim, x->shape),
        .target = t->v,
        .weights = w ? w->v : NULL,
        .gamma = attribute(c, "gamma"),
        .smoothing = attribute(c, "smoothing"),
        .grad = ost_xalloc((size_t)x->count * sizeof(float)),
        .probabilities = ost_xalloc((size_t)x->count * sizeof(float)),
    };
}

static void problem_release(problem *p)
{
    ost_free(p->probabilities);
    ost_free(p->grad);
}

static FILE *open_fixtures(void)
{
    char *path =
        ost_path_join(getenv("OSTEON_SOURCE"), "tests/parity/losses.txt");
    FILE *f = fopen(path, "r");

    assert_non_null(f);
    ost_free(path);
    return f;
}

static void expect_near(const net_case *c, const char *name, const float *got)
{
    const case_tensor *t = case_find(c, name);
    double largest = 0.0;
    double worst = 0.0;

    assert_non_null(t);
    for (int64_t i = 0; i < t->count; i++) {
        double d = fabs((double)got[i] - (double)t->v[i]);

        if (!(d <= worst))
            worst = d;
        if (fabs((double)t->v[i]) > largest)
            largest = fabs((double)t->v[i]);
    }
    if (!(worst <= 1e-6 * largest))
        fail_msg("%s: %s differs by %.3g of %.3g", c->name, name, worst,
                 largest);
}

static void numbers_agree_with_pytorch(void **state)
{
    ost_backend *b = backend_case_open(2);
    FILE *f = open_fixtures();
    net_case *c;
    int count = 0;

    (void)state;
    for (; (c = case_read(f)); count++) {
        problem p = problem_of(c);
        float loss = (float)compute(b, &p, 0, p.output.shape[0], 0.0);

        expect_near(c, "loss", &loss);
        expect_near(c, "grad", p.grad);
        if (case_find(c, "probabilities"))
            expect_near(c, "probabilities", p.probabilities);
        problem_release(&p);
        case_free(c);
    }
    assert_true(count > 30);
    fclose(f);
    ost_backend_close(b);
}

/* What a whole batch of the problem is divided by. */
static double total_of(const problem *p)
{
    int64_t n = p->output.shape[0];
    double total = 0.0;

    if (strcmp(p->loss, "softmax_cross_entropy") != 0)
        return (double)n;
    for (int64_t i = 0; i < ost_tensor_count(&p->output) / p->output.shape[1];
         i++)
        if (p->target[i] >= 0.0f)
            total += p->weights ? (double)p->weights[(int)p->target[i]] : 1.0;
    return total;
}

static void parts_of_a_batch_add_up(void **state)
{
    ost_backend *b = backend_case_open(2);
    FILE *f = open_fixtures();
    net_case *c;

    (void)state;
    while ((c = case_read(f))) {
        problem p = problem_of(c);
        size_t count = (size_t)ost_tensor_count(&p.output);
        float *whole = ost_xalloc(count * sizeof(float));
        double loss = compute(b, &p, 0, p.output.shape[0], 0.0);
        double sum;

        memcpy(whole, p.grad, count * sizeof(float));
        memset(p.grad, 0xff, count * sizeof(float));
        sum = compute(b, &p, 0, 1, total_of(&p));
        sum += compute(b, &p, 1, p.output.shape[0] - 1, total_of(&p));
        assert_true(fabs(sum - loss) <= 1e-14 * fabs(loss));
        assert_memory_equal(p.grad, whole, count * sizeof(float));
        ost_free(whole);
        problem_release(&p);
        case_free(c);
    }
    fclose(f);
    ost_backend_close(b);
}

/* Many numbers, so that the work is cut into pieces. */
static double large(const char *loss, int threads, float *grad)
{
    enum { N = 3, C = 5, H = 61, W = 47 };
    static float output[N * C * H * W];
    static float target[N * C * H * W];
    problem p = { .loss = loss,
                  .output = ost_tensor_of(output, OST_F32, 4,
                                          (int64_t[]){ N, C, H, W }),
                  .target = target,
                  .gamma = 2.0,
                  .smoothing = 1.0,
                  .grad = grad };
    ost_rng rng = ost_rng_of(7, 0);
    ost_backend *b = backend_case_open(threads);
    double sum;

    for (size_t i = 0; i < sizeof(output) / sizeof(output[0]); i++) {
        output[i] = (float)ost_rng_range(&rng, -4.0, 4.0);
        target[i] = (float)(ost_rng_f64(&rng) < 0.3);
    }
    sum = compute(b, &p, 0, N, 0.0);
    ost_backend_close(b);
    return sum;
}

static void bytes_are_the_same_for_any_number_of_threads(void **state)
{
    enum { COUNT = 3 * 5 * 61 * 47 };
    static const char *const losses[] = { "dice",
                                          "focal",
                                          "l1",
                                          "l2",
                                          "sigmoid_cross_entropy",
                                          "softmax_cross_entropy" };
    float *one = ost_xalloc(COUNT * sizeof(float));
    float *many = ost_xalloc(COUNT * sizeof(float));

    (void)state;
    for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
        double loss = large(losses[i], 1, one);

        assert_true(loss > 0.0);
        for (int threads = 2; threads <= 8; threads += threads < 4 ? 1 : 4) {
            double again = large(losses[i], threads, many);

            if (memcmp(&loss, &again, sizeof(loss)) != 0 ||
                memcmp(one, many, COUNT * sizeof(float)) != 0)
                fail_msg("%s: other bytes with %d threads", losses[i], threads);
        }
    }
    ost_free(many);
    ost_free(one);
}

static void nothing_that_counts_is_no_loss(void **state)
{
    ost_backend *b = backend_case_open(1);
    float output[4] = { 1.0f, 2.0f, -3.0f, 4.0f };
    float none[4] = { -1.0f, -1.0f, -1.0f, -1.0f };
    float grad[4] = { 9.0f, 9.0f, 9.0f, 9.0f };
    float target[4] = { 0.0f };
    problem p = { .loss = "softmax_cross_entropy",
                  .output =
                      ost_tensor_of(output, OST_F32, 2, (int64_t[]){ 2, 2 }),
                  .target = none,
                  .grad = grad };

    (void)state;
    assert_true(compute(b, &p, 0, 2, 0.0) == 0.0);
    for (int i = 0; i < 4; i++)
        assert_true(grad[i] == 0.0f);
    /* Empty masks that are certainly empty, without smoothing. */
    for (int i = 0; i < 4; i++) {
        output[i] = -INFINITY;
        grad[i] = 9.0f;
    }
    p.loss = "dice";
    p.target = target;
    assert_true(compute(b, &p, 0, 2, 0.0) == 0.0);
    for (int i = 0; i < 4; i++)
        assert_true(grad[i] == 0.0f);
    ost_backend_close(b);
}

/* NaN is not hidden by a comparison. */
static void what_is_not_a_number_stays_so(void **state)
{
    ost_backend *b = backend_case_open(1);
    float output[2] = { NAN, 1.0f };
    float target[2] = { 1.0f, 1.0f };
    float grad[2];
    problem p = { .output =
                      ost_tensor_of(output, OST_F32, 2, (int64_t[]){ 1, 2 }),
                  .target = target,
                  .gamma = 1.0,
                  .smoothing = 1.0,
                  .grad = grad };

    (void)state;
    for (size_t i = 0; i < sizeof(value_names) / sizeof(value_names[0]); i++) {
        p.loss = value_names[i];
        assert_true(isnan(compute(b, &p, 0, 1, 0.0)));
        assert_true(isnan(grad[0]));
    }
    ost_backend_close(b);
}

/* By the operator at once, or by finish() where the device sees it. */
static void expect_refused(ost_backend *b, const ost_class_loss *l,
                           const char *words)
{
    ost_err err = { 0 };
    ost_rc rc = b->softmax_cross_entropy(l, &err);

    if (!rc)
        rc = b->finish(b, &err);
    assert_int_equal(rc, OST_EINPUT);
    assert_string_equal(err.text, words);
}

static void a_class_that_is_not_there_is_refused(void **state)
{
    enum { N = 3, K = 3, S = 5000 };
    ost_backend *b = backend_case_open(1);
    float *logits = device_floats(b, NULL, (int64_t)N * K * S);
    int32_t *many = ost_xalloc((size_t)N * S * sizeof(*many));
    const int32_t classes[4] = { 0, 2, 1, 3 };
    ost_class_loss l = {
        .logits = ost_tensor_of(logits, OST_F32, 3, (int64_t[]){ 2, 3, 2 }),
        .classes = device_lent(b, classes, sizeof(classes)),
    };
    double loss = 0.0;

    (void)state;
    expect_refused(b, &l, "item 1 has class 3 of only 3");
    /* The first of them, in a batch that is cut into parts; and it is told
     * once. */
    many[S + 4999] = 9;
    many[2 * S] = 7;
    l.logits = ost_tensor_of(logits, OST_F32, 3, (int64_t[]){ N, K, S });
    l.classes = device_lent(b, many, (size_t)N * S * sizeof(*many));
    expect_refused(b, &l, "item 1 has class 9 of only 3");
    memset(many, 0, (size_t)N * S * sizeof(*many));
    l.classes = device_lent(b, many, (size_t)N * S * sizeof(*many));
    l.loss = &loss;
    assert_int_equal(b->softmax_cross_entropy(&l, NULL), OST_OK);
    device_finish(b);
    assert_true(fabs(loss - log(3.0)) < 1e-12);
    ost_free(many);
    b->release(b, logits);
    ost_backend_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_agree_with_pytorch),
        cmocka_unit_test(parts_of_a_batch_add_up),
        cmocka_unit_test(bytes_are_the_same_for_any_number_of_threads),
        cmocka_unit_test(nothing_that_counts_is_no_loss),
        cmocka_unit_test(what_is_not_a_number_stays_so),
        cmocka_unit_test(a_class_that_is_not_there_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
