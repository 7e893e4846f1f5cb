/* engine/check.c - the stages' own checks of parameters, before anything runs
 *
 * Only a worker has the stages' functions: it is asked once for each distinct
 * stage and parameters among the steps that may run.
 */
#include "base/alloc.h"
#include "base/map.h"
#include "engine/run_internal.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/banned.h"

static bool may_run(const ost_run *r, uint32_t step)
{
    return r->state[step] == OST_STATE_WAITING ||
           r->state[step] == OST_STATE_READY;
}

/* Appends a CHECK for what was not asked yet; its tag is the step. */
static ost_rc ask(ost_run *r, ost_worker *w, uint32_t step, ost_map *asked,
                  size_t *n, ost_err *err)
{
    const ost_plan_node *node = ost_plan_node_of(r->plan, step);
    const char *stage = node->node->stage->name;
    ost_buf components = { 0 }, params = { 0 }, name = { 0 };
    ost_rc rc;

    rc = ost_plan_components(r->plan, step, &components, &params, NULL, err);
    if (rc)
        goto out;
    ost_buf_adds(&name, stage);
    ost_buf_addc(&name, '\0');
    ost_buf_adds(&name, ost_buf_str(&params));
    if (ost_map_put(asked, name.data, name.len, step)) {
        ost_check_msg_encode(&w->out, step, stage, ost_buf_str(&params));
        ++*n;
    }
out:
    ost_buf_release(&components);
    ost_buf_release(&params);
    ost_buf_release(&name);
    return rc;
}

static ost_rc ask_all(ost_run *r, ost_worker *w, size_t *n, ost_err *err)
{
    ost_map asked = { 0 };
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < r->plan->nodes.len && !rc; i++) {
        const ost_plan_node *node = &r->plan->nodes.data[i];

        if (!(node->node->stage->flags & OST_STAGE_CHECKS))
            continue;
        for (uint32_t k = 0; k < node->node->instances && !rc; k++) {
            if (!may_run(r, node->first_step + k))
                continue;
            rc = ask(r, w, node->first_step + k, &asked, n, err);
            if (node->prefix)
                break;
        }
    }
    ost_map_release(&asked);
    return rc;
}

/* Adds what a stage refused to the message. */
static void refuse(const ost_run *r, uint64_t step, const ost_done_msg *m,
                   ost_buf *refusals)
{
    const ost_node *node;

    if (step >= r->plan->n_steps)
        return;
    node = ost_plan_node_of(r->plan, (uint32_t)step)->node;
    if (refusals->len > 0)
        ost_buf_addc(refusals, '\n');
    ost_buf_addf(refusals, "%s: node '%s': %s", node->pointer, node->name,
                 m->error);
}

static ost_rc listen_to(ost_run *r, ost_worker *w, size_t n, ost_buf *refusals,
                        ost_err *err)
{
    while (n > 0) {
        struct pollfd p = { .fd = w->fd, .events = POLLIN };
        const unsigned char *body;
        ost_done_msg m;
        ost_msg kind;
        size_t size;
        ost_buf why = { 0 };

        ost_worker_flush(w);
        if (ost_worker_has_output(w))
            p.events |= POLLOUT;
        if (poll(&p, 1, -1) < 0 && errno != EINTR)
            return ost_fail_errno(err, OST_EFAIL, errno, "cannot poll");
        if ((p.revents & ~POLLOUT) && !ost_worker_receive(w)) {
            ost_worker_end(w, true, &why);
            ost_fail(err, OST_ECRASH,
                     "a worker died before it did anything: %s",
                     ost_buf_str(&why));
            ost_buf_release(&why);
            return OST_ECRASH;
        }
        while (n > 0 && ost_worker_next(w, &kind, &body, &size) > 0) {
            ost_arena_reset(&r->scratch);
            if (kind != OST_MSG_CHECKED ||
                !ost_done_msg_decode(body, size, &r->scratch, &m))
                return ost_fail(err, OST_EPROTO, "a worker sent nonsense");
            n--;
            if (m.rc)
                refuse(r, m.tag, &m, refusals);
        }
    }
    return OST_OK;
}

static ost_rc check_allowed(const ost_run *r, ost_err *err)
{
    for (size_t i = 0; i < r->plan->nodes.len; i++) {
        const ost_plan_node *n = &r->plan->nodes.data[i];

        if (!(n->node->stage->flags & OST_STAGE_EXEC) ||
            r->options->exec_allowed)
            continue;
        for (uint32_t k = 0; k < n->node->instances; k++) {
            if (may_run(r, n->first_step + k))
                return ost_fail(err, OST_EDENIED,
                                "node '%s' runs a program of the workflow's "
                                "choice: allow that with '--allow exec'",
                                n->node->name);
        }
    }
    return OST_OK;
}

ost_rc ost_run_check(ost_run *r, ost_err *err)
{
    ost_worker *w = &r->workers[0];
    ost_buf refusals = { 0 };
    ost_worker asked = { 0 };
    size_t n = 0;
    ost_rc rc;

    rc = check_allowed(r, err);
    if (!rc)
        rc = ask_all(r, &asked, &n, err);
    if (rc || n == 0)
        goto out;
    rc = ost_worker_start(w, r->program, ost_store_path(r->store), err);
    if (rc)
        goto out;
    w->out = asked.out;
    asked.out = (ost_buf){ 0 };
    rc = listen_to(r, w, n, &refusals, err);
    if (!rc && refusals.len > 0)
        rc = ost_fail(err, OST_EWORKFLOW, "%s", ost_buf_str(&refusals));
out:
    ost_buf_release(&asked.out);
    ost_buf_release(&refusals);
    return rc;
}
