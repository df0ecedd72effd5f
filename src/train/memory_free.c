#include "tren/train.h"

#include <math.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define MIB 0x1p20

enum { MAX_PATH = 4096, MAX_LINE = 2 * MAX_PATH };

static FILE *open_in(const char *root, const char *path) {
    char full[MAX_PATH];
    int n = snprintf(full, sizeof full, "%s%s", root, path);
    return n < (int)sizeof full ? fopen(full, "re") : NULL;
}

static bool is_lower(const tren_memory_free *least, double bytes) {
    return bytes < least->bytes;
}

static void set_bytes(tren_memory_free *least, double bytes, const char *remedy) {
    least->bytes = fmax(0, bytes);
    least->remedy = remedy;
}

/* ---- the node ---------------------------------------------------------------------------------
 */

/* The sum of MemAvailable and SwapFree. */
static void look_at_node(tren_memory_free *least, const char *root, int processes) {
    FILE *file = open_in(root, "/proc/meminfo");
    if (!file) return;
    char line[128];
    double total = 0, kib;
    bool told = false;
    while (fgets(line, sizeof line, file)) {
        bool available = sscanf(line, "MemAvailable: %lf", &kib) == 1;
        if (available || sscanf(line, "SwapFree: %lf", &kib) == 1) total += kib * 1024;
        told |= available;
    }
    fclose(file);
    if (!told || !is_lower(least, total / processes)) return;
    set_bytes(least, total / processes, "start ranks on more nodes");
    snprintf(least->why, sizeof least->why, "the node has %.0f MiB available", total / MIB);
}

/* ---- control groups ---------------------------------------------------------------------------
 */

/* How a version of control groups names things. */
typedef struct group_version {
    const char *type, *controller; /* of the mount; controller NULL: version 2 */
    const char *limit, *used;
    const char *cached[2]; /* lines of memory.stat: what the kernel can take back */
} group_version;

static const group_version versions[] = {
    {"cgroup2", NULL, "memory.max", "memory.current", {"inactive_file", "active_file"}},
    {"cgroup",
     "memory",
     "memory.limit_in_bytes",
     "memory.usage_in_bytes",
     {"total_inactive_file", "total_active_file"}}};

/* Whether "memory" is one of "cpu,memory". */
static bool lists(const char *words, const char *word) {
    size_t n = strlen(word);
    for (const char *at = words; (at = strstr(at, word)); at += n)
        if ((at == words || at[-1] == ',') && strchr(", \n", at[n])) return true;
    return false;
}

/* The path of our group: "0::/path" in version 2, "4:cpu,memory:/path" in version 1. */
static bool find_group(char path[MAX_PATH], const char *root, const group_version *version) {
    char line[MAX_LINE];
    bool found = false;
    FILE *file = open_in(root, "/proc/self/cgroup");
    while (file && !found && fgets(line, sizeof line, file)) {
        char *words = strchr(line, ':'), *at = words ? strchr(words + 1, ':') : NULL;
        if (!at) continue;
        *at++ = '\0';
        found = version->controller ? lists(words + 1, version->controller) : !words[1];
        at[strcspn(at, "\n")] = '\0';
        snprintf(path, MAX_PATH, "%.*s", MAX_PATH - 1, at);
    }
    if (file) fclose(file);
    return found;
}

/* Where the hierarchy is mounted, and which group of it is the top there: a container sees its own
 * group as the top. A line of mountinfo is "31 23 0:28 /top /mount/point rw - cgroup cgroup
 * rw,memory". */
static bool find_mount(char mount[MAX_PATH], char top[MAX_PATH], const char *root,
                       const group_version *version) {
    char line[MAX_LINE], type[64], options[1024];
    bool found = false;
    FILE *file = open_in(root, "/proc/self/mountinfo");
    while (file && !found && fgets(line, sizeof line, file)) {
        const char *end = strstr(line, " - ");
        found = end && sscanf(end, " - %63s %*s %1023s", type, options) == 2 &&
                sscanf(line, "%*s %*s %*s %4095s %4095s", top, mount) == 2 &&
                strcmp(type, version->type) == 0 &&
                (!version->controller || lists(options, version->controller));
    }
    if (file) fclose(file);
    return found;
}

/* A number; INFINITY for "max" and where there is no file. */
static double number_in(const char *root, const char *folder, const char *name) {
    char path[MAX_PATH];
    double value = INFINITY;
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) return value;
    FILE *file = open_in(root, path);
    if (!file) return value;
    if (fscanf(file, "%lf", &value) != 1) value = INFINITY;
    fclose(file);
    return value;
}

/* What a group uses and the kernel cannot take back: cached files do not count. */
static double used_by(const char *root, const char *folder, const group_version *version) {
    char path[MAX_PATH], line[128], name[64];
    double used = number_in(root, folder, version->used), bytes;
    if (isinf(used)) return 0;
    if (snprintf(path, sizeof path, "%s/memory.stat", folder) >= (int)sizeof path) return used;
    FILE *file = open_in(root, path);
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "%63s %lf", name, &bytes) == 2 &&
            (strcmp(name, version->cached[0]) == 0 || strcmp(name, version->cached[1]) == 0))
            used -= bytes;
    if (file) fclose(file);
    return fmax(0, used);
}

static void look_at_group(tren_memory_free *least, const char *root, const char *folder,
                          const group_version *version, int processes) {
    enum { UNLIMITED = 62 }; /* version 1 writes almost 2^63 where there is no limit */
    double limit = number_in(root, folder, version->limit);
    if (limit >= ldexp(1, UNLIMITED)) return;
    double used = used_by(root, folder, version);
    if (!is_lower(least, (limit - used) / processes)) return;
    set_bytes(least, (limit - used) / processes,
              "ask for more memory (sbatch --mem, docker run --memory), or start ranks on more "
              "nodes");
    snprintf(least->why, sizeof least->why,
             "the control group %.300s allows %.0f MiB (%s), of which %.0f MiB are used", folder,
             limit / MIB, version->limit, used / MIB);
}

/* Our group and all above it: the lowest limit counts. */
static void look_at_groups(tren_memory_free *least, const char *root, int processes) {
    for (size_t v = 0; v < sizeof versions / sizeof *versions; v++) {
        char group[MAX_PATH], top[MAX_PATH], mount[MAX_PATH], folder[2 * MAX_PATH];
        if (!find_group(group, root, &versions[v]) || !find_mount(mount, top, root, &versions[v]))
            continue;
        size_t n = strcmp(top, "/") == 0 ? 0 : strlen(top);
        bool below = strncmp(group, top, n) == 0 && (group[n] == '/' || !group[n]);
        size_t least_length = (size_t)snprintf(folder, sizeof folder, "%s", mount);
        snprintf(folder + least_length, sizeof folder - least_length, "%s", below ? group + n : "");
        for (;;) {
            look_at_group(least, root, folder, &versions[v], processes);
            char *slash = strrchr(folder + least_length, '/');
            if (!slash) break;
            *slash = '\0';
        }
    }
}

/* ---- the batch system, and the limits of the process ------------------------------------------
 */

/* Pages of /proc/self/statm: all, in memory, shared, text, libraries, data. */
enum { PAGES_ALL, PAGES_RESIDENT, PAGES_DATA = 5, N_PAGES };

static void own_bytes(double bytes[N_PAGES], const char *root) {
    double page = (double)sysconf(_SC_PAGESIZE);
    FILE *file = open_in(root, "/proc/self/statm");
    for (int i = 0; i < N_PAGES; i++) {
        if (!file || fscanf(file, "%lf", &bytes[i]) != 1) bytes[i] = 0;
        bytes[i] *= page;
    }
    if (file) fclose(file);
}

static void look_at_grant(tren_memory_free *least, tren_memory_share share, double resident) {
    double bytes = share.granted / share.processes - resident;
    if (share.granted <= 0 || !is_lower(least, bytes)) return;
    set_bytes(least, bytes,
              "ask SLURM for more (sbatch --mem or --mem-per-cpu), or start ranks on more nodes");
    snprintf(least->why, sizeof least->why,
             "SLURM grants this job %.0f MiB on a node, and each rank uses %.0f MiB already",
             share.granted / MIB, resident / MIB);
}

static void look_at_limit(tren_memory_free *least, int which, double used) {
    struct rlimit limit;
    bool whole = which == RLIMIT_AS;
    if (getrlimit(which, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return;
    double bytes = (double)limit.rlim_cur - used;
    if (!is_lower(least, bytes)) return;
    set_bytes(least, bytes, whole ? "raise 'ulimit -v'" : "raise 'ulimit -d'");
    snprintf(least->why, sizeof least->why,
             "%s allows a process %.0f MiB, of which %.0f MiB are used",
             whole ? "RLIMIT_AS (ulimit -v)" : "RLIMIT_DATA (ulimit -d)",
             (double)limit.rlim_cur / MIB, used / MIB);
}

void tren_memory_find_free(tren_memory_free *least, const char *root, tren_memory_share share) {
    double own[N_PAGES];
    *least = (tren_memory_free){.bytes = INFINITY, .remedy = ""};
    own_bytes(own, root);
    look_at_node(least, root, share.processes);
    look_at_groups(least, root, share.processes);
    look_at_grant(least, share, own[PAGES_RESIDENT]);
    look_at_limit(least, RLIMIT_AS, own[PAGES_ALL]);
    look_at_limit(least, RLIMIT_DATA, own[PAGES_DATA]);
}
