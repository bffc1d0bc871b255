/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's log, as far as it is the same everywhere: what is refused. Whoever may read it differs in what there is;
 * tests/e2e/shell/log has the rest. */
#include "tests/conformance/as_user.h"

#include <fcntl.h>
#include <sys/klog.h>
#include <unistd.h>

enum { CLOSE, OPEN, READ, READ_ALL, READ_CLEAR, CLEAR, CONSOLE_OFF, CONSOLE_ON, CONSOLE_LEVEL, SIZE_UNREAD };

static void ask(const char *title, int action, char *buffer, int bytes)
{
    errno = 0;
    long result = syscall(SYS_syslog, action, buffer, bytes);
    printf("%s: %ld %s\n", title, result, error_name(errno));
}

static void as_nobody(void)
{
    char byte;
    become(65534, 65534);
    ask("close", CLOSE, NULL, 0);
    ask("open", OPEN, NULL, 0);
    ask("read", READ, &byte, 1);
    ask("read and clear", READ_CLEAR, &byte, 1);
    ask("clear", CLEAR, NULL, 0);
    ask("console off", CONSOLE_OFF, NULL, 0);
    ask("console on", CONSOLE_ON, NULL, 0);
    ask("console level", CONSOLE_LEVEL, NULL, 7);
    ask("what was not read", SIZE_UNREAD, NULL, 0);
    ask("nothing there is", 11, NULL, 0);
    ask("nothing there is", -1, NULL, 0);
}

int main(void)
{
    in_child("without rights", as_nobody);
    return 0;
}
