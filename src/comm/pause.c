/* What a rank does while it waits for another one of its node. In a file of its own, as a simulator
 * has to let its clock go on here. */
#include "comm/reduce.h"

#include <sched.h>

enum { SPINS = 2000 };

void tren_pause(int spins, bool crowded) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
    if (crowded || spins > SPINS) sched_yield();
}
