/* SPDX-License-Identifier: Apache-2.0 */
/* Floating point down to the last bit: results as hexadecimal floats, roundings, exceptions, NaNs. */
#include "tests/conformance/conformance.h"

#include <complex.h>
#include <fenv.h>
#include <float.h>
#include <math.h>

static const double values[] = {
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    1.5,
    -2.5,
    0.1,
    3.141592653589793,
    2.718281828459045,
    1e-5,
    1e5,
    1e-300,
    1e300,
    -7.25,
    1e17,
    5e-324,
    2.2250738585072014e-308,
    1.7976931348623157e308,
    INFINITY,
    -INFINITY,
};

/* A NaN's sign and payload are the processor's affair. */
static void show(const char *name, double x)
{
    if (isnan(x))
        printf(" %s nan", name);
    else
        printf(" %s %a", name, x);
}

static void functions(void)
{
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        double x = values[i];
        printf("%a:", x);
#define SHOW_OF(f) show(#f, f(x))
        SHOW_OF(sin), SHOW_OF(cos), SHOW_OF(tan), SHOW_OF(asin), SHOW_OF(acos), SHOW_OF(atan);
        SHOW_OF(exp), SHOW_OF(exp2), SHOW_OF(expm1), SHOW_OF(log), SHOW_OF(log2), SHOW_OF(log10),
            SHOW_OF(log1p);
        SHOW_OF(sinh), SHOW_OF(cosh), SHOW_OF(tanh), SHOW_OF(asinh), SHOW_OF(sqrt), SHOW_OF(cbrt);
        SHOW_OF(floor), SHOW_OF(ceil), SHOW_OF(trunc), SHOW_OF(round), SHOW_OF(rint), SHOW_OF(nearbyint);
        SHOW_OF(erf), SHOW_OF(tgamma), SHOW_OF(lgamma), SHOW_OF(logb);
#undef SHOW_OF
        show("pow", pow(x, 1.7));
        show("pow2", pow(1.0001, x));
        show("fmod", fmod(x, 0.7));
        show("remainder", remainder(x, 0.7));
        show("hypot", hypot(x, 3.0));
        show("atan2", atan2(x, 2.0));
        show("fma", fma(x, x, -1.0));
        show("next", nextafter(x, 2.0));
        show("copysign", copysign(3.0, x));
        int exponent;
        double whole;
        show("frexp", frexp(isfinite(x) ? x : 1.0, &exponent));
        printf(" %d", exponent);
        show("modf", modf(x, &whole));
        show("whole", whole);
        show("ldexp", ldexp(x, 3));
        printf(" class %d%d%d%d\n", !!isnan(x), !!isinf(x), !!isnormal(x), !!signbit(x));
    }
}

static void narrow_and_wide(void)
{
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        float x = (float)values[i];
        long double y = (long double)values[i];
        if (isinf(x)) continue;
        printf("%a: %a %a %a %a | %La %La %La\n", x, (double)expf(x < 80 ? x : 1), (double)sinf(x),
               (double)sqrtf(fabsf(x)), (double)tanhf(x), sqrtl(fabsl(y)), y / 3,
               fabsl(y) < 100 ? expl(y) : 0.0L);
    }
    double complex z = cexp(0.5 + 1.25 * I), r = csqrt(-2.0 + 0.5 * I);
    printf("%a %a %a %a\n", creal(z), cimag(z), creal(r), cimag(r));
}

static void roundings(void)
{
    static const int modes[] = { FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO };
    volatile double one = 1, three = 3, tiny = 1e-300;
    for (int i = 0; i < 4; i++) {
        fesetround(modes[i]);
        CHECK(fegetround() == modes[i]);
        /* A system call in between must leave the mode alone. */
        getppid();
        printf("%a %a %a %a %ld\n", one / three, -one / three, tiny * tiny, rint(2.5), lrint(-2.5));
    }
    fesetround(FE_TONEAREST);
}

static void exceptions(void)
{
    volatile double zero = 0, one = 1, large = DBL_MAX, small = DBL_MIN, minus = -1, result;
    volatile int wide;
    struct {
        const char *name;
        int raised;
    } seen[6];
    feclearexcept(FE_ALL_EXCEPT), result = one / zero, seen[0].raised = fetestexcept(FE_ALL_EXCEPT),
                                  seen[0].name = "1/0";
    feclearexcept(FE_ALL_EXCEPT), result = zero / zero, seen[1].raised = fetestexcept(FE_ALL_EXCEPT),
                                  seen[1].name = "0/0";
    feclearexcept(FE_ALL_EXCEPT), result = large * large, seen[2].raised = fetestexcept(FE_ALL_EXCEPT),
                                  seen[2].name = "overflow";
    feclearexcept(FE_ALL_EXCEPT), result = small * small, seen[3].raised = fetestexcept(FE_ALL_EXCEPT),
                                  seen[3].name = "underflow";
    feclearexcept(FE_ALL_EXCEPT), result = one / 3, seen[4].raised = fetestexcept(FE_ALL_EXCEPT),
                                  seen[4].name = "inexact";
    feclearexcept(FE_ALL_EXCEPT), result = sqrt(minus), seen[5].raised = fetestexcept(FE_ALL_EXCEPT),
                                  seen[5].name = "sqrt(-1)";
    for (int i = 0; i < 6; i++)
        printf("%s:%s%s%s%s%s\n", seen[i].name, seen[i].raised & FE_DIVBYZERO ? " divide" : "",
               seen[i].raised & FE_INVALID ? " invalid" : "", seen[i].raised & FE_OVERFLOW ? " overflow" : "",
               seen[i].raised & FE_UNDERFLOW ? " underflow" : "",
               seen[i].raised & FE_INEXACT ? " inexact" : "");
    feclearexcept(FE_ALL_EXCEPT);
    feraiseexcept(FE_DIVBYZERO);
    getppid();
    CHECK(fetestexcept(FE_DIVBYZERO) != 0);
    feclearexcept(FE_ALL_EXCEPT);
    wide = (int)large;
    (void)result, (void)wide;
    volatile double nan = zero / zero;
    CHECK(nan != nan && !(nan < 1) && !(nan > 1));
}

/* The sum of many small steps: the order of operations must be the compiler's, on every machine. */
static void long_sum(void)
{
    double sum = 0, product = 1;
    float narrow = 0;
    for (int i = 1; i <= 100000; i++) {
        sum += sin(i) / i;
        product *= 1 + 1.0 / ((double)i * i);
        narrow += 1.0f / (float)i;
    }
    printf("%a %a %a\n", sum, product, (double)narrow);
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    functions();
    narrow_and_wide();
    roundings();
    exceptions();
    long_sum();
    return 0;
}
