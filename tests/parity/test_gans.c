/* tests/parity/test_gans.c - steps of all objectives beside PyTorch's
 *
 * gan_references/NAME.txt holds, for the objective of that name, what
 * make_gan_references.py computed in double precision: the losses of some steps
 * and the gradients of all weights of both sides in the last of them.
 */
/* links: stages kernels base */
/* on: cpu cuda */
#include "tests/support/gan_case.h"
#include "tests/support/sampled_tensor.h"

#include "base/banned.h"

static ost_backend *backend;

static int open_backend(void **state)
{
    (void)state;
    backend = backend_case_open(0);
    return 0;
}

static int close_backend(void **state)
{
    (void)state;
    ost_backend_close(backend);
    return 0;
}

static FILE *references(const char *objective)
{
    char *name = ost_xprintf("tests/parity/gan_references/%s.txt", objective);
    char *path = ost_path_join(getenv("OSTEON_SOURCE"), name);
    FILE *f = fopen(path, "r");

    if (!f)
        fail_msg("%s: cannot open it", path);
    ost_free(path);
    ost_free(name);
    return f;
}

static int loss_of(const gan_case *c, const char *name)
{
    const char *const *losses = c->spec.objective->losses;

    for (int i = 0; losses[i]; i++)
        if (strcmp(losses[i], name) == 0)
            return i;
    fail_msg("%s: there is no loss '%s'", c->name, name);
    return -1;
}

/* "loss NAME VALUE...", of which `values` are ours, step by step. */
static void check_loss(const gan_case *c, double (*values)[OST_GAN_LOSSES],
                       char *text)
{
    char *end = strchr(text, ' ');
    int loss;

    *end++ = '\0';
    loss = loss_of(c, text);
    for (int s = 0; s < c->steps; s++) {
        double wanted = strtod(end, &end);

        if (!(fabs(values[s][loss] - wanted) <
              sample_tolerance * fmax(fabs(wanted), 1e-2)))
            fail_msg("%s: step %d: loss '%s' is %.9g, must be %.9g", c->name, s,
                     text, values[s][loss], wanted);
    }
}

/* "tensor NAME COUNT SCALE : NUMBER..." */
static void check_gradient(const gan_case *c, ost_gan *gan, char *text)
{
    char *rest = strchr(text, ' ');
    float *v = NULL;
    int64_t count = 0;

    *rest++ = '\0';
    for (int s = 0; s < OST_GAN_SIDES && !v; s++) {
        v = gradient_of(gan->weights[s], text, &count);
        if (v)
            compare_tensor(c->name, gan->weights[s], text, v, count, rest);
    }
    if (!v)
        fail_msg("%s: there is no weight '%s'", c->name, text);
    ost_free(v);
}

/* The case's steps; their losses. */
static ost_gan *play(const gan_case *c, double (**values)[OST_GAN_LOSSES])
{
    ost_gan *gan = gan_case_new(c, backend);

    *values = ost_xalloc((size_t)c->steps * sizeof(**values));
    for (int s = 0; s < c->steps; s++) {
        gan_case_step(c, gan);
        memcpy((*values)[s], gan->loss, sizeof(gan->loss));
    }
    return gan;
}

static void finish(ost_gan **gan, double (**values)[OST_GAN_LOSSES],
                   int tensors, int losses)
{
    int told = 0;

    while ((*gan)->spec->objective->losses[told])
        told++;
    assert_int_equal(losses, told);
    assert_int_equal(tensors,
                     learned_weights((*gan)->weights[OST_GENERATOR]) +
                         learned_weights((*gan)->weights[OST_DISCRIMINATOR]));
    ost_gan_free(*gan);
    ost_free(*values);
    *gan = NULL;
    *values = NULL;
}

static void compare_objective(const char *objective)
{
    FILE *f = references(objective);
    double(*values)[OST_GAN_LOSSES] = NULL;
    gan_case c = { 0 };
    ost_gan *gan = NULL;
    char *line = NULL;
    size_t cap = 0;
    int tensors = 0;
    int losses = 0;

    while (getline(&line, &cap, f) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (gan_case_line(&c, line)) {
            tensors = losses = 0;
            continue;
        }
        if (!gan)
            gan = play(&c, &values);
        if (ost_starts_with(line, "loss ")) {
            check_loss(&c, values, line + 5);
            losses++;
        } else if (ost_starts_with(line, "tensor ")) {
            check_gradient(&c, gan, line + 7);
            tensors++;
        } else {
            assert_string_equal(line, "end");
            finish(&gan, &values, tensors, losses);
        }
    }
    assert_null(gan);
    gan_case_release(&c);
    (free)(line);
    fclose(f);
}

static void steps_are_those_of_pytorch(void **state)
{
    const ost_objective *o;

    (void)state;
    for (size_t i = 0; (o = ost_objective_at(i)); i++)
        compare_objective(o->name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_are_those_of_pytorch),
    };

    return cmocka_run_group_tests(tests, open_backend, close_backend);
}
