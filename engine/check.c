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

/* What stages refused: the first of each node. */
typedef struct refusal_list {
    ost_map nodes;
    size_t n;
} refusal_list;

static void refuse(ost_run *r, refusal_list *list, const ost_done_msg *m)
{
    const ost_plan_node *n;
    ost_buf text = { 0 };

    if (m->tag >= r->plan->n_steps)
        return;
    n = ost_plan_node_of(r->plan, (uint32_t)m->tag);
    if (!ost_map_put(&list->nodes, &n->index, sizeof(n->index), 0))
        return;
    list->n++;
    ost_buf_addf(&text, "node '%s': %s", n->node->name, m->error);
    if (n->index >= 0)
        ost_workflow_report(r->plan->wf, (uint32_t)n->index, true,
                            ost_buf_str(&text), &r->result->refusals);
    else
        ost_buf_addf(&r->result->refusals, "%s\n", ost_buf_str(&text));
    ost_buf_release(&text);
}

static ost_rc take_answers(ost_run *r, ost_worker *w, size_t *left,
                           refusal_list *list, ost_err *err)
{
    const unsigned char *body;
    ost_done_msg m;
    ost_msg kind;
    size_t size;

    while (*left > 0 && ost_worker_next(w, &kind, &body, &size) > 0) {
        ost_arena_reset(&r->scratch);
        if (kind != OST_MSG_CHECKED ||
            !ost_done_msg_decode(body, size, &r->scratch, &m))
            return ost_fail(err, OST_EPROTO, "a worker sent nonsense");
        --*left;
        if (m.rc)
            refuse(r, list, &m);
    }
    return OST_OK;
}

static ost_rc worker_died(ost_worker *w, ost_err *err)
{
    ost_buf why = { 0 };
    ost_rc rc;

    ost_worker_end(w, true, &why);
    rc = ost_fail(err, OST_ECRASH, "a worker died before it did anything: %s",
                  ost_buf_str(&why));
    ost_buf_release(&why);
    return rc;
}

static ost_rc listen_to(ost_run *r, ost_worker *w, size_t n, refusal_list *list,
                        ost_err *err)
{
    ost_rc rc = OST_OK;

    while (n > 0 && !rc) {
        struct pollfd p = { .fd = w->fd, .events = POLLIN };

        ost_worker_flush(w);
        if (ost_worker_has_output(w))
            p.events |= POLLOUT;
        if (poll(&p, 1, -1) < 0 && errno != EINTR)
            return ost_fail_errno(err, OST_EFAIL, errno, "cannot poll");
        if ((p.revents & ~POLLOUT) && !ost_worker_receive(w))
            return worker_died(w, err);
        rc = take_answers(r, w, &n, list, err);
    }
    return rc;
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
    refusal_list list = { .n = 0 };
    ost_worker asked = { 0 };
    size_t n = 0;
    ost_rc rc;

    rc = check_allowed(r, err);
    if (!rc)
        rc = ask_all(r, &asked, &n, err);
    if (rc || n == 0)
        goto out;
    if (!w->pid)
        rc = ost_worker_start(w, r->program, ost_store_path(r->store), NULL,
                              err);
    if (rc)
        goto out;
    w->out = asked.out;
    asked.out = (ost_buf){ 0 };
    rc = listen_to(r, w, n, &list, err);
    if (!rc && list.n > 0)
        rc = ost_fail(err, OST_EWORKFLOW,
                      "%zu node%s with parameters that do not go together",
                      list.n, list.n == 1 ? "" : "s");
out:
    ost_buf_release(&asked.out);
    ost_map_release(&list.nodes);
    return rc;
}
