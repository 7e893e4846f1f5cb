/* cli/svg.c - pictures that any browser shows, light or dark */
#include "cli/svg.h"

#include "base/banned.h"

void ost_svg_begin(ost_buf *out, const char *title, double width, double height,
                   const char *styles)
{
    ost_buf_addf(out,
                 "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" "
                 "height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\">\n<title>",
                 width, height, width, height);
    ost_buf_add_html(out, title);
    ost_buf_adds(
        out,
        "</title>\n<style>\n"
        "svg { background: #fff; --ink: #1c2430; --soft: #5b6675; "
        "--line: #9aa5b1; --node: #eef3f9; --end: #f7f1e3 }\n"
        "@media (prefers-color-scheme: dark) { svg { background: #14181f; "
        "--ink: #e6eaf0; --soft: #9aa5b1; --line: #5b6675; --node: #1f2833; "
        "--end: #2b271c } }\n"
        "text { font: 13px sans-serif; fill: var(--ink); text-anchor: middle "
        "}\n"
        "text.note { font-size: 11px; fill: var(--soft) }\n"
        "rect { fill: var(--node); stroke: var(--line) }\n"
        ".source rect, .output rect { fill: var(--end) }\n"
        "path { fill: none; stroke: var(--line); stroke-width: 1.5 }\n");
    ost_buf_adds(out, styles);
    ost_buf_adds(out, "</style>\n");
}

void ost_svg_curve(ost_buf *out, double x0, double y0, double x1, double y1)
{
    double middle = (y0 + y1) / 2;

    ost_buf_addf(out, " C%.1f,%.1f %.1f,%.1f %.1f,%.1f", x0, middle, x1, middle,
                 x1, y1);
}
