/* cli/commands.c - the table of commands, made from command_list.def */
#include "cli/options.h"

#include <string.h>

#include "base/banned.h"

#define COMMAND(name) extern const ost_command ost_cmd_##name;
#include "cli/command_list.def"
#undef COMMAND

const ost_command *const ost_commands[] = {
#define COMMAND(name) &ost_cmd_##name,
#include "cli/command_list.def"
#undef COMMAND
    NULL,
};

const ost_command *ost_command_find(const char *name)
{
    for (const ost_command *const *c = ost_commands; *c; c++)
        if (strcmp((*c)->name, name) == 0)
            return *c;
    return NULL;
}
