/* SPDX-License-Identifier: Apache-2.0 */
/* Terminal and generic file requests. [linux uapi asm-generic/ioctls.h, asm-generic/termbits.h] */
#pragma once
#include "lib/base.h"

enum {
    LINUX_TCGETS = 0x5401,
    LINUX_TCSETS = 0x5402,
    LINUX_TCSETSW = 0x5403,
    LINUX_TCSETSF = 0x5404,
    LINUX_TCSBRK = 0x5409,
    LINUX_TCXONC = 0x540a,
    LINUX_TCFLSH = 0x540b,
    LINUX_TIOCEXCL = 0x540c,
    LINUX_TIOCNXCL = 0x540d,
    LINUX_TIOCSCTTY = 0x540e,
    LINUX_TIOCGPGRP = 0x540f,
    LINUX_TIOCSPGRP = 0x5410,
    LINUX_TIOCOUTQ = 0x5411,
    LINUX_TIOCSTI = 0x5412,
    LINUX_TIOCGWINSZ = 0x5413,
    LINUX_TIOCSWINSZ = 0x5414,
    LINUX_FIONREAD = 0x541b, /* TIOCINQ, too */
    LINUX_TIOCPKT = 0x5420,
    LINUX_FIONBIO = 0x5421,
    LINUX_TIOCNOTTY = 0x5422,
    LINUX_TCSBRKP = 0x5425,
    LINUX_TIOCGSID = 0x5429,
    LINUX_FIONCLEX = 0x5450,
    LINUX_FIOCLEX = 0x5451,
    LINUX_FIOASYNC = 0x5452,
    LINUX_FIOQSIZE = 0x5460,
};
#define LINUX_TIOCGPTN    0x80045430u
#define LINUX_TIOCSPTLCK  0x40045431u
#define LINUX_TIOCGPKT    0x80045438u
#define LINUX_TIOCGPTLCK  0x80045439u
#define LINUX_TIOCGPTPEER 0x5441u

enum { LINUX_TERMIOS_CC = 19 };

/* What TCGETS and TCSETS move: the kernel's form, not the C library's larger one. */
struct linux_termios {
    uint32_t c_iflag, c_oflag, c_cflag, c_lflag;
    uint8_t c_line;
    uint8_t c_cc[LINUX_TERMIOS_CC];
};
_Static_assert(sizeof(struct linux_termios) == 36, "fixed by the ABI");

struct linux_winsize {
    uint16_t ws_row, ws_col, ws_xpixel, ws_ypixel;
};
_Static_assert(sizeof(struct linux_winsize) == 8, "fixed by the ABI");

enum { /* places in c_cc */
       LINUX_VINTR,
       LINUX_VQUIT,
       LINUX_VERASE,
       LINUX_VKILL,
       LINUX_VEOF,
       LINUX_VTIME,
       LINUX_VMIN,
       LINUX_VSWTC,
       LINUX_VSTART,
       LINUX_VSTOP,
       LINUX_VSUSP,
       LINUX_VEOL,
       LINUX_VREPRINT,
       LINUX_VDISCARD,
       LINUX_VWERASE,
       LINUX_VLNEXT,
       LINUX_VEOL2,
};
enum { /* c_iflag */
       LINUX_ISTRIP = 0x20,
       LINUX_INLCR = 0x40,
       LINUX_IGNCR = 0x80,
       LINUX_ICRNL = 0x100,
       LINUX_IUCLC = 0x200,
       LINUX_IXON = 0x400,
       LINUX_IXANY = 0x800,
       LINUX_IUTF8 = 0x4000,
};
enum { /* c_oflag */
       LINUX_OPOST = 0x1,
       LINUX_OLCUC = 0x2,
       LINUX_ONLCR = 0x4,
       LINUX_OCRNL = 0x8,
       LINUX_ONOCR = 0x10,
       LINUX_ONLRET = 0x20,
       LINUX_TABDLY = 0x1800,
       LINUX_XTABS = 0x1800,
};
enum { /* c_cflag */
       LINUX_B38400 = 0xf,
       LINUX_CS8 = 0x30,
       LINUX_CSIZE = 0x30,
       LINUX_CREAD = 0x80,
       LINUX_PARENB = 0x100,
       LINUX_HUPCL = 0x400,
};
enum { /* c_lflag */
       LINUX_ISIG = 0x1,
       LINUX_ICANON = 0x2,
       LINUX_ECHO = 0x8,
       LINUX_ECHOE = 0x10,
       LINUX_ECHOK = 0x20,
       LINUX_ECHONL = 0x40,
       LINUX_NOFLSH = 0x80,
       LINUX_TOSTOP = 0x100,
       LINUX_ECHOCTL = 0x200,
       LINUX_ECHOKE = 0x800,
       LINUX_IEXTEN = 0x8000,
};
