/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/format.h"

#include "lib/string.h"

enum {
    DIGITS_MAX = 22,      /* 64 bits in octal */
    NUMBER_MAX = 1 << 20, /* a width or precision in the text */
};

enum length { LENGTH_CHAR, LENGTH_SHORT, LENGTH_INT, LENGTH_LONG };

struct spec { /* one conversion: %[flags][width][.precision][length]type */
    bool left, zero, plus, space, alternate;
    bool has_precision;
    size_t width, precision;
    enum length length;
};

struct arguments { /* a va_list that can be handed on by pointer */
    va_list list;
};

struct output {
    struct format_sink *sink;
    size_t bytes;
};

static void put(struct output *out, const char *text, size_t bytes)
{
    if (bytes == 0) return;
    out->sink->put(out->sink, text, bytes);
    out->bytes += bytes;
}

static void put_fill(struct output *out, const char *sixteen, size_t bytes)
{
    for (; bytes > 16; bytes -= 16) put(out, sixteen, 16);
    put(out, sixteen, bytes);
}

static void put_spaces(struct output *out, size_t bytes) { put_fill(out, "                ", bytes); }
static void put_zeros(struct output *out, size_t bytes) { put_fill(out, "0000000000000000", bytes); }

static void put_padded(struct output *out, const struct spec *spec, const char *text, size_t bytes)
{
    size_t fill = spec->width > bytes ? spec->width - bytes : 0;
    if (!spec->left) put_spaces(out, fill);
    put(out, text, bytes);
    if (spec->left) put_spaces(out, fill);
}

/* Digits end at `end`; the first one is returned. Zero has no digit: the precision adds it. */
static char *digits_of(uint64_t value, unsigned base, bool upper, char *end)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    if (base == 10) {
        for (; value; value /= 10) *--end = digits[value % 10];
    } else {
        unsigned shift = base == 16 ? 4 : 3;
        for (; value; value >>= shift) *--end = digits[value & (base - 1)];
    }
    return end;
}

static void put_number(struct output *out, const struct spec *spec, uint64_t value, unsigned base, bool upper,
                       const char *prefix)
{
    char buffer[DIGITS_MAX];
    char *first = digits_of(value, base, upper, buffer + DIGITS_MAX);
    size_t count = (size_t)(buffer + DIGITS_MAX - first), prefix_bytes = strlen(prefix);
    size_t wanted = spec->has_precision ? spec->precision : 1;
    if (base == 8 && spec->alternate && wanted <= count) wanted = count + 1;
    if (!spec->has_precision && spec->zero && !spec->left && spec->width > prefix_bytes + wanted)
        wanted = spec->width - prefix_bytes;
    size_t zeros = wanted > count ? wanted - count : 0;

    size_t whole = prefix_bytes + zeros + count;
    size_t fill = spec->width > whole ? spec->width - whole : 0;
    if (!spec->left) put_spaces(out, fill);
    put(out, prefix, prefix_bytes);
    put_zeros(out, zeros);
    put(out, first, count);
    if (spec->left) put_spaces(out, fill);
}

static void put_signed(struct output *out, const struct spec *spec, int64_t value)
{
    const char *sign = value < 0 ? "-" : spec->plus ? "+" : spec->space ? " " : "";
    put_number(out, spec, value < 0 ? -(uint64_t)value : (uint64_t)value, 10, false, sign);
}

static void put_hex(struct output *out, const struct spec *spec, uint64_t value, bool upper)
{
    const char *prefix = !spec->alternate || value == 0 ? "" : upper ? "0X" : "0x";
    put_number(out, spec, value, 16, upper, prefix);
}

static void put_string(struct output *out, const struct spec *spec, const char *text)
{
    if (!text) text = "(null)";
    put_padded(out, spec, text, spec->has_precision ? strnlen(text, spec->precision) : strlen(text));
}

static const char *parse_flags(const char *at, struct spec *spec)
{
    for (;; at++) {
        switch (*at) {
        case '-': spec->left = true; break;
        case '0': spec->zero = true; break;
        case '+': spec->plus = true; break;
        case ' ': spec->space = true; break;
        case '#': spec->alternate = true; break;
        default: return at;
        }
    }
}

static const char *parse_length(const char *at, struct spec *spec)
{
    spec->length = LENGTH_INT;
    for (;; at++) {
        switch (*at) {
        case 'h': spec->length = spec->length == LENGTH_SHORT ? LENGTH_CHAR : LENGTH_SHORT; break;
        case 'l':
        case 'z':
        case 't':
        case 'j': spec->length = LENGTH_LONG; break;
        default: return at;
        }
    }
}

/* A number in the text, or the next argument for `*`. */
static int64_t parse_number(const char **at, struct arguments *args)
{
    if (**at == '*') {
        (*at)++;
        return va_arg(args->list, int);
    }
    int64_t value = 0;
    for (; **at >= '0' && **at <= '9'; (*at)++) value = MIN(value * 10 + (**at - '0'), NUMBER_MAX);
    return value;
}

/* `at` is behind the percent sign; returns where the type letter should be. */
static const char *parse_spec(const char *at, struct spec *spec, struct arguments *args)
{
    at = parse_flags(at, spec);
    int64_t width = parse_number(&at, args);
    spec->left |= width < 0;
    spec->width = (size_t)(width < 0 ? -width : width);
    if (*at == '.') {
        at++;
        int64_t precision = parse_number(&at, args);
        spec->has_precision = precision >= 0; /* negative: as if there were none */
        spec->precision = (size_t)precision;
    }
    return parse_length(at, spec);
}

static int64_t next_signed(struct arguments *args, enum length length)
{
    if (length == LENGTH_LONG) return va_arg(args->list, int64_t);
    int value = va_arg(args->list, int);
    return length == LENGTH_CHAR ? (signed char)value : length == LENGTH_SHORT ? (short)value : value;
}

static uint64_t next_unsigned(struct arguments *args, enum length length)
{
    if (length == LENGTH_LONG) return va_arg(args->list, uint64_t);
    unsigned value = va_arg(args->list, unsigned);
    return length == LENGTH_CHAR ? (uint8_t)value : length == LENGTH_SHORT ? (uint16_t)value : value;
}

/* False when there is no such conversion; no argument is used up then. */
static bool put_conversion(struct output *out, const struct spec *spec, char type, struct arguments *args)
{
    char byte;
    switch (type) {
    case 'd':
    case 'i': put_signed(out, spec, next_signed(args, spec->length)); return true;
    case 'u': put_number(out, spec, next_unsigned(args, spec->length), 10, false, ""); return true;
    case 'o': put_number(out, spec, next_unsigned(args, spec->length), 8, false, ""); return true;
    case 'x':
    case 'X': put_hex(out, spec, next_unsigned(args, spec->length), type == 'X'); return true;
    case 'p': put_number(out, spec, (uintptr_t)va_arg(args->list, void *), 16, false, "0x"); return true;
    case 's': put_string(out, spec, va_arg(args->list, const char *)); return true;
    case 'c':
        byte = (char)va_arg(args->list, int);
        put_padded(out, spec, &byte, 1);
        return true;
    case '%': put(out, "%", 1); return true;
    default: return false;
    }
}

size_t format_sink_va(struct format_sink *sink, const char *format, va_list list)
{
    struct output out = { sink, 0 };
    struct arguments args;
    va_copy(args.list, list);
    for (const char *at = format; *at;) {
        const char *text = at;
        while (*at && *at != '%') at++;
        put(&out, text, (size_t)(at - text));
        if (!*at) break;

        const char *percent = at;
        struct spec spec = { 0 };
        at = parse_spec(at + 1, &spec, &args);
        if (put_conversion(&out, &spec, *at, &args))
            at++;
        else
            put(&out, percent, (size_t)(at - percent));
    }
    va_end(args.list);
    return out.bytes;
}

size_t format_sink(struct format_sink *sink, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    size_t bytes = format_sink_va(sink, format, args);
    va_end(args);
    return bytes;
}

struct string_sink {
    struct format_sink sink;
    char *at;
    size_t left; /* bytes, the terminator's place not counted */
};

static void put_into_string(struct format_sink *sink, const char *text, size_t bytes)
{
    struct string_sink *string = CONTAINER_OF(sink, struct string_sink, sink);
    size_t fits = MIN(bytes, string->left);
    if (fits == 0) return; /* `at` may be NULL */
    memcpy(string->at, text, fits);
    string->at += fits;
    string->left -= fits;
}

size_t format_string_va(char *out, size_t capacity, const char *format, va_list args)
{
    struct string_sink string = { { put_into_string }, out, capacity ? capacity - 1 : 0 };
    size_t bytes = format_sink_va(&string.sink, format, args);
    if (capacity) *string.at = '\0';
    return bytes;
}

size_t format_string(char *out, size_t capacity, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    size_t bytes = format_string_va(out, capacity, format, args);
    va_end(args);
    return bytes;
}
