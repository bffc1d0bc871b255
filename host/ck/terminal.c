/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "host/ck/terminal.h"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { USUAL_ROWS = 24, USUAL_COLUMNS = 80 };

static struct termios before;
static bool is_raw;

struct terminal_size terminal_size(void)
{
    struct winsize size;
    if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col)
        return (struct terminal_size){ size.ws_row, size.ws_col };
    return (struct terminal_size){ USUAL_ROWS, USUAL_COLUMNS };
}

void terminal_make_raw(void)
{
    struct termios raw;
    if (tcgetattr(STDIN_FILENO, &before) < 0) return;
    raw = before;
    cfmakeraw(&raw);
    is_raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

void terminal_restore(void)
{
    if (is_raw) tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
    is_raw = false;
}
