/* tests/support/network_text.h - networks written in tests
 *
 * Texts have ' in place of " and stand in {"osteon_model": 1, "name": "n",
 * followed by a line end.
 */
#ifndef OST_TESTS_SUPPORT_NETWORK_TEXT_H
#define OST_TESTS_SUPPORT_NETWORK_TEXT_H

#include "base/alloc.h"
#include "base/buf.h"
#include "stages/network.h"
#include "tests/support/check.h"

#include <string.h>

static inline char *network_text(const char *inside)
{
    char *text = ost_xprintf("{'osteon_model': 1, 'name': 'n',\n%s}", inside);

    for (char *p = text; *p; p++)
        if (*p == '\'')
            *p = '"';
    return text;
}

static inline ost_rc network_try(const char *inside, const char *values,
                                 ost_network **n, ost_err *err)
{
    char *text = network_text(inside);
    char *given = values ? ost_xstrdup(values) : NULL;
    json_t *v;
    ost_rc rc;

    for (char *p = given; p && *p; p++)
        if (*p == '\'')
            *p = '"';
    v = given ? json_loads(given, 0, NULL) : NULL;
    rc = ost_network_read("n.json", text, strlen(text), v, NULL, n, err);
    json_decref(v);
    ost_free(given);
    ost_free(text);
    return rc;
}

static inline ost_network *network_of(const char *inside, const char *values)
{
    ost_network *n = NULL;
    ost_err err = { 0 };

    if (network_try(inside, values, &n, &err))
        fail_msg("%s", err.text);
    return n;
}

static inline void network_refused(const char *inside, const char *values,
                                   const char *message)
{
    ost_network *n = NULL;
    ost_err err = { 0 };

    assert_int_equal(network_try(inside, values, &n, &err), OST_EINPUT);
    assert_string_equal(err.text, message);
    assert_null(n);
}

/* One line of text: "name kind<inputs attr=numbers ...", layers separated by
 * '\n'; an input is the index of a layer, "in" the network's. */
static inline char *network_layers(const ost_network *n)
{
    const ost_net_spec *s = ost_network_spec(n);
    ost_buf b = { 0 };
    char *text;

    for (int i = 0; i < s->n_layers; i++) {
        const ost_layer_spec *l = &s->layers[i];

        ost_buf_addf(&b, "%s%s %s<", i ? "\n" : "", l->name, l->kind);
        for (int k = 0; k < l->n_inputs; k++)
            if (l->inputs[k] == OST_NET_INPUT)
                ost_buf_addf(&b, "%sin", k ? "," : "");
            else
                ost_buf_addf(&b, "%s%d", k ? "," : "", l->inputs[k]);
        for (int k = 0; k < l->n_attrs; k++) {
            const ost_net_attr *a = &l->attrs[k];

            ost_buf_addf(&b, " %s=%s", a->name, a->text ? a->text : "");
            for (int j = 0; j < a->count; j++)
                ost_buf_addf(&b, "%s%g", j ? "," : "", a->v[j]);
        }
        if (l->l2 != 0.0)
            ost_buf_addf(&b, " l2=%g", l->l2);
        ost_buf_adds(&b, l->frozen ? " frozen" : "");
        ost_buf_adds(&b, l->shared ? " shared" : "");
    }
    text = ost_xstrdup(ost_buf_str(&b));
    ost_buf_release(&b);
    return text;
}

/* What a network comes to, as network_layers() writes it. */
static inline void network_is(const char *inside, const char *values,
                              const char *layers)
{
    ost_network *n = network_of(inside, values);
    char *text = network_layers(n);

    assert_string_equal(text, layers);
    ost_free(text);
    ost_network_free(n);
}

#endif
