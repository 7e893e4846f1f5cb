/* engine/live.c - which nodes and sources take part
 *
 * The default node of an input, and what only it needs, stands aside until
 * something that takes part reads it.
 */
#include "engine/workflow_internal.h"

#include "base/banned.h"

static void mark_links(ost_workflow *wf, const ost_link *links, size_t n,
                       unsigned char mark)
{
    for (size_t i = 0; i < n; i++)
        if (!(links[i].target & OST_LINK_SOURCE))
            wf->marks.data[links[i].target] |= mark;
}

static void mark_read(ost_workflow *wf, uint32_t node, unsigned char mark)
{
    const ost_node_part *part = &wf->parts.data[node];

    mark_links(wf, wf->links.data + part[0].first_link,
               part[1].first_link - part[0].first_link, mark);
}

/* Readers come before what they read. */
static void mark_nodes(ost_workflow *wf)
{
    unsigned char *marks = wf->marks.data;

    for (size_t i = wf->nodes.len; i-- > 0;) {
        uint32_t node = wf->order[i];
        bool aside = (marks[node] & OST_MARK_DEFAULT) ||
                     ((marks[node] & OST_MARK_READ_ASIDE) &&
                      !(marks[node] & OST_MARK_READ));

        mark_read(wf, node, aside ? OST_MARK_READ_ASIDE : OST_MARK_READ);
        if (!aside)
            marks[node] |= OST_MARK_LIVE;
    }
    for (size_t i = wf->nodes.len; i-- > 0;)
        if (marks[wf->order[i]] & OST_MARK_LIVE)
            mark_read(wf, wf->order[i], OST_MARK_LIVE);
}

/* --- sources
 * --------------------------------------------------------------------- */

static void note_sources(const ost_link *links, size_t n, uint32_t *number)
{
    for (size_t i = 0; i < n; i++)
        if (links[i].target & OST_LINK_SOURCE && links[i].target != OST_NONE)
            number[links[i].target & ~OST_LINK_SOURCE] = 1;
}

static void renumber(ost_link *links, size_t n, const uint32_t *number)
{
    for (size_t i = 0; i < n; i++)
        if (links[i].target & OST_LINK_SOURCE && links[i].target != OST_NONE)
            links[i].target =
                number[links[i].target & ~OST_LINK_SOURCE] | OST_LINK_SOURCE;
}

/* Leaves out what nothing that takes part reads. */
static void drop_sources(ost_workflow *wf)
{
    ost_scope *top = wf->scopes.data[0].p;
    uint32_t *number = ost_xalloc((wf->sources.len + 1) * sizeof(*number));
    uint32_t n = 0;

    for (size_t i = 0; i < wf->nodes.len; i++) {
        const ost_node_part *part = &wf->parts.data[i];

        if (wf->marks.data[i] & OST_MARK_LIVE)
            note_sources(wf->links.data + part[0].first_link,
                         part[1].first_link - part[0].first_link, number);
    }
    for (size_t i = 0; i < top->outputs.len; i++)
        note_sources(top->outputs.data[i].links.data,
                     top->outputs.data[i].links.len, number);
    for (size_t i = 0; i < wf->sources.len; i++) {
        if (!number[i])
            continue;
        wf->sources.data[n] = wf->sources.data[i];
        number[i] = n++;
    }
    wf->sources.len = n;
    renumber(wf->links.data, wf->links.len, number);
    for (size_t i = 0; i < top->outputs.len; i++)
        renumber(top->outputs.data[i].links.data,
                 top->outputs.data[i].links.len, number);
    ost_free(number);
}

void ost_mark_live(ost_workflow *wf)
{
    ost_scope *top = wf->scopes.data[0].p;

    for (size_t i = 0; i < top->outputs.len; i++)
        mark_links(wf, top->outputs.data[i].links.data,
                   top->outputs.data[i].links.len,
                   OST_MARK_READ | OST_MARK_LIVE);
    mark_nodes(wf);
    drop_sources(wf);
}
