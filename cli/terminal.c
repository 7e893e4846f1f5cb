/* cli/terminal.c - what the terminal can do */
#include "cli/terminal.h"

#include "base/text.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/banned.h"

enum { ANSWER = 128, WAIT_MS = 200 };

bool ost_terminal_is(void)
{
    return isatty(STDOUT_FILENO) != 0;
}

static ost_preview_colors colors_of(void)
{
    const char *depth = getenv("COLORTERM"), *term = getenv("TERM");
    const char *none = getenv("NO_COLOR");

    if (none && *none)
        return OST_COLORS_NONE;
    if (depth &&
        (strcmp(depth, "truecolor") == 0 || strcmp(depth, "24bit") == 0))
        return OST_COLORS_ALL;
    return term && strstr(term, "256color") ? OST_COLORS_256 : OST_COLORS_NONE;
}

static int64_t number_of(const char *name, int64_t dflt)
{
    const char *text = getenv(name);
    int64_t v;

    return text && ost_parse_i64(text, &v) && v > 0 && v < 10000 ? v : dflt;
}

ost_terminal ost_terminal_look(void)
{
    struct winsize w = { 0 };
    ost_terminal t = { .cell_width = 8,
                       .cell_height = 16,
                       .colors = colors_of() };

    (void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &w);
    t.columns = w.ws_col ? w.ws_col : number_of("COLUMNS", 80);
    t.lines = w.ws_row ? w.ws_row : number_of("LINES", 24);
    if (w.ws_col && w.ws_row && w.ws_xpixel && w.ws_ypixel) {
        t.cell_width = w.ws_xpixel / w.ws_col;
        t.cell_height = w.ws_ypixel / w.ws_row;
    }
    return t;
}

/* The answer to "\033[c": "\033[?62;4;22c", where 4 are sixels. */
static bool says_sixel(const char *answer)
{
    const char *p = strstr(answer, "\033[?");

    for (p = p ? p + 3 : ""; *p && *p != 'c';) {
        char *end;

        if (strtol(p, &end, 10) == 4 && end > p)
            return true;
        p = end + (*end == ';');
        if (end == p)
            break;
    }
    return false;
}

static void read_answer(int fd, char answer[ANSWER])
{
    struct pollfd look = { .fd = fd, .events = POLLIN };
    size_t n = 0;

    while (n + 1 < ANSWER && poll(&look, 1, WAIT_MS) > 0) {
        ssize_t got = read(fd, answer + n, 1);

        if (got <= 0)
            break;
        if (answer[n++] == 'c')
            break;
    }
    answer[n] = '\0';
}

bool ost_terminal_has_sixel(void)
{
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios before, raw;
    char answer[ANSWER] = "";

    if (fd < 0)
        return false;
    if (tcgetattr(fd, &before) == 0) {
        raw = before;
        raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        raw.c_cc[VMIN] = 0;
        raw.c_cc[VTIME] = 0;
        if (tcsetattr(fd, TCSAFLUSH, &raw) == 0) {
            if (write(fd, "\033[c", 3) == 3)
                read_answer(fd, answer);
            (void)tcsetattr(fd, TCSAFLUSH, &before);
        }
    }
    close(fd);
    return says_sixel(answer);
}
