/* SPDX-License-Identifier: Apache-2.0 */
/* Our structs are those of Linux's headers. */
#define _GNU_SOURCE
#include "abi/linux/signal_frame.h"

#include "tests/harness/test.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <ucontext.h>

#define SAME(ours, our_field, theirs, their_field)                                     \
    do {                                                                               \
        EXPECT_EQ(offsetof(ours, our_field), offsetof(theirs, their_field));           \
        EXPECT_EQ(sizeof(((ours *)0)->our_field), sizeof(((theirs *)0)->their_field)); \
    } while (0)

TEST(the_registers_lie_where_handlers_look_for_them)
{
    EXPECT_EQ(sizeof(struct linux_sigcontext), sizeof(struct sigcontext));
#define REGISTER(field) SAME(struct linux_sigcontext, field, struct sigcontext, field)
    REGISTER(r8);
    REGISTER(r15);
    REGISTER(cs);
    REGISTER(fs);
    SAME(struct linux_sigcontext, ss, struct sigcontext, __pad0);
#undef REGISTER
    SAME(struct linux_sigcontext, rdi, struct sigcontext, rdi);
    SAME(struct linux_sigcontext, rip, struct sigcontext, rip);
    SAME(struct linux_sigcontext, rflags, struct sigcontext, eflags);
    SAME(struct linux_sigcontext, error, struct sigcontext, err);
    SAME(struct linux_sigcontext, trap, struct sigcontext, trapno);
    SAME(struct linux_sigcontext, old_mask, struct sigcontext, oldmask);
    SAME(struct linux_sigcontext, cr2, struct sigcontext, cr2);
    SAME(struct linux_sigcontext, fpu, struct sigcontext, fpstate);
    SAME(struct linux_ucontext, flags, ucontext_t, uc_flags);
    SAME(struct linux_ucontext, stack, ucontext_t, uc_stack);
    EXPECT_EQ(offsetof(struct linux_ucontext, registers), offsetof(ucontext_t, uc_mcontext));
    EXPECT_EQ(offsetof(struct linux_ucontext, mask), offsetof(ucontext_t, uc_sigmask));
    EXPECT_EQ(offsetof(struct linux_ucontext, registers) + offsetof(struct linux_sigcontext, rip),
              offsetof(ucontext_t, uc_mcontext.gregs) + REG_RIP * sizeof(greg_t));
}

TEST(what_a_handler_is_told_lies_where_it_looks)
{
    EXPECT_EQ(sizeof(struct linux_siginfo), sizeof(siginfo_t));
#define INFO(ours, theirs) SAME(struct linux_siginfo, head.ours, siginfo_t, theirs)
    INFO(number, si_signo);
    INFO(error, si_errno);
    INFO(code, si_code);
    INFO(sender.pid, si_pid);
    INFO(sender.uid, si_uid);
    INFO(sender.value, si_value);
    INFO(timer.timer, si_timerid);
    INFO(timer.overrun, si_overrun);
    INFO(timer.value, si_value);
    INFO(child.pid, si_pid);
    INFO(child.status, si_status);
    INFO(child.user_ticks, si_utime);
    INFO(child.system_ticks, si_stime);
    INFO(address, si_addr);
    INFO(io.band, si_band);
    INFO(io.fd, si_fd);
#undef INFO
    EXPECT_EQ(LINUX_SI_TKILL, SI_TKILL);
    EXPECT_EQ(LINUX_SI_KERNEL, SI_KERNEL);
    EXPECT_EQ(LINUX_SEGV_ACCERR, SEGV_ACCERR);
    EXPECT_EQ(LINUX_BUS_ADRERR, BUS_ADRERR);
    EXPECT_EQ(LINUX_FPE_FLTDIV, FPE_FLTDIV);
    EXPECT_EQ(LINUX_CLD_CONTINUED, CLD_CONTINUED);
    EXPECT_EQ(LINUX_SA_RESETHAND, (uint32_t)SA_RESETHAND);
}

TEST(what_is_read_from_a_signalfd_is_laid_out_as_on_linux)
{
    EXPECT_EQ(sizeof(struct linux_signalfd_siginfo), sizeof(struct signalfd_siginfo));
#define FIELD_OF(ours, theirs) SAME(struct linux_signalfd_siginfo, ours, struct signalfd_siginfo, theirs)
    FIELD_OF(number, ssi_signo);
    FIELD_OF(code, ssi_code);
    FIELD_OF(pid, ssi_pid);
    FIELD_OF(fd, ssi_fd);
    FIELD_OF(timer, ssi_tid);
    FIELD_OF(overrun, ssi_overrun);
    FIELD_OF(status, ssi_status);
    FIELD_OF(value, ssi_int);
    FIELD_OF(pointer, ssi_ptr);
    FIELD_OF(user_ticks, ssi_utime);
    FIELD_OF(address, ssi_addr);
#undef FIELD_OF
    EXPECT_EQ(LINUX_SFD_NONBLOCK, SFD_NONBLOCK);
    EXPECT_EQ(LINUX_SFD_CLOEXEC, SFD_CLOEXEC);
}

TEST(what_timer_create_is_told_lies_where_linux_reads_it)
{
    EXPECT_EQ(sizeof(struct linux_sigevent), sizeof(struct sigevent));
    SAME(struct linux_sigevent, value, struct sigevent, sigev_value);
    SAME(struct linux_sigevent, number, struct sigevent, sigev_signo);
    SAME(struct linux_sigevent, notify, struct sigevent, sigev_notify);
    SAME(struct linux_sigevent, thread, struct sigevent, _sigev_un._tid);
    EXPECT_EQ(LINUX_SIGEV_NONE, (uint32_t)SIGEV_NONE);
    EXPECT_EQ(LINUX_SIGEV_THREAD, (uint32_t)SIGEV_THREAD);
    EXPECT_EQ(LINUX_SIGEV_THREAD_ID, (uint32_t)SIGEV_THREAD_ID);
}
