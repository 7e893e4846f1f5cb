/* engine/link.c - where a link leads, for a given instance of its reader */
#include "base/text.h"
#include "engine/workflow_internal.h"

#include <string.h>

#include "base/banned.h"

static const ost_pin *find_pin(const ost_workflow *wf, const ost_link *link,
                               uint32_t axis)
{
    for (uint32_t i = link->pins; i; i = wf->pins.data[i - 1].next)
        if (wf->pins.data[i - 1].axis == axis)
            return &wf->pins.data[i - 1];
    return NULL;
}

static bool leads_to_node(const ost_link *link)
{
    return !(link->target & OST_LINK_SOURCE);
}

/* Axes of target and conditions, pinned ones included. */
static void all_axes(const ost_workflow *wf, const ost_link *link,
                     ost_axis_set *axes)
{
    if (leads_to_node(link)) {
        const ost_node *node = &wf->nodes.data[link->target];

        for (uint32_t i = 0; i < node->n_axes; i++)
            ost_axis_set_add(axes, node->axes[i]);
    }
    for (uint32_t i = link->cond; i; i = wf->conds.data[i - 1].outer)
        ost_value_reads(wf->conds.data[i - 1].scope,
                        wf->conds.data[i - 1].choice, axes);
}

void ost_link_axes(const ost_workflow *wf, const ost_link *link,
                   ost_axis_set *axes)
{
    ost_axis_set all = { 0 };

    if (link->target == OST_NONE)
        return;
    all_axes(wf, link, &all);
    for (uint32_t i = 0; i < all.n; i++)
        if (!find_pin(wf, link, all.axis[i]))
            ost_axis_set_add(axes, all.axis[i]);
    axes->full = axes->full || all.full;
}

/* --- pins
 * ----------------------------------------------------------------------- */

static void unknown_value(ost_workflow *wf, const ost_pin *pin,
                          const ost_axis *axis)
{
    ost_wf_fault(wf, pin->doc, pin->entry, false,
                 "axis '%s' has no value '%s'%s", axis->name, pin->text,
                 ost_suggest(wf, pin->text, axis->values, axis->n));
}

static void settle(ost_workflow *wf, ost_pin *pin, const ost_axis_set *axes)
{
    OST_VEC(const char *) names = { 0 };

    for (uint32_t i = 0; i < axes->n && pin->axis == OST_NONE; i++) {
        const ost_axis *axis = &wf->axes.data[axes->axis[i]];

        ost_vec_push(&names, axis->name);
        if (strcmp(axis->name, pin->name) != 0)
            continue;
        pin->axis = axes->axis[i];
        while (pin->value < axis->n &&
               strcmp(axis->values[pin->value], pin->text) != 0)
            pin->value++;
        if (pin->value == axis->n) {
            pin->value = 0;
            unknown_value(wf, pin, axis);
        }
    }
    if (pin->axis == OST_NONE)
        ost_wf_fault(wf, pin->doc, pin->entry, false,
                     "this has no axis '%s' to pin%s", pin->name,
                     ost_suggest(wf, pin->name, names.data, names.len));
    ost_vec_release(&names);
}

void ost_pins_settle(ost_workflow *wf, ost_link *link)
{
    ost_axis_set axes = { 0 };

    if (!link->pins || link->target == OST_NONE)
        return;
    all_axes(wf, link, &axes);
    for (uint32_t i = link->pins; i; i = wf->pins.data[i - 1].next) {
        if (wf->pins.data[i - 1].axis == OST_NONE)
            settle(wf, &wf->pins.data[i - 1], &axes);
        if (wf->pins.data[i - 1].axis == OST_NONE)
            link->target = OST_NONE; /* where it leads is not known */
    }
}

/* --- following
 * -------------------------------------------------------------------- */

static bool cond_holds(const ost_workflow *wf, uint32_t cond,
                       const ost_assignment *a)
{
    bool holds = true;

    for (; cond && holds; cond = wf->conds.data[cond - 1].outer) {
        const ost_cond *c = &wf->conds.data[cond - 1];
        json_t *value = ost_value_eval(wf, c->scope, c->choice, a);
        ost_buf text = { 0 };

        ost_value_text(value, &text);
        holds = strcmp(ost_buf_str(&text), c->word) == 0;
        ost_buf_release(&text);
        json_decref(value);
    }
    return holds;
}

static uint32_t digit_of(const ost_assignment *a, uint32_t axis)
{
    for (uint32_t i = 0; i < a->n; i++)
        if (a->axes[i] == axis)
            return a->digits[i];
    return OST_NONE;
}

static void emit(const ost_workflow *wf, const ost_link *link,
                 const ost_assignment *a, ost_feed_visit visit, void *user)
{
    ost_feed feed = { .port = link->port, .row = link->row, .source = -1 };

    if (!cond_holds(wf, link->cond, a))
        return;
    if (leads_to_node(link)) {
        const ost_node *node = &wf->nodes.data[link->target];

        feed.node = link->target;
        feed.out = link->out;
        for (uint32_t i = 0; i < node->n_axes; i++)
            feed.instance =
                feed.instance * (uint32_t)wf->axes.data[node->axes[i]].n +
                digit_of(a, node->axes[i]);
    } else {
        feed.source = (int32_t)(link->target & ~OST_LINK_SOURCE);
    }
    visit(user, &feed);
}

void ost_link_visit(const ost_workflow *wf, const ost_link *link,
                    const ost_assignment *reader, ost_feed_visit visit,
                    void *user)
{
    uint32_t digits[OST_NODE_AXES], free_axes[OST_NODE_AXES], n_free = 0;
    ost_axis_set axes = { 0 };
    ost_assignment a;

    if (link->target == OST_NONE)
        return;
    all_axes(wf, link, &axes);
    a = (ost_assignment){ axes.axis, digits, axes.n };
    for (uint32_t i = 0; i < axes.n; i++) {
        const ost_pin *pin = find_pin(wf, link, axes.axis[i]);

        digits[i] = pin ? pin->value : digit_of(reader, axes.axis[i]);
        if (digits[i] != OST_NONE)
            continue;
        digits[i] = 0;
        free_axes[n_free++] = i;
    }
    for (;;) {
        uint32_t k = n_free;

        emit(wf, link, &a, visit, user);
        for (; k > 0; k--) {
            uint32_t i = free_axes[k - 1];

            if (++digits[i] < wf->axes.data[axes.axis[i]].n)
                break;
            digits[i] = 0;
        }
        if (k == 0)
            return;
    }
}
