/* cli/completion.c - shell completions, from the tables */
#include "cli/options.h"
#include "stages/stage.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

static void add_words(ost_buf *out, const char *words)
{
    for (; *words; words++)
        ost_buf_addc(out, *words == '|' ? ' ' : *words);
}

/* The words that the first argument of a command may be, each with a space
 * behind it; nothing when it is a file: "bash|zsh", or names of stages. */
static void add_argument_words(ost_buf *out, const ost_command *c)
{
    size_t n = strcspn(c->arguments, " ");

    if (strstr(c->arguments, "STAGE")) {
        for (const ost_stage *const *s = ost_stages; *s; s++)
            ost_buf_addf(out, "%s ", (*s)->name);
    } else if (islower((unsigned char)c->arguments[0])) {
        for (size_t i = 0; i < n; i++)
            ost_buf_addc(out, c->arguments[i] == '|' ? ' ' : c->arguments[i]);
        ost_buf_addc(out, ' ');
    }
}

/* What bash offers behind an option that takes a value. */
static void bash_value(ost_buf *out, const ost_option *o)
{
    if (!o->value)
        return;
    ost_buf_addf(out, "        --%s", o->name);
    if (o->letter)
        ost_buf_addf(out, "|-%c", o->letter);
    if (o->words && strcmp(o->words, "@folder") == 0) {
        ost_buf_adds(out, ") COMPREPLY=($(compgen -d -- \"$cur\")); "
                          "return ;;\n");
    } else if (o->words && o->words[0] != '@') {
        ost_buf_adds(out, ") COMPREPLY=($(compgen -W \"");
        add_words(out, o->words);
        ost_buf_adds(out, "\" -- \"$cur\")); return ;;\n");
    } else {
        ost_buf_adds(out, ") COMPREPLY=($(compgen -f -- \"$cur\")); "
                          "return ;;\n");
    }
}

static void bash_command(ost_buf *out, const ost_command *c)
{
    ost_buf_addf(out, "    %s)\n        case $prev in\n", c->name);
    for (const ost_option *const *table = c->options; *table; table++)
        for (const ost_option *o = *table; o->name; o++)
            bash_value(out, o);
    ost_buf_adds(out, "        esac\n        words='");
    for (const ost_option *const *table = c->options; *table; table++)
        for (const ost_option *o = *table; o->name; o++)
            ost_buf_addf(out, "--%s ", o->name);
    ost_buf_adds(out, "'\n        arguments='");
    add_argument_words(out, c);
    ost_buf_adds(out, "' ;;\n");
}

void ost_completion_bash(ost_buf *out)
{
    ost_buf_adds(out, "# bash completion of osteon: "
                      "source <(osteon completion bash)\n"
                      "_osteon()\n{\n"
                      "    local cur=${COMP_WORDS[COMP_CWORD]}\n"
                      "    local prev=${COMP_WORDS[COMP_CWORD-1]}\n"
                      "    local words='' arguments=''\n"
                      "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
                      "        COMPREPLY=($(compgen -W '");
    for (const ost_command *const *c = ost_commands; *c; c++)
        ost_buf_addf(out, "%s ", (*c)->name);
    ost_buf_adds(out, "--help --version' -- \"$cur\"))\n        return\n"
                      "    fi\n    case ${COMP_WORDS[1]} in\n");
    for (const ost_command *const *c = ost_commands; *c; c++)
        bash_command(out, *c);
    ost_buf_adds(out, "    esac\n"
                      "    case $cur in\n"
                      "    -*) COMPREPLY=($(compgen -W \"$words\" -- "
                      "\"$cur\")) ;;\n"
                      "    *) if [ -n \"$arguments\" ]; then\n"
                      "            COMPREPLY=($(compgen -W \"$arguments\" -- "
                      "\"$cur\"))\n"
                      "        else\n"
                      "            COMPREPLY=($(compgen -f -- \"$cur\"))\n"
                      "        fi ;;\n"
                      "    esac\n}\n"
                      "complete -o filenames -F _osteon osteon\n");
}

/* zsh: quotes, brackets and colons of a help text are escaped. */
static void zsh_text(ost_buf *out, const char *s)
{
    for (; *s; s++) {
        if (*s == '\'')
            ost_buf_adds(out, "'\\''");
        else if (strchr("[]:\\", *s))
            ost_buf_addf(out, "\\%c", *s);
        else
            ost_buf_addc(out, *s);
    }
}

static void zsh_option(ost_buf *out, const ost_option *o)
{
    ost_buf_addf(out, "            '%s--%s[", o->many ? "*" : "", o->name);
    zsh_text(out, o->help);
    ost_buf_addc(out, ']');
    if (o->value) {
        ost_buf_addc(out, ':');
        zsh_text(out, o->value);
        if (o->words && strcmp(o->words, "@folder") == 0) {
            ost_buf_adds(out, ":_files -/");
        } else if (o->words && o->words[0] != '@') {
            ost_buf_adds(out, ":(");
            add_words(out, o->words);
            ost_buf_addc(out, ')');
        } else {
            ost_buf_adds(out, ":_files");
        }
    }
    ost_buf_adds(out, "' \\\n");
}

static void zsh_arguments(ost_buf *out, const ost_command *c)
{
    ost_buf words = { 0 };

    add_argument_words(&words, c);
    if (words.len)
        ost_buf_addf(out, "            '*:argument:(%s)' ;;\n",
                     ost_buf_str(&words));
    else
        ost_buf_adds(out, "            '*:file:_files' ;;\n");
    ost_buf_release(&words);
}

void ost_completion_zsh(ost_buf *out)
{
    ost_buf_adds(out, "#compdef osteon\n# zsh completion of osteon: "
                      "source <(osteon completion zsh)\n"
                      "_osteon()\n{\n"
                      "    local -a commands\n    commands=(\n");
    for (const ost_command *const *c = ost_commands; *c; c++) {
        ost_buf_addf(out, "        '%s:", (*c)->name);
        zsh_text(out, (*c)->summary);
        ost_buf_adds(out, "'\n");
    }
    ost_buf_adds(out, "    )\n    if (( CURRENT == 2 )); then\n"
                      "        _describe command commands\n        return\n"
                      "    fi\n    case ${words[2]} in\n");
    for (const ost_command *const *c = ost_commands; *c; c++) {
        ost_buf_addf(out, "    %s)\n        _arguments \\\n", (*c)->name);
        for (const ost_option *const *table = (*c)->options; *table; table++)
            for (const ost_option *o = *table; o->name; o++)
                zsh_option(out, o);
        zsh_arguments(out, *c);
    }
    ost_buf_adds(out, "    esac\n}\ncompdef _osteon osteon\n");
}
