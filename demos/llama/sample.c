/* SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"

#include "error.h"

#include <math.h>
#include <stdlib.h>

struct candidate {
    float weight;
    uint32_t token;
};

void sampler_init(struct sampler *sampler, float temperature, float top_p, uint64_t seed)
{
    /* Seeds are small and alike; this spreads them over all bits. [splitmix64] */
    uint64_t state = seed + 0x9e3779b97f4a7c15u;
    state = (state ^ state >> 30) * 0xbf58476d1ce4e5b9u;
    state = (state ^ state >> 27) * 0x94d049bb133111ebu;
    *sampler = (struct sampler){ temperature, top_p, (state ^ state >> 31) | 1 };
}

/* Uniform in [0, 1), 24 bits. [xorshift64*] */
static float random_unit(struct sampler *s)
{
    s->state ^= s->state >> 12;
    s->state ^= s->state << 25;
    s->state ^= s->state >> 27;
    return (float)(s->state * 0x2545f4914f6cdd1du >> 40) / 16777216.0f;
}

static uint32_t find_largest(const float *logits, uint32_t count)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < count; i++) {
        if (logits[i] > logits[best] || (isnan(logits[best]) && !isnan(logits[i]))) best = i;
    }
    return best;
}

static int compare_weight(const void *a, const void *b)
{
    const struct candidate *left = a, *right = b;
    if (left->weight != right->weight) return left->weight > right->weight ? -1 : 1;
    return left->token < right->token ? -1 : 1; /* qsort() is not stable: decide every tie */
}

uint32_t sampler_next(struct sampler *s, const float *logits, uint32_t count)
{
    uint32_t best = find_largest(logits, count);
    if (s->temperature <= 0 || !isfinite(logits[best])) return best;

    struct candidate *candidates = allocate(count, sizeof(*candidates));
    float total = 0, kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        float weight = expf((logits[i] - logits[best]) / s->temperature);
        candidates[i] = (struct candidate){ weight > 0 ? weight : 0, i }; /* NaN: never */
        total += candidates[i].weight;
    }
    qsort(candidates, count, sizeof(*candidates), compare_weight);

    uint32_t last = 0;
    for (; last < count; last++) {
        kept += candidates[last].weight;
        if (kept >= s->top_p * total) break;
    }
    float chosen = random_unit(s) * kept;
    uint32_t i = 0;
    while (i + 1 < count && i < last && chosen >= candidates[i].weight) chosen -= candidates[i++].weight;
    best = candidates[i].token;
    free(candidates);
    return best;
}
