/* cli/help.c - --help, the man page and completions, from the tables */
#include "base/text.h"
#include "cli/options.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

enum { WIDTH = 80, HELP_COLUMN = 26 };

/* Appends `text` wrapped to WIDTH, its lines indented by `indent`; the cursor
 * stands at `column`.  "\n" in the text ends a line. */
static void add_wrapped(ost_buf *out, const char *text, int indent, int column)
{
    while (*text) {
        size_t word = strcspn(text, " \n");

        if (column > indent && column + 1 + (int)word > WIDTH) {
            ost_buf_addf(out, "\n%*s", indent, "");
            column = indent;
        } else if (column > indent) {
            ost_buf_addc(out, ' ');
            column++;
        }
        ost_buf_add(out, text, word);
        column += (int)word;
        text += word;
        if (*text == '\n') {
            ost_buf_addf(out, "\n%*s", indent, "");
            column = indent;
        }
        if (*text)
            text++;
    }
    ost_buf_addc(out, '\n');
}

static void option_head(ost_buf *out, const ost_option *o)
{
    if (o->letter)
        ost_buf_addf(out, "-%c, ", o->letter);
    ost_buf_addf(out, "--%s", o->name);
    if (o->value)
        ost_buf_addf(out, " %s", o->value);
}

static void add_option(ost_buf *out, const ost_option *o)
{
    ost_buf head = { 0 };
    ost_buf help = { 0 };

    ost_buf_adds(&head, "  ");
    option_head(&head, o);
    ost_buf_adds(&help, o->help);
    if (o->many)
        ost_buf_adds(&help, " (repeatable)");
    ost_buf_add(out, head.data, head.len);
    if (head.len >= HELP_COLUMN - 1)
        ost_buf_addf(out, "\n%*s", HELP_COLUMN, "");
    else
        ost_buf_addf(out, "%*s", (int)(HELP_COLUMN - head.len), "");
    add_wrapped(out, ost_buf_str(&help), HELP_COLUMN, HELP_COLUMN);
    ost_buf_release(&head);
    ost_buf_release(&help);
}

void ost_help_command(ost_buf *out, const ost_command *c)
{
    ost_buf_addf(out, "osteon %s - %s\n\nusage: osteon %s%s%s [OPTION]...\n",
                 c->name, c->summary, c->name, *c->arguments ? " " : "",
                 c->arguments);
    if (c->details) {
        ost_buf_addc(out, '\n');
        add_wrapped(out, c->details, 0, 0);
    }
    ost_buf_adds(out, "\noptions:\n");
    for (const ost_option *const *table = c->options; *table; table++)
        for (const ost_option *o = *table; o->name; o++)
            add_option(out, o);
}

void ost_help_all(ost_buf *out)
{
    ost_buf_adds(out,
                 "osteon runs medical-imaging workflows that are written down "
                 "as one JSON file.\n\nusage: osteon COMMAND [ARGUMENT]... "
                 "[OPTION]...\n\ncommands:\n");
    for (const ost_command *const *c = ost_commands; *c; c++)
        ost_buf_addf(out, "  %-12s%s\n", (*c)->name, (*c)->summary);
    ost_buf_adds(out, "\noptions:\n"
                      "  --version [--verbose]   version; libraries and "
                      "devices too\n"
                      "  --help                  this text\n\n"
                      "'osteon COMMAND --help' tells more of a command. Exit "
                      "status: 0 done, 1 a node\nfailed, 2 the command line "
                      "or the workflow is wrong, 3 a metric gate failed,\n4 "
                      "the store is damaged or unreachable, 130 "
                      "interrupted.\n");
}

/* Roff: a dash is a minus sign, a leading dot is text. */
static void add_roff(ost_buf *out, const char *s)
{
    if (*s == '.' || *s == '\'')
        ost_buf_adds(out, "\\&");
    for (; *s; s++) {
        if (*s == '-')
            ost_buf_adds(out, "\\-");
        else if (*s == '\\')
            ost_buf_adds(out, "\\e");
        else
            ost_buf_addc(out, *s);
    }
}

static void man_command(ost_buf *out, const ost_command *c)
{
    ost_buf head = { 0 };

    ost_buf_adds(out, ".SS ");
    ost_buf_addf(&head, "osteon %s %s", c->name, c->arguments);
    add_roff(out, ost_buf_str(&head));
    ost_buf_adds(out, "\n");
    add_roff(out, c->summary);
    ost_buf_adds(out, ".\n");
    if (c->details) {
        ost_buf_adds(out, ".PP\n");
        add_roff(out, c->details);
        ost_buf_addc(out, '\n');
    }
    for (const ost_option *const *table = c->options; *table; table++)
        for (const ost_option *o = *table; o->name; o++) {
            ost_buf_reset(&head);
            option_head(&head, o);
            ost_buf_adds(out, ".TP\n.B ");
            add_roff(out, ost_buf_str(&head));
            ost_buf_addc(out, '\n');
            add_roff(out, o->help);
            ost_buf_addc(out, '\n');
        }
    ost_buf_release(&head);
}

void ost_man_page(ost_buf *out)
{
    ost_buf_adds(out, ".TH OSTEON 1 \"\" \"osteon " OSTEON_VERSION
                      "\" \"User Commands\"\n.SH NAME\nosteon \\- run "
                      "medical\\-imaging workflows\n.SH SYNOPSIS\n.B osteon\n"
                      ".I COMMAND\n[\\fIARGUMENT\\fR]... [\\fIOPTION\\fR]..."
                      "\n.SH DESCRIPTION\nOne JSON file describes a study; "
                      "osteon runs it as a graph of cached,\n"
                      "content\\-addressed nodes.\n.SH COMMANDS\n");
    for (const ost_command *const *c = ost_commands; *c; c++)
        man_command(out, *c);
    ost_buf_adds(out, ".SH EXIT STATUS\n0 done, 1 a node failed, 2 the "
                      "command line or the workflow is wrong, 3 a metric\n"
                      "gate failed, 4 the store is damaged or unreachable, "
                      "130 interrupted.\n.SH ENVIRONMENT\n.TP\n.B "
                      "OSTEON_STORE\nThe default store.\n.TP\n.B OSTEON_LIB\n"
                      "The folder behind lib:NAME.\n.TP\n.B OSTEON_DEBUG\n"
                      "Log topics, as \\-\\-debug.\n");
}
