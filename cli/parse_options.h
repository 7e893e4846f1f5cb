/* cli/parse_options.h - argv against the tables of a command */
#ifndef OST_CLI_PARSE_OPTIONS_H
#define OST_CLI_PARSE_OPTIONS_H

#include "cli/options.h"

/* Fills `cli` from the words behind the command's name.  *help is set when
 * --help or -h is among them (nothing else is checked then).  Release with
 * ost_cli_release(). */
ost_rc ost_cli_parse(ost_cli *cli, const ost_command *command, int argc,
                     char **argv, bool *help, ost_err *err);
void ost_cli_release(ost_cli *cli);

#endif
