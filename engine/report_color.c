/* engine/report_color.c - the colors, and the style of figures */
#include "engine/report_color.h"

#include <string.h>

#include "base/banned.h"

static const struct {
    const char *name;
    const char *light;
    const char *dark;
} colors[] = {
#define XX(name, light, dark) { #name, light, dark },
    OST_REPORT_COLOR_MAP(XX)
#undef XX
};

enum { COLORS = sizeof(colors) / sizeof(colors[0]) };

/* clang-format off */
const char *const ost_figure_style[] = {
    "svg text { fill: var(--ink); font-size: 12px; }",
    ".mid { text-anchor: middle; }",
    ".end { text-anchor: end; }",
    "svg .tick, svg .sub { fill: var(--soft); font-size: 11px; }",
    "svg .name { fill: var(--soft); font-size: 12px; }",
    "svg .big { font-size: 15px; font-weight: 600; }",
    "svg .bold { font-weight: 600; }",
    "svg .lost { fill: var(--alarm); }",
    ".grid { stroke: var(--line); stroke-width: 1; }",
    ".axis { stroke: var(--soft); stroke-width: 1; }",
    ".chance { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 2 4;",
    "  fill: none; }",
    ".line { fill: none; stroke-width: 1.8; stroke-linejoin: round;",
    "  stroke-linecap: round; }",
    ".line.thin { stroke-width: 1.2; stroke-opacity: .8; }",
    ".line.main { stroke: var(--accent); stroke-width: 2.6; }",
    ".line.pooled { stroke: var(--ink); stroke-width: 1.6;",
    "  stroke-dasharray: 5 4; }",
    ".line.plain { stroke: var(--ink); }",
    ".band { fill: var(--accent); fill-opacity: .14; stroke: none; }",
    ".bars { fill: var(--soft); fill-opacity: .35; stroke: none; }",
    ".point { fill: var(--ink); stroke: var(--paper); stroke-width: 1.5; }",
    ".dots { fill: var(--accent); fill-opacity: .55; stroke: none; }",
    ".mark { fill: var(--accent); stroke: var(--paper); stroke-width: 1; }",
    ".mark.pooled { fill: var(--ink); }",
    ".reach { stroke: var(--accent); stroke-width: 1.6; }",
    ".reach.pooled { stroke: var(--ink); }",
    ".s0 { stroke: var(--s0); } .s1 { stroke: var(--s1); }",
    ".s2 { stroke: var(--s2); } .s3 { stroke: var(--s3); }",
    ".s4 { stroke: var(--s4); } .s5 { stroke: var(--s5); }",
    ".s6 { stroke: var(--s6); } .s7 { stroke: var(--s7); }",
    ".d1 { stroke-dasharray: 5 4; } .d2 { stroke-dasharray: 1.5 3.5; }",
    ".d3 { stroke-dasharray: 8 3 1.5 3; } .d4 { stroke-dasharray: 10 4; }",
    ".d5 { stroke-dasharray: 3 2; }",
    ".cell { fill: var(--tint); stroke: none; }",
    ".hit { fill: var(--accent); stroke: none; }",
    ".miss { fill: var(--alarm); stroke: none; }",
    ".edge { fill: none; stroke: var(--soft); stroke-width: 1.1;",
    "  stroke-opacity: .65; }",
    ".head { fill: var(--soft); }",
    ".node rect { fill: var(--tint); stroke: var(--line);",
    "  stroke-width: 1.2; }",
    ".node.ran rect { fill: var(--accent); fill-opacity: .13;",
    "  stroke: var(--accent); }",
    ".node.failed rect { fill: var(--alarm); fill-opacity: .16;",
    "  stroke: var(--alarm); stroke-width: 2; }",
    ".node.given rect { fill: var(--paper); stroke: var(--soft);",
    "  stroke-dasharray: 1 2.5; stroke-linecap: round; }",
    ".node.skipped rect { stroke-dasharray: 3 3; }",
    ".node.lost rect { fill: var(--paper); stroke: var(--soft);",
    "  stroke-dasharray: 3 3; }",
    ".node text { font-weight: 600; }",
    ".node .sub { font-weight: 400; }",
    NULL,
};
/* clang-format on */

void ost_report_colors(ost_buf *out, bool dark)
{
    for (size_t i = 0; i < COLORS; i++)
        ost_buf_addf(out, " --%s: %s;", colors[i].name,
                     dark ? colors[i].dark : colors[i].light);
}

static const char *light(const char *name, size_t n)
{
    for (size_t i = 0; i < COLORS; i++)
        if (strlen(colors[i].name) == n && memcmp(colors[i].name, name, n) == 0)
            return colors[i].light;
    return "#000000";
}

void ost_figure_style_light(ost_buf *out)
{
    for (size_t i = 0; ost_figure_style[i]; i++) {
        const char *p = ost_figure_style[i], *var;

        for (; (var = strstr(p, "var(--")) != NULL; p = strchr(var, ')') + 1) {
            ost_buf_add(out, p, (size_t)(var - p));
            ost_buf_adds(out, light(var + 6, strcspn(var + 6, ")")));
        }
        ost_buf_adds(out, p);
        ost_buf_addc(out, '\n');
    }
}
