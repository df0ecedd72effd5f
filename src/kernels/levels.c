/* Which levels the binary has, and which of them this CPU can run. */
#include "tren/kernels.h"

#include <string.h>

/* The features of a level, and that the operating system keeps its registers. */
#if defined(__x86_64__)
static bool runs_v3(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}
static bool runs_v4(void) {
    return runs_v3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}
#endif
static bool runs_always(void) {
    return true;
}

extern const tren_kernels tren_kernels_baseline, tren_kernels_v3, tren_kernels_v4,
    tren_kernels_aarch64, tren_kernels_portable;

static const struct {
    const tren_kernels *kernels;
    bool (*runs)(void);
} levels[] = {
#ifdef TREN_HAS_LEVEL_v4
    {&tren_kernels_v4, runs_v4},
#endif
#ifdef TREN_HAS_LEVEL_v3
    {&tren_kernels_v3, runs_v3},
#endif
#ifdef TREN_HAS_LEVEL_aarch64
    {&tren_kernels_aarch64, runs_always},
#endif
#ifdef TREN_HAS_LEVEL_baseline
    {&tren_kernels_baseline, runs_always},
#endif
#ifdef TREN_HAS_LEVEL_portable
    {&tren_kernels_portable, runs_always},
#endif
};

enum { N_LEVELS = sizeof levels / sizeof *levels };

const tren_activation tren_identity = {"identity", false, TREN_ACTIVATION_IDENTITY};
const tren_activation tren_relu = {"relu", false, TREN_ACTIVATION_RELU};
const tren_activation tren_tanh = {"tanh", false, TREN_ACTIVATION_TANH};
const tren_activation tren_gelu = {"gelu", true, TREN_ACTIVATION_GELU};
const tren_activation tren_leaky_relu = {"leaky_relu", false, TREN_ACTIVATION_LEAKY_RELU};
const tren_activation tren_elu = {"elu", false, TREN_ACTIVATION_ELU};
const tren_activation tren_silu = {"silu", true, TREN_ACTIVATION_SILU};
const tren_activation tren_sigmoid = {"sigmoid", false, TREN_ACTIVATION_SIGMOID};
const tren_activation tren_softplus = {"softplus", true, TREN_ACTIVATION_SOFTPLUS};
const tren_activation *const tren_activations[TREN_N_ACTIVATIONS] = {
    &tren_identity, &tren_relu, &tren_tanh,    &tren_gelu,    &tren_leaky_relu,
    &tren_elu,      &tren_silu, &tren_sigmoid, &tren_softplus};

const char *const tren_conv_way_name[] = {"direct", "Winograd", "unfolded"};

const tren_kernels *tren_kernels_at(int i) {
    return i < N_LEVELS ? levels[i].kernels : NULL;
}

bool tren_kernels_run_here(const tren_kernels *kernels) {
    for (int i = 0; i < N_LEVELS; i++)
        if (levels[i].kernels == kernels) return levels[i].runs();
    return false;
}

const tren_kernels *tren_kernels_best(void) {
    int i = 0;
    while (!levels[i].runs()) i++;
    return levels[i].kernels;
}

static const char *names(char out[64]) {
    int n = 0;
    for (int i = 0; i < N_LEVELS; i++)
        n += snprintf(out + n, 64 - (size_t)n, "%s%s", i ? ", " : "", levels[i].kernels->level);
    return out;
}

tren_status tren_kernels_choose(const tren_kernels **kernels, const char *level) {
    char all[64];
    *kernels = tren_kernels_best();
    if (!*level || strcmp(level, "auto") == 0) return TREN_OK;
    for (int i = 0; i < N_LEVELS; i++) {
        if (strcmp(level, levels[i].kernels->level) != 0) continue;
        if (!levels[i].runs())
            return tren_fail(TREN_ERR_ENV,
                             "cpu: this CPU cannot run level %s; its highest is %s: give auto",
                             level, (*kernels)->level);
        *kernels = levels[i].kernels;
        return TREN_OK;
    }
    return tren_fail(TREN_ERR_ENV, "cpu: this program has no level '%s'; give one of %s, or auto",
                     level, names(all));
}
