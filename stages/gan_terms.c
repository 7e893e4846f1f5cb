/* stages/gan_terms.c - weights of the terms of an objective */
#include "base/text.h"
#include "base/vec.h"
#include "stages/gan_training.h"

#include <string.h>

#include "base/banned.h"

static int find_term(const ost_objective *o, const char *name)
{
    for (int i = 0; o->terms[i].name; i++)
        if (strcmp(o->terms[i].name, name) == 0)
            return i;
    return -1;
}

static ost_rc unknown_term(const ost_objective *o, const char *name,
                           ost_err *err)
{
    OST_VEC(const char *) names = { 0 };
    ost_buf list = { 0 };
    const char *near;
    ost_rc rc;

    for (const ost_gan_term *t = o->terms; t->name; t++) {
        ost_vec_push(&names, t->name);
        ost_buf_addf(&list, "%s'%s'", names.len > 1 ? ", " : "", t->name);
    }
    near = ost_nearest(name, names.data, names.len);
    if (near)
        rc = ost_fail(err, OST_EWORKFLOW,
                      "'terms': '%s' has no term '%s' (did you mean '%s'?)",
                      o->name, name, near);
    else
        rc = ost_fail(err, OST_EWORKFLOW,
                      "'terms': '%s' has no term '%s' (it has %s)", o->name,
                      name, ost_buf_str(&list));
    ost_buf_release(&list);
    ost_vec_release(&names);
    return rc;
}

ost_rc ost_gan_terms_read(const ost_objective *objective, const json_t *given,
                          double weight[OST_GAN_TERMS], ost_err *err)
{
    const ost_objective *o = objective;
    const char *name;
    json_t *v;

    for (int i = 0; o->terms[i].name; i++)
        weight[i] = o->terms[i].weight;
    json_object_foreach((json_t *)(uintptr_t)given, name, v)
    {
        int i = find_term(o, name);

        if (i < 0)
            return unknown_term(o, name, err);
        if (!json_is_number(v) || !(json_number_value(v) >= 0.0))
            return ost_fail(err, OST_EWORKFLOW,
                            "'terms': the weight of '%s' is to be a number, 0 "
                            "or above",
                            name);
        weight[i] = json_number_value(v);
    }
    return OST_OK;
}
