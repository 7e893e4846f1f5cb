/* cli/progress.c - a run as people watch it, and its summary */
#include "cli/progress.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"

#include <jansson.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/banned.h"

enum { MAX_LINES = 16, MAX_ROWS = 40 };

#define DRAW_SECONDS  0.1
#define WORTH_SECONDS 0.2 /* of a step that gets a plain line */

void ost_progress_open(ost_progress_view *v, FILE *out)
{
    *v =
        (ost_progress_view){ .out = out, .terminal = isatty(fileno(out)) != 0 };
}

static void drop_step(ost_shown_step *s)
{
    ost_free(s->name);
    ost_free(s->extra);
}

void ost_progress_release(ost_progress_view *v)
{
    for (size_t i = 0; i < v->running.len; i++)
        drop_step(&v->running.data[i]);
    for (size_t i = 0; i < v->rows.len; i++)
        ost_free(v->rows.data[i].name);
    ost_vec_release(&v->running);
    ost_vec_release(&v->rows);
    ost_map_release(&v->row_of);
}

/* --- drawing -------------------------------------------------------------- */

static size_t width_of(FILE *out)
{
    struct winsize size;

    if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 20)
        return size.ws_col;
    return 80;
}

void ost_progress_clear(ost_progress_view *v)
{
    if (v->drawn == 0)
        return;
    fprintf(v->out, "\r\033[%uA\033[J", v->drawn);
    fflush(v->out);
    v->drawn = 0;
}

static void add_step_line(ost_buf *out, const ost_shown_step *s, double now)
{
    double elapsed = now - s->started;
    char words[32];

    ost_buf_addf(out, "  %s  ", s->name);
    if (s->total > 0) {
        double part = (double)s->done / (double)s->total;

        ost_buf_addf(out, "%llu/%llu  %.0f%%  ", (unsigned long long)s->done,
                     (unsigned long long)s->total, 100 * part);
        if (part > 0 && part < 1)
            ost_buf_addf(out, "ETA %s  ",
                         ost_human_seconds(words, elapsed * (1 - part) / part));
    } else {
        ost_buf_addf(out, "%s  ", ost_human_seconds(words, elapsed));
    }
    if (s->extra)
        ost_buf_adds(out, s->extra);
}

/* Ends a line that is too long for the terminal where it would wrap. */
static void cut_line(ost_buf *out, size_t from, size_t width)
{
    size_t columns = 0;

    for (size_t i = from; i < out->len; i++) {
        if ((out->data[i] & 0xc0) == 0x80)
            continue;
        if (++columns >= width) {
            out->len = i;
            break;
        }
    }
    ost_buf_addc(out, '\n');
}

static void draw(ost_progress_view *v, bool now_please)
{
    double now = ost_now();
    size_t width = width_of(v->out);
    ost_buf text = { 0 };
    uint32_t lines = 1;

    if (!v->terminal || (!now_please && now - v->drawn_at < DRAW_SECONDS))
        return;
    v->drawn_at = now;
    if (v->drawn)
        ost_buf_addf(&text, "\r\033[%uA\033[J", v->drawn);
    ost_buf_addf(&text, "%llu of %llu steps, %zu running\n",
                 (unsigned long long)v->settled, (unsigned long long)v->steps,
                 v->running.len);
    for (size_t i = 0; i < v->running.len && i < MAX_LINES; i++) {
        size_t from = text.len;

        add_step_line(&text, &v->running.data[i], now);
        cut_line(&text, from, width);
        lines++;
    }
    fwrite(text.data, 1, text.len, v->out);
    fflush(v->out);
    v->drawn = lines;
    ost_buf_release(&text);
}

/* --- events --------------------------------------------------------------- */

static ost_shown_step *find_running(ost_progress_view *v, const char *name)
{
    for (size_t i = 0; i < v->running.len; i++) {
        if (strcmp(v->running.data[i].name, name) == 0)
            return &v->running.data[i];
    }
    return NULL;
}

static ost_node_row *row_of(ost_progress_view *v, const char *node)
{
    uint64_t at;

    if (!ost_map_get(&v->row_of, node, strlen(node), &at)) {
        ost_node_row row = { .name = ost_xstrdup(node) };

        at = v->rows.len;
        ost_map_put(&v->row_of, node, strlen(node), at);
        ost_vec_push(&v->rows, row);
    }
    return &v->rows.data[at];
}

static void on_started(ost_progress_view *v, const ost_event *e)
{
    ost_shown_step s = { .name = ost_xstrdup(e->name), .started = ost_now() };

    ost_vec_push(&v->running, s);
}

/* "epoch 3, loss 0.41" of {"epoch": 3, "loss": 0.41}. */
static char *extra_words(const char *object)
{
    json_t *members = json_loads(object, 0, NULL);
    ost_buf out = { 0 };
    const char *name;
    json_t *value;

    json_object_foreach(members, name, value)
    {
        if (!json_is_number(value))
            continue;
        ost_buf_addf(&out, "%s%s %.4g", out.len ? ", " : "", name,
                     json_number_value(value));
    }
    json_decref(members);
    return (char *)ost_buf_detach(&out, NULL);
}

static void on_progress(ost_progress_view *v, const ost_event *e)
{
    ost_shown_step *s = find_running(v, e->name);

    if (!s || !v->terminal)
        return;
    s->done = e->done;
    s->total = e->total;
    if (e->extra && *e->extra) {
        ost_free(s->extra);
        s->extra = extra_words(e->extra);
    }
}

static void print_failure(ost_progress_view *v, const ost_event *e)
{
    ost_progress_clear(v);
    fprintf(v->out, "%s: failed: %s\n", e->name, e->message);
}

static void on_finished(ost_progress_view *v, const ost_event *e)
{
    ost_shown_step *s = find_running(v, e->name);
    ost_run_counts *c = &row_of(v, e->node)->counts;
    char words[32];

    c->cached += e->verdict == OST_RUN_CACHED;
    c->ran += e->verdict == OST_RUN_RAN;
    c->failed += e->verdict == OST_RUN_FAILED;
    c->computed += e->computed;
    c->remembered += e->remembered;
    c->seconds += e->seconds;
    v->settled++;
    if (s) {
        drop_step(s);
        *s = v->running.data[--v->running.len];
    }
    if (e->verdict == OST_RUN_FAILED)
        print_failure(v, e);
    else if (!v->terminal && e->seconds >= WORTH_SECONDS)
        fprintf(v->out, "%s: %s%s%s%s\n", e->name,
                ost_human_seconds(words, e->seconds), e->gpu ? " (" : "",
                e->gpu ? e->gpu->name : "", e->gpu ? ")" : "");
}

void ost_progress_tell(void *view, const ost_event *e)
{
    ost_progress_view *v = view;

    switch (e->kind) {
    case OST_EVENT_RUN_STARTED:
        v->steps = e->steps;
        break;
    case OST_EVENT_STEP_STARTED:
        on_started(v, e);
        draw(v, false);
        break;
    case OST_EVENT_STEP_PROGRESS:
        on_progress(v, e);
        draw(v, false);
        break;
    case OST_EVENT_STEP_FINISHED:
        on_finished(v, e);
        draw(v, false);
        break;
    case OST_EVENT_RUN_FINISHED:
        ost_progress_clear(v);
        break;
    }
}

/* --- summary -------------------------------------------------------------- */

static void add_row(ost_buf *out, int width, const char *name,
                    const ost_run_counts *c)
{
    char words[32];

    ost_buf_addf(out, "%-*s  %6u  %6u  %6u  %7u  %8llu  %10llu  %s\n", width,
                 name, c->cached, c->ran, c->failed, c->skipped,
                 (unsigned long long)c->computed,
                 (unsigned long long)c->remembered,
                 ost_human_seconds(words, c->seconds));
}

static bool is_worth_a_row(const ost_node_row *row)
{
    return row->counts.ran > 0 || row->counts.failed > 0;
}

static int name_width(const ost_progress_view *v)
{
    size_t width = sizeof("all nodes") - 1;

    for (size_t i = 0; v && i < v->rows.len; i++) {
        size_t n = ost_utf8_columns(v->rows.data[i].name);

        if (is_worth_a_row(&v->rows.data[i]) && n > width)
            width = n;
    }
    return width > 40 ? 40 : (int)width;
}

void ost_progress_summary(const ost_progress_view *v, const char *workflow,
                          const ost_run_counts *counts, ost_buf *out)
{
    int width = name_width(v);
    size_t shown = 0, left_out = 0;

    ost_buf_addf(out,
                 "%s\n%-*s  cached     ran  failed  skipped  computed  "
                 "remembered  time\n",
                 workflow, width, "node");
    for (size_t i = 0; v && i < v->rows.len; i++) {
        const ost_node_row *row = &v->rows.data[i];

        if (!is_worth_a_row(row))
            continue;
        if (shown++ < MAX_ROWS)
            add_row(out, width, row->name, &row->counts);
        else
            left_out++;
    }
    if (left_out)
        ost_buf_addf(out, "... and %zu more nodes\n", left_out);
    add_row(out, width, "all nodes", counts);
}
