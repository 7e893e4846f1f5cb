/* cli/terminal.h - what the terminal can do */
#ifndef OST_CLI_TERMINAL_H
#define OST_CLI_TERMINAL_H

#include "cli/preview.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct ost_terminal {
    int64_t columns;
    int64_t lines;
    int64_t cell_width; /* pixels of a letter */
    int64_t cell_height;
    ost_preview_colors colors;
} ost_terminal;

/* True when stdout is a terminal. */
bool ost_terminal_is(void);
/* Size by the terminal, else by COLUMNS and LINES, else 80 x 24; colors by
 * NO_COLOR, COLORTERM and TERM. */
ost_terminal ost_terminal_look(void);
/* Asks the terminal (device attributes) whether it draws sixels; false when it
 * does not answer within a fifth of a second. */
bool ost_terminal_has_sixel(void);

#endif
