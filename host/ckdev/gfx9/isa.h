/* SPDX-License-Identifier: Apache-2.0 */
/* The instruction table and one decoded instruction. [vega-isa 13] */
#pragma once
#include "host/ckdev/gfx9/gfx9.h"

enum encoding {
    SOP1,
    SOP2,
    SOPK,
    SOPC,
    SOPP,
    SMEM,
    VOP1,
    VOP2,
    VOPC,
    VOP3,
    VOP3P,
    DS,
    FLAT,
    MUBUF,
    MTBUF,
    ENCODINGS,
};

/* Operand types. U, I, F: unsigned, signed, float of so many bits; X: bits that float modifiers apply to;
 * B: dwords that are only moved. */
enum type {
    T_NO,
    T_U8,
    T_I8,
    T_U16,
    T_I16,
    T_F16,
    T_X16,
    T_U32,
    T_I32,
    T_F32,
    T_X32,
    T_B32,
    T_U64,
    T_I64,
    T_F64,
    T_X64,
    T_B64,
    T_B96,
    T_B128,
    T_B256,
    T_B512,
};

enum {
    /* where it differs from its encoding's common form */
    F_NO_SDWA = 1 << 0, /* and no DPP */
    F_NO_VOP3 = 1 << 1,
    F_SCALAR_DEST = 1 << 2,  /* a vector instruction that writes an SGPR */
    F_VGPR_SOURCE = 1 << 3,  /* the first source is a VGPR */
    F_LITERAL_B = 1 << 4,    /* a literal constant is the second operand, */
    F_LITERAL_C = 1 << 5,    /* or the third */
    F_ACCUMULATES = 1 << 6,  /* the third operand is the destination */
    F_READS_OLD = 1 << 7,    /* OLD is meant by a vector instruction */
    F_READS_MASK = 1 << 8,   /* VCC, in VOP3 an SGPR pair: CARRY */
    F_READS_VCC = 1 << 9,    /* VCC in every form: CARRY */
    F_WRITES_MASK = 1 << 10, /* VCC, in VOP3 an SGPR pair: OUT */
    F_WRITES_EXEC = 1 << 11,
    F_INT_CLAMP = 1 << 12, /* the clamp bit saturates an integer */
    F_OP_SEL = 1 << 13,    /* VOP3 chooses halves; the other half of the result is kept */
    F_MIX = 1 << 14,       /* each source is a float or a chosen half */
    F_MIX_HIGH = 1 << 15,
    /* which floating-point modes count, when not those of its types */
    F_FLUSH = 1 << 16,   /* single precision, denormals are always zero */
    F_HOST_FP = 1 << 17, /* nearest, with denormals */
    F_FP32 = 1 << 18,
    /* scalar */
    F_RELATIVE_SOURCE = 1 << 19, /* register number plus M0 */
    F_RELATIVE_DEST = 1 << 20,
    F_NO_WRITE = 1 << 21, /* the destination field is a source */
    F_LITERAL = 1 << 22,  /* a literal follows */
    F_BRANCH = 1 << 23,   /* how the constant is printed */
    F_HWREG = 1 << 24,
    F_GPR_IDX = 1 << 25,
    F_WAITCNT = 1 << 26,
    F_SENDMSG = 1 << 27,
    F_OPTIONAL_IMM = 1 << 28,
    /* memory: bits are used again, these encodings share none of the above */
    F_TWO = 1 << 0,      /* two addresses */
    F_STRIDE64 = 1 << 1, /* their offsets count 64 elements */
    F_D16 = 1 << 2,      /* loads half a register and keeps the other */
    F_D16_HIGH = 1 << 3, /* the upper half */
    F_NO_ADDRESS = 1 << 4,
    F_ADD_LANE = 1 << 5, /* the address is M0 and four times the lane */
    F_CROSS = 1 << 6,    /* between lanes */
    F_ATOMIC = 1 << 7,   /* GLC: returns the old value */
    F_SCRATCH = 1 << 8,
    F_BUFFER = 1 << 9, /* the base is a buffer resource */
    F_PROBE = 1 << 10,
    F_GWS = 1 << 11,
    F_NO_OPERANDS = 1 << 12,
};

enum action {
    ACTION_COMPUTE,
    ACTION_REFUSED,
    ACTION_NOTHING,
    ACTION_LOAD,
    ACTION_STORE,
    ACTION_CLOCK,
    ACTION_REALTIME,
    ACTION_READ_FIRST_LANE,
    ACTION_READ_LANE,
    ACTION_WRITE_LANE,
    ACTION_SWAP,
    ACTION_MASKED_SADS,
    ACTION_SWIZZLE,
    ACTION_PERMUTE,
    ACTION_BPERMUTE,
    ACTION_CONSUME,
    ACTION_APPEND,
    ACTION_ATOMIC_SWAP, /* first of the atomics */
    ACTION_ATOMIC_CMPSWAP,
    ACTION_ATOMIC_CMPST,
    ACTION_ATOMIC_CMPST_F,
    ACTION_ATOMIC_ADD,
    ACTION_ATOMIC_SUB,
    ACTION_ATOMIC_RSUB,
    ACTION_ATOMIC_SMIN,
    ACTION_ATOMIC_UMIN,
    ACTION_ATOMIC_SMAX,
    ACTION_ATOMIC_UMAX,
    ACTION_ATOMIC_AND,
    ACTION_ATOMIC_OR,
    ACTION_ATOMIC_XOR,
    ACTION_ATOMIC_MSKOR,
    ACTION_ATOMIC_INC,
    ACTION_ATOMIC_DEC,
    ACTION_ATOMIC_WRAP,
    ACTION_ATOMIC_CONDXCHG32,
    ACTION_ATOMIC_FMIN,
    ACTION_ATOMIC_FMAX,
    ACTION_ATOMIC_FADD,
};

struct wave;
struct op;
struct lane_env;

typedef void run_fn(struct wave *wave, const struct op *op);
typedef void lanes_fn(uint32_t *restrict d, const uint32_t *a, const uint32_t *b, const uint32_t *c,
                      struct lane_env *env);

struct instruction {
    uint8_t encoding;   /* enum encoding */
    uint8_t d, a, b, c; /* enum type */
    uint8_t action;     /* enum action */
    uint16_t opcode;
    uint32_t flags;
    const char *name;
    const char *meaning; /* as the table has it */
};

extern const struct instruction gfx9_instructions[];
extern const unsigned gfx9_instruction_count;
/* NULL: there is none. */
const struct instruction *gfx9_instruction_find(enum encoding encoding, unsigned opcode);
static inline unsigned instruction_index(const struct instruction *i)
{
    return (unsigned)(i - gfx9_instructions);
}
/* By row: what runs a scalar instruction; NULL: something else does. */
extern run_fn *const gfx9_scalar_functions[];

enum form { FORM_PLAIN, FORM_VOP3, FORM_SDWA, FORM_DPP };

enum { /* source operands, as encoded [vega-isa 6.2, table 5.1] */
       SRC_FLAT_SCRATCH = 102,
       SRC_XNACK_MASK = 104,
       SRC_VCC = 106,
       SRC_M0 = 124,
       SRC_EXEC = 126,
       SRC_SHARED_BASE = 235,
       SRC_SHARED_LIMIT = 236,
       SRC_PRIVATE_BASE = 237,
       SRC_PRIVATE_LIMIT = 238,
       SRC_POPS_WAVE_ID = 239,
       SRC_SDWA = 249,
       SRC_DPP = 250,
       SRC_VCCZ = 251,
       SRC_EXECZ = 252,
       SRC_SCC = 253,
       SRC_LDS_DIRECT = 254,
       SRC_CONSTANT = 255, /* decoded: inline or literal, in value[] */
       SRC_VGPR = 256,
       SRC_NONE = 512,
};

/* One decoded instruction. */
struct op {
    run_fn *run; /* NULL: not decoded */
    lanes_fn *lanes;
    const struct instruction *instruction;
    uint16_t source[3]; /* SRC_* */
    uint16_t code[3];   /* as encoded, for printing */
    uint64_t value[3];  /* of a constant */
    uint8_t dest;       /* register */
    uint8_t mask_dest;  /* SGPR pair of OUT */
    uint8_t mask_source;
    uint8_t bytes;
    uint8_t form; /* enum form */
    uint8_t fp;   /* enum fp_class */
    uint32_t literal;
    int32_t imm;                                     /* constant or offset */
    uint8_t neg, abs, op_sel, op_sel_high, neg_high; /* a bit per source */
    uint8_t omod;
    bool clamp, has_literal, has_sdst;
    struct {
        uint8_t dest_select, dest_unused, select[2], sext;
    } sdwa;
    struct {
        uint16_t control;
        uint8_t row_mask, bank_mask;
        bool bound_zero;
    } dpp;
    struct {
        uint8_t address, data, data2;  /* VGPRs */
        uint8_t resource, offset_sgpr; /* SGPRs; SGPR_NONE: none */
        uint8_t segment;
        uint8_t format;
        bool glc, slc, lds, tfe, nv, gds, offen, idxen, has_imm;
    } mem;
};

enum { SGPR_NONE = 0xff };
enum { SEGMENT_FLAT, SEGMENT_SCRATCH, SEGMENT_GLOBAL };

/* Decode the instruction that starts at words[0]; `count` words may be read. False: illegal, or words are
 * missing; op->bytes then says how much was looked at. op->run and op->lanes are set by the engine. */
bool gfx9_decode(const uint32_t *words, unsigned count, struct op *op);

/* Dwords of a type in registers. */
static inline unsigned type_dwords(unsigned type)
{
    static const uint8_t dwords[] = {
        [T_NO] = 0,  [T_U8] = 1,  [T_I8] = 1,  [T_U16] = 1, [T_I16] = 1,  [T_F16] = 1,  [T_X16] = 1,
        [T_U32] = 1, [T_I32] = 1, [T_F32] = 1, [T_X32] = 1, [T_B32] = 1,  [T_U64] = 2,  [T_I64] = 2,
        [T_F64] = 2, [T_X64] = 2, [T_B64] = 2, [T_B96] = 3, [T_B128] = 4, [T_B256] = 8, [T_B512] = 16
    };
    return dwords[type];
}
static inline bool type_is_float(unsigned t) { return t == T_F16 || t == T_F32 || t == T_F64; }
static inline bool type_has_float_modifiers(unsigned t)
{
    return type_is_float(t) || t == T_X16 || t == T_X32 || t == T_X64;
}
static inline bool type_is_half(unsigned t) { return t >= T_U16 && t <= T_X16; }
