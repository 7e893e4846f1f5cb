/* cli/parse_options.c - argv against the tables of a command
 *
 * --name value, --name=value, -n value, flags; "--" ends the options.  Options
 * and arguments may come in any order.
 */
#include "cli/parse_options.h"

#include "base/arena.h"
#include "base/log.h"
#include "base/text.h"
#include "base/vec.h"

#include <string.h>

#include "base/banned.h"

typedef struct given {
    const ost_option *option;
    const char *value; /* NULL for a flag */
} given;

typedef struct typed {
    OST_VEC(given) options;
    OST_VEC(const char *) arguments;
    ost_arena arena; /* what ost_cli_values() gave */
} typed;

static const ost_option *find_option(const ost_command *c, const char *name,
                                     size_t n, char letter)
{
    for (const ost_option *const *table = c->options; *table; table++)
        for (const ost_option *o = *table; o->name; o++)
            if (letter ? o->letter == letter
                       : strlen(o->name) == n && memcmp(o->name, name, n) == 0)
                return o;
    return NULL;
}

static ost_rc unknown_option(const ost_command *c, const char *word,
                             ost_err *err)
{
    OST_VEC(const char *) names = { 0 };
    char name[64];
    const char *near;
    size_t n = strcspn(word, "=");

    for (const ost_option *const *table = c->options; *table; table++)
        for (const ost_option *o = *table; o->name; o++)
            ost_vec_push(&names, o->name);
    if (n >= sizeof(name))
        n = sizeof(name) - 1;
    memcpy(name, word, n);
    name[n] = '\0';
    near = ost_nearest(name + strspn(name, "-"), names.data, names.len);
    ost_vec_release(&names);
    if (near)
        return ost_fail(err, OST_EUSAGE,
                        "unknown option '%s' (did you mean '--%s'?)", name,
                        near);
    return ost_fail(err, OST_EUSAGE,
                    "unknown option '%s' (see 'osteon %s --help')", name,
                    c->name);
}

static bool is_word(const char *words, const char *value)
{
    size_t n = strlen(value);

    for (const char *w = words; w;) {
        const char *bar = strchr(w, '|');
        size_t len = bar ? (size_t)(bar - w) : strlen(w);

        if (len == n && memcmp(w, value, n) == 0)
            return true;
        w = bar ? bar + 1 : NULL;
    }
    return false;
}

static ost_rc no_such_word(const ost_option *o, const char *value, ost_err *err)
{
    char *words = ost_xstrdup(o->words);
    OST_VEC(const char *) names = { 0 };
    const char *near;
    char *rest = NULL;

    for (char *w = strtok_r(words, "|", &rest); w;
         w = strtok_r(NULL, "|", &rest))
        ost_vec_push(&names, w);
    near = ost_nearest(value, names.data, names.len);
    ost_fail(err, OST_EUSAGE, "option '--%s': '%s' is not one of %s%s%s%s",
             o->name, value, o->words, near ? " (did you mean '" : "",
             near ? near : "", near ? "'?)" : "");
    ost_vec_release(&names);
    ost_free(words);
    return OST_EUSAGE;
}

static ost_rc take_option(typed *t, const ost_option *o, const char *value,
                          ost_err *err)
{
    given g = { o, value };

    for (size_t i = 0; i < t->options.len && !o->many; i++)
        if (t->options.data[i].option == o && o->value)
            return ost_fail(err, OST_EUSAGE, "option '--%s' is given twice",
                            o->name);
    if (o->words && o->words[0] != '@' && !is_word(o->words, value))
        return no_such_word(o, value, err);
    ost_vec_push(&t->options, g);
    return OST_OK;
}

/* Works on argv[*i], which begins with a dash; may take the next word too. */
static ost_rc parse_option(typed *t, const ost_command *c, int argc,
                           char **argv, int *i, ost_err *err)
{
    const char *word = argv[*i];
    bool is_long = word[1] == '-';
    const char *equals = is_long ? strchr(word, '=') : NULL;
    const char *value = equals ? equals + 1 : NULL;
    size_t n = equals ? (size_t)(equals - word) : strlen(word);
    const ost_option *o;

    if (is_long)
        o = find_option(c, word + 2, n - 2, 0);
    else
        o = find_option(c, NULL, 0, word[1]);
    if (!o)
        return unknown_option(c, word, err);
    if (!is_long && word[2])
        value = word + 2;
    if (!o->value && value)
        return ost_fail(err, OST_EUSAGE, "option '--%s' takes no value",
                        o->name);
    if (o->value && !value) {
        if (*i + 1 >= argc)
            return ost_fail(err, OST_EUSAGE, "option '--%s' needs a value (%s)",
                            o->name, o->value);
        value = argv[++*i];
    }
    return take_option(t, o, value, err);
}

static ost_rc check_arguments(const ost_cli *cli, ost_err *err)
{
    const ost_command *c = cli->command;
    int n = (int)cli->n_arguments;

    if (n < c->min_arguments)
        return ost_fail(err, OST_EUSAGE,
                        "'osteon %s' needs more arguments: osteon %s %s",
                        c->name, c->name, c->arguments);
    if (c->max_arguments >= 0 && n > c->max_arguments)
        return ost_fail(err, OST_EUSAGE,
                        "'osteon %s': argument '%s' is one too many: "
                        "osteon %s %s",
                        c->name, cli->arguments[c->max_arguments], c->name,
                        c->arguments);
    return OST_OK;
}

ost_rc ost_cli_parse(ost_cli *cli, const ost_command *command, int argc,
                     char **argv, bool *help, ost_err *err)
{
    typed *t = ost_xalloc(sizeof(*t));
    bool ended = false;
    ost_rc rc = OST_OK;

    *cli = (ost_cli){ .command = command, .impl = t };
    *help = false;
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], "--") == 0)
            break;
        else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            *help = true;
    if (*help)
        return OST_OK;
    for (int i = 0; i < argc && !rc; i++) {
        if (!ended && strcmp(argv[i], "--") == 0)
            ended = true;
        else if (!ended && argv[i][0] == '-' && argv[i][1])
            rc = parse_option(t, command, argc, argv, &i, err);
        else
            ost_vec_push(&t->arguments, argv[i]);
    }
    cli->arguments = t->arguments.data;
    cli->n_arguments = t->arguments.len;
    if (!rc)
        rc = check_arguments(cli, err);
    if (!rc && ost_cli_value(cli, "debug"))
        rc = ost_log_enable(ost_cli_value(cli, "debug"), err);
    return rc;
}

void ost_cli_release(ost_cli *cli)
{
    typed *t = cli->impl;

    if (!t)
        return;
    ost_vec_release(&t->options);
    ost_vec_release(&t->arguments);
    ost_arena_release(&t->arena);
    ost_free(t);
    cli->impl = NULL;
}

const char *const *ost_cli_values(const ost_cli *cli, const char *option,
                                  size_t *n)
{
    typed *t = cli->impl;
    const char **values =
        OST_ARENA_ARRAY(&t->arena, const char *, t->options.len + 1);

    *n = 0;
    for (size_t i = 0; i < t->options.len; i++)
        if (strcmp(t->options.data[i].option->name, option) == 0)
            values[(*n)++] = t->options.data[i].value;
    return values;
}

const char *ost_cli_value(const ost_cli *cli, const char *option)
{
    const typed *t = cli->impl;

    for (size_t i = t->options.len; i-- > 0;)
        if (strcmp(t->options.data[i].option->name, option) == 0)
            return t->options.data[i].value;
    return NULL;
}

bool ost_cli_flag(const ost_cli *cli, const char *option)
{
    const typed *t = cli->impl;

    for (size_t i = 0; i < t->options.len; i++)
        if (strcmp(t->options.data[i].option->name, option) == 0)
            return true;
    return false;
}

ost_rc ost_cli_integer(const ost_cli *cli, const char *option, int64_t min,
                       int64_t max, int64_t dflt, int64_t *value, ost_err *err)
{
    const char *text = ost_cli_value(cli, option);

    *value = dflt;
    if (!text)
        return OST_OK;
    if (!ost_parse_i64(text, value) || *value < min || *value > max)
        return ost_fail(err, OST_EUSAGE,
                        "option '--%s': '%s' is no integer from %lld to %lld",
                        option, text, (long long)min, (long long)max);
    return OST_OK;
}
