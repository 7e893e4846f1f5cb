/* tests/support/gan_case.h - objectives with small networks and computed
 * numbers
 *
 * The cases stand in parity/gan_references/ (parity/make_gan_references.py),
 * whose lines parity/gan_cases.py describes.
 */
#ifndef OST_TESTS_SUPPORT_GAN_CASE_H
#define OST_TESTS_SUPPORT_GAN_CASE_H

#include "kernels/gan.h"
#include "tests/support/network_case.h"

/* As RATE and KEY of gan_cases.py. */
static const double gan_case_rate = 0.01;
enum { GAN_CASE_KEY = 4711 };

typedef struct gan_case {
    char *name;
    char *stream; /* of the batches */
    int steps;
    double rate;
    ost_gan_spec spec;
    ost_network *nets[OST_GAN_ROLES][OST_GAN_SCALES];
} gan_case;

static inline void gan_case_release(gan_case *c)
{
    for (int r = 0; r < OST_GAN_ROLES; r++)
        for (int s = 0; s < OST_GAN_SCALES; s++)
            ost_network_free(c->nets[r][s]);
    ost_free(c->stream);
    ost_free(c->name);
    memset(c, 0, sizeof(*c));
}

static inline int gan_case_role(const gan_case *c, const char *name)
{
    const ost_gan_role *roles = c->spec.objective->roles;

    for (int r = 0; roles[r].name; r++)
        if (strcmp(roles[r].name, name) == 0)
            return r;
    fail_msg("%s: %s has no role '%s'", c->name, c->spec.objective->name, name);
    return -1;
}

static inline void gan_case_objective(gan_case *c, const char *name)
{
    const ost_gan_term *terms;

    c->spec.objective = ost_objective_find(name);
    if (!c->spec.objective)
        fail_msg("%s: no objective '%s'", c->name, name);
    c->spec.loss = c->spec.objective->loss;
    c->spec.key = GAN_CASE_KEY;
    c->spec.penalty_weight = 10.0;
    c->rate = gan_case_rate;
    terms = c->spec.objective->terms;
    for (int t = 0; terms[t].name; t++)
        c->spec.weight[t] = terms[t].weight;
}

/* "ROLE SCALE FILE PARAMS" */
static inline void gan_case_net(gan_case *c, char *text)
{
    char *rest = NULL;
    int role = gan_case_role(c, strtok_r(text, " ", &rest));
    int scale = (int)strtol(strtok_r(NULL, " ", &rest), NULL, 10);
    const char *file = strtok_r(NULL, " ", &rest);
    ost_network *n = network_shipped(file, rest);

    c->nets[role][scale] = n;
    c->spec.nets[role][scale] = ost_network_spec(n);
    c->spec.named[role] = strstr(rest, "\"domain\"") != NULL;
    if (c->spec.objective->roles[role].drawn)
        c->spec.latent_ndim = ost_network_input(n, c->spec.latent);
}

/* "NAME VALUE" */
static inline void gan_case_set(gan_case *c, const char *text)
{
    static const char *const losses[] = {
        [OST_GAN_BCE] = "loss bce",
        [OST_GAN_LEAST_SQUARES] = "loss least_squares",
        [OST_GAN_HINGE] = "loss hinge",
        [OST_GAN_WASSERSTEIN] = "loss wasserstein",
    };
    double value = strtod(strchr(text, ' '), NULL);

    if (ost_starts_with(text, "smoothing "))
        c->spec.smoothing = value;
    else if (ost_starts_with(text, "history "))
        c->spec.history = (int64_t)value;
    else if (ost_starts_with(text, "given "))
        c->spec.given = (int64_t)value;
    else if (ost_starts_with(text, "penalty_weight "))
        c->spec.penalty_weight = value;
    else if (strcmp(text, "penalty gradient") == 0)
        c->spec.penalty = OST_PENALTY_GRADIENT;
    else if (strcmp(text, "penalty r1") == 0)
        c->spec.penalty = OST_PENALTY_R1;
    else if (ost_starts_with(text, "rate "))
        c->rate = value;
    else
        for (size_t i = 0;; i++) {
            if (i == sizeof(losses) / sizeof(losses[0]))
                fail_msg("%s: unknown setting '%s'", c->name, text);
            if (strcmp(text, losses[i]) == 0) {
                c->spec.loss = (ost_gan_loss)i;
                break;
            }
        }
}

/* "TERM VALUE" */
static inline void gan_case_weight(gan_case *c, char *text)
{
    const ost_gan_term *terms = c->spec.objective->terms;
    char *value = strchr(text, ' ');
    int t = 0;

    *value++ = '\0';
    while (terms[t].name && strcmp(terms[t].name, text) != 0)
        t++;
    if (!terms[t].name)
        fail_msg("%s: no term '%s'", c->name, text);
    c->spec.weight[t] = strtod(value, NULL);
}

/* Takes a line of a case's head (without its end) in; false for any other. */
static inline bool gan_case_line(gan_case *c, char *line)
{
    char *text = strchr(line, ' ');

    if (!text++)
        return false;
    if (ost_starts_with(line, "case ")) {
        gan_case_release(c);
        c->name = ost_xstrdup(text);
    } else if (ost_starts_with(line, "objective ")) {
        gan_case_objective(c, text);
    } else if (ost_starts_with(line, "role ")) {
        gan_case_net(c, text);
    } else if (ost_starts_with(line, "input ")) {
        int i = (int)strtol(text, &text, 10);

        while (*text)
            c->spec.shape[i][c->spec.ndim[i]++] = strtoll(text, &text, 10);
    } else if (ost_starts_with(line, "set ")) {
        gan_case_set(c, text);
    } else if (ost_starts_with(line, "weight ")) {
        gan_case_weight(c, text);
    } else if (ost_starts_with(line, "stream ")) {
        c->stream = ost_xstrdup(text);
    } else if (ost_starts_with(line, "steps ")) {
        c->steps = (int)strtol(text, NULL, 10);
    } else {
        return false;
    }
    return true;
}

/* Fills the batch of the step that comes next. */
static inline void gan_case_batch(const gan_case *c, ost_gan *gan)
{
    for (int i = 0; i < OST_GAN_INPUTS && c->spec.ndim[i]; i++) {
        char *name =
            ost_xprintf("%s %d %lld", c->stream, i, (long long)gan->step);
        int64_t count = 1;
        float *to;
        ost_err err = { 0 };

        for (int k = 0; k < c->spec.ndim[i]; k++)
            count *= c->spec.shape[i][k];
        assert_ok(ost_gan_host_input(gan, i, &to, &err), &err);
        stream_fill(name, 0.0, 1.0, count, to);
        ost_free(name);
    }
}

/* Builds the case's game with its weights.  Caller frees with
 * ost_gan_free(). */
static inline ost_gan *gan_case_new(const gan_case *c, ost_backend *backend)
{
    ost_gan *gan = NULL;
    ost_err err = { 0 };

    if (ost_gan_new(&c->spec, backend, &gan, &err))
        fail_msg("%s: %s", c->name, err.text);
    for (int s = 0; s < OST_GAN_SIDES; s++)
        network_fill_weights(gan->weights[s]);
    return gan;
}

/* One step with plain gradient descent on both sides. */
static inline void gan_case_step(const gan_case *c, ost_gan *gan)
{
    const ost_optimizer descent = { .kind = OST_SGD, .rate = c->rate };
    const ost_optimizer opt[OST_GAN_SIDES] = { descent, descent };
    ost_err err = { 0 };

    gan_case_batch(c, gan);
    if (ost_gan_step(gan, opt, &err) || ost_gan_finish(gan, &err))
        fail_msg("%s: %s", c->name, err.text);
}

#endif
