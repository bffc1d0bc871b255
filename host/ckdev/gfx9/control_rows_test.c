/* SPDX-License-Identifier: Apache-2.0 */
/* SOPP rows on a lone wave: branches, ends, waits, messages and traps. [vega-isa 12.6] */
#include "tests/gfx9/lone_wave.h"
#include "tests/gfx9/rows.h"

enum { ROUNDS = 64 };

static unsigned interrupts;
static uint32_t interrupt_m0;
static void interrupt(void *context UNUSED, uint32_t m0)
{
    interrupts++;
    interrupt_m0 = m0;
}

/* What a name asks for, given the constant: of these, at most one. */
struct control {
    const char *name;
    bool (*branches)(void);
    unsigned state; /* that the wave is in afterwards; 0: still ready */
    void (*otherwise)(uint32_t constant);
};

static bool always(void) { return true; }
static bool scc_is_0(void) { return !lone.wave->scc; }
static bool scc_is_1(void) { return lone.wave->scc; }
static bool vcc_is_zero(void) { return !(lone.wave->sgpr[106] | lone.wave->sgpr[107]); }
static bool vcc_is_not_zero(void) { return !vcc_is_zero(); }
static bool exec_is_zero(void) { return !(lone.wave->sgpr[126] | lone.wave->sgpr[127]); }
static bool exec_is_not_zero(void) { return !exec_is_zero(); }
static bool never(void) { return false; } /* there is no debugger */

static void nothing(uint32_t constant UNUSED) {}
static void message(uint32_t constant)
{
    if (constant % 16 == 1) return; /* MSG_INTERRUPT; the caller is told, see below */
    lone.error = GFX9_ERROR_INSTRUCTION;
}
static void trap(uint32_t constant)
{
    if (constant % 256 != 3) lone.error = GFX9_ERROR_TRAP; /* 3: for a debugger */
}
static void index_off(uint32_t constant UNUSED) { lone.model->gpr_index_on = false; }
static void index_mode(uint32_t constant)
{
    lone.model->sgpr[124] = (lone.model->sgpr[124] & 0xffff0fff) | constant % 16 << 12;
}

static const struct control controls[] = {
    { "s_branch", always, 0, NULL },
    { "s_cbranch_scc0", scc_is_0, 0, NULL },
    { "s_cbranch_scc1", scc_is_1, 0, NULL },
    { "s_cbranch_vccz", vcc_is_zero, 0, NULL },
    { "s_cbranch_vccnz", vcc_is_not_zero, 0, NULL },
    { "s_cbranch_execz", exec_is_zero, 0, NULL },
    { "s_cbranch_execnz", exec_is_not_zero, 0, NULL },
    { "s_cbranch_cdbgsys", never, 0, NULL },
    { "s_cbranch_cdbguser", never, 0, NULL },
    { "s_cbranch_cdbgsys_or_user", never, 0, NULL },
    { "s_cbranch_cdbgsys_and_user", never, 0, NULL },
    { "s_endpgm", NULL, WAVE_ENDED, NULL },
    { "s_endpgm_saved", NULL, WAVE_ENDED, NULL },
    { "s_barrier", NULL, WAVE_AT_BARRIER, NULL },
    { "s_sleep", NULL, WAVE_SLEEPING, NULL },
    { "s_sendmsg", NULL, 0, message },
    { "s_trap", NULL, 0, trap },
    { "s_set_gpr_idx_off", NULL, 0, index_off },
    { "s_set_gpr_idx_mode", NULL, 0, index_mode },
    { "s_nop", NULL, 0, nothing },
    { "s_wakeup", NULL, 0, nothing },
    { "s_waitcnt", NULL, 0, nothing },
    { "s_setprio", NULL, 0, nothing },
    { "s_icache_inv", NULL, 0, nothing },
    { "s_incperflevel", NULL, 0, nothing },
    { "s_decperflevel", NULL, 0, nothing },
    { "s_ttracedata", NULL, 0, nothing },
};

static const struct control *control_of(const struct instruction *i)
{
    for (unsigned k = 0; i->encoding == SOPP && k < ARRAY_LENGTH(controls); k++)
        if (strcmp(i->name, controls[k].name) == 0) return &controls[k];
    return NULL;
}
static bool is_control(const struct instruction *i) { return control_of(i) != NULL; }

static void check_control(const struct instruction *i)
{
    const struct control *c = control_of(i);
    bool is_message = strcmp(i->name, "s_sendmsg") == 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint32_t constant = i->a == T_NO ? 0 : lone_one_in(2) ? lone_below(4) : lone_random() & 0xffff;
        lone_begin();
        lone.group->dispatch->launch.interrupt = lone_one_in(4) ? NULL : interrupt;
        interrupts = 0;
        bool told = is_message && constant % 16 == 1 && lone.group->dispatch->launch.interrupt;
        if (lone_one_in(2)) lone_set_sgpr(106, 0), lone_set_sgpr(107, lone_one_in(2));
        lone.wave->gpr_index_on = lone.model->gpr_index_on = lone_random() & 1;
        if (c->branches && c->branches()) lone.model->pc += (uint64_t)(int64_t)(int16_t)constant * 4;
        lone.model->state = (uint8_t)c->state;
        if (c->otherwise) c->otherwise(constant);
        lone_run((uint32_t[]){ 0xbf800000 | (uint32_t)i->opcode << 16 | constant, 0 });
        EXPECT_EQ(interrupts, told);
        if (told) EXPECT_EQ(interrupt_m0, lone.model->sgpr[124]);
        if (lone.error == GFX9_ERROR_TRAP) EXPECT_EQ(lone.group->error.trap, constant % 256);
        lone_check(i->name);
    }
}

ROW_MODEL(a_wave_branches_waits_ends_and_speaks_as_it_is_told, is_control, check_control)
