/* SPDX-License-Identifier: Apache-2.0 */
/* What every file may use: numbers with a meaning, errors, bits and lists of nothing else.
 * The only place with #ifdef. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Build choices, turned into constants so that both branches always compile. */
#ifdef CK_DEBUG
enum { CONFIG_DEBUG = 1 };
#define DEBUG_ONLY(...) __VA_ARGS__
#else
enum { CONFIG_DEBUG = 0 };
#define DEBUG_ONLY(...)
#endif
/* A field that debug builds alone have is an array `field[CONFIG_DEBUG]`, initialised from DEBUG_ONLY. */

#ifdef __clang__
#define MUST_CHECK __attribute__((warn_unused_result))
/* Clang's thread-safety analysis; see docs/locking.md. */
#define CAPABILITY(name)          __attribute__((capability(name)))
#define REQUIRES(...)             __attribute__((requires_capability(__VA_ARGS__)))
#define ACQUIRES(...)             __attribute__((acquire_capability(__VA_ARGS__)))
#define TRY_ACQUIRES(ok, ...)     __attribute__((try_acquire_capability(ok, __VA_ARGS__)))
#define RELEASES(...)             __attribute__((release_capability(__VA_ARGS__)))
#define EXCLUDES(...)             __attribute__((locks_excluded(__VA_ARGS__)))
#define GUARDED_BY(lock)          __attribute__((guarded_by(lock)))
#define NO_THREAD_SAFETY_ANALYSIS __attribute__((no_thread_safety_analysis))
#else
#define MUST_CHECK
#define CAPABILITY(name)
#define REQUIRES(...)
#define ACQUIRES(...)
#define TRY_ACQUIRES(ok, ...)
#define RELEASES(...)
#define EXCLUDES(...)
#define GUARDED_BY(lock)
#define NO_THREAD_SAFETY_ANALYSIS
#endif

#define PACKED        __attribute__((packed))
#define ALIGNED(n)    __attribute__((aligned(n)))
#define NORETURN      __attribute__((noreturn))
#define NOINLINE      __attribute__((noinline))
#define ALWAYS_INLINE inline __attribute__((always_inline))
/* Constant zeros: mapped read-only, without room in the file. */
#define READ_ONLY_ZEROS          __attribute__((section(".bss.read_only")))
#define UNUSED                   __attribute__((unused))
#define PRINTF_LIKE(text, first) __attribute__((__format__(__printf__, text, first)))
#define likely(x)                __builtin_expect(!!(x), 1)
#define unlikely(x)              __builtin_expect(!!(x), 0)

#define ARRAY_LENGTH(a)                     (sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(pointer, type, member) ((type *)((char *)(pointer) - offsetof(type, member)))

/* ---- addresses: mixing two of them up does not compile ---- */
typedef struct {
    uint64_t raw;
} paddr_t; /* CPU physical */
typedef struct {
    uint64_t raw;
} uaddr_t; /* container virtual */
typedef struct {
    uint64_t raw;
} gpu_va_t; /* GPU virtual */
#define PADDR(value)  ((paddr_t){ (value) })
#define UADDR(value)  ((uaddr_t){ (value) })
#define GPU_VA(value) ((gpu_va_t){ (value) })
#define PADDR_NONE    PADDR(UINT64_MAX)
static inline bool is_paddr_none(paddr_t p) { return p.raw == UINT64_MAX; }

enum {
    PAGE_SHIFT = 12,
    PAGE_BYTES = 1 << PAGE_SHIFT,
    HUGE_SHIFT = 21,
    HUGE_BYTES = 1 << HUGE_SHIFT,
    GIANT_SHIFT = 30,
    GIANT_BYTES = 1 << GIANT_SHIFT,
};

/* ---- errors ---- */
typedef struct MUST_CHECK {
    int code;
} err_t; /* 0, or a negative errno */
#define OK                      ((err_t){ 0 })
#define ERR(name, errno_, text) static const err_t ERR_##name UNUSED = { -(errno_) };
#include "abi/errors.def"
#undef ERR
static inline bool failed(err_t e) { return e.code != 0; }
/* The text of abi/errors.def; "unknown error" for a code that is not in it. */
const char *err_text(err_t e);

/* ---- arithmetic ---- */
#define MIN(a, b)               \
    ({                          \
        __typeof__(a) a_ = (a); \
        __typeof__(b) b_ = (b); \
        a_ < b_ ? a_ : b_;      \
    })
#define MAX(a, b)               \
    ({                          \
        __typeof__(a) a_ = (a); \
        __typeof__(b) b_ = (b); \
        a_ > b_ ? a_ : b_;      \
    })
static inline uint64_t align_down(uint64_t value, uint64_t align) { return value & ~(align - 1); }
static inline uint64_t align_up(uint64_t value, uint64_t align) { return (value + align - 1) & ~(align - 1); }
static inline bool is_aligned(uint64_t value, uint64_t align) { return (value & (align - 1)) == 0; }
static inline bool is_power_of_two(uint64_t value) { return value && !(value & (value - 1)); }
/* True when a + b does not fit; *sum is then undefined for the caller. */
static inline bool add_overflows(uint64_t a, uint64_t b, uint64_t *sum)
{
    return __builtin_add_overflow(a, b, sum);
}

/* ---- register fields, written as the manuals write them: FIELD(hi, lo) ---- */
struct field {
    uint8_t hi, lo;
};
#define FIELD(hi, lo) ((struct field){ (hi), (lo) })
static inline uint64_t field_mask(struct field f) { return (~0ull >> (63 - (f.hi - f.lo))) << f.lo; }
static inline uint64_t field_get(uint64_t reg, struct field f) { return (reg & field_mask(f)) >> f.lo; }
static inline uint64_t field_set(uint64_t reg, struct field f, uint64_t value)
{
    return (reg & ~field_mask(f)) | ((value << f.lo) & field_mask(f));
}

/* ---- checks ---- */
/* Supplied by the kernel (panic) or by the host harness (abort). */
NORETURN void assert_failed(const char *expression, const char *file, int line);
#define ASSERT(expression) (likely(expression) ? (void)0 : assert_failed(#expression, __FILE__, __LINE__))
/* For checks too dear for a release build; still compiled there. */
#define DEBUG_ASSERT(expression)              \
    do {                                      \
        if (CONFIG_DEBUG) ASSERT(expression); \
    } while (0)
