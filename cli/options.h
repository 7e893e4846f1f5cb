/* cli/options.h - commands and options as tables, and what was typed
 *
 * Parsing, --help, completion and the man page all come from these rows.
 *
 * How to add a command: cli/cmd_x.c with `const ost_command ost_cmd_x`, one
 * line COMMAND(x) in cli/command_list.def.
 */
#ifndef OST_CLI_OPTIONS_H
#define OST_CLI_OPTIONS_H

#include "base/buf.h"
#include "base/err.h"
#include "engine/workflow.h"

#include <stdbool.h>
#include <stddef.h>

/* One option.  `value` names its argument ("DIR"); NULL makes it a flag.
 * `words` are the allowed values, separated by '|', for checks and completion;
 * "@file" and "@folder" complete paths. */
typedef struct ost_option {
    const char *name; /* long name without dashes */
    char letter;      /* short name, or 0 */
    const char *value;
    const char *words;
    bool many; /* may be given several times */
    const char *help;
} ost_option;

#define OST_OPTIONS_END \
    {                   \
        .name = NULL    \
    }

/* Options that several commands share; each ends with OST_OPTIONS_END. */
extern const ost_option ost_options_common[];   /* --help, -d: every command */
extern const ost_option ost_options_store[];    /* --store */
extern const ost_option ost_options_bindings[]; /* --bind, --set, ... */

typedef struct ost_cli ost_cli;

typedef struct ost_command {
    const char *name;
    const char *summary;   /* one line, no full stop */
    const char *arguments; /* "WORKFLOW NODE", "[WORD]...", "" */
    int min_arguments;
    int max_arguments;   /* -1: any number */
    const char *details; /* paragraphs for --help and the man page */
    const ost_option *const *options; /* tables, ended by NULL */
    ost_rc (*run)(ost_cli *cli, ost_err *err);
} ost_command;

/* All commands, sorted, ended by NULL. */
extern const ost_command *const ost_commands[];
/* NULL when there is none. */
const ost_command *ost_command_find(const char *name);

/* What was typed behind the command's name; borrowed from argv. */
struct ost_cli {
    const ost_command *command;
    const char *const *arguments;
    size_t n_arguments;
    /* A result that is no failure of ours but decides the exit status (a
     * failed node, a gate): set it and return OST_OK. */
    int exit_status;
    void *impl;
};

/* The last value given, or NULL. */
const char *ost_cli_value(const ost_cli *cli, const char *option);
bool ost_cli_flag(const ost_cli *cli, const char *option);
/* All values in order; borrowed. */
const char *const *ost_cli_values(const ost_cli *cli, const char *option,
                                  size_t *n);
/* A value as an integer within min..max, or `dflt` when it was not given. */
ost_rc ost_cli_integer(const ost_cli *cli, const char *option, int64_t min,
                       int64_t max, int64_t dflt, int64_t *value, ost_err *err);

/* --bind, --set, --preset, --params, --profile, --seed as the engine wants
 * them.  Release with ost_cli_bindings_release(). */
ost_rc ost_cli_bindings(const ost_cli *cli, ost_bindings *b, ost_err *err);
void ost_cli_bindings_release(ost_bindings *b);

/* The folder of the store: --store, else $OSTEON_STORE, else `.osteon` beside
 * the workflow file (NULL: in the current folder).  Caller frees with
 * ost_free(). */
char *ost_cli_store_path(const ost_cli *cli, const char *workflow);

/* The folder of the shipped workflows: $OSTEON_LIB, else
 * <exe>/../share/osteon/workflows, else the source tree's that it was built
 * from.  Caller frees with ost_free(). */
char *ost_cli_lib_dir(void);

/* Loads the workflow with the bindings of the command line.  What is wrong
 * with it is printed to stderr, in full; `err` is then a one-line summary. */
ost_rc ost_cli_load(const ost_cli *cli, const char *path, ost_workflow **wf,
                    ost_err *err);

/* Texts made from the tables. */
void ost_help_all(ost_buf *out);
void ost_help_command(ost_buf *out, const ost_command *c);
void ost_man_page(ost_buf *out);
void ost_completion_bash(ost_buf *out);
void ost_completion_zsh(ost_buf *out);

#endif
