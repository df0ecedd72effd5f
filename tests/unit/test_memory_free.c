/* What bounds the memory of a process: a /proc and control groups of our own. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tren/train.h"

#define MIB 0x1p20

static char root[] = "/tmp/tren-memory-XXXXXX";

static void make_root(void) {
    cr_assert_not_null(mkdtemp(root));
}

static void remove_root(void) {
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", root);
    cr_assert_eq(system(command), 0);
}

static void put(const char *path, const char *text) {
    char full[512];
    snprintf(full, sizeof full, "%s%s", root, path);
    for (char *slash = full + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(full, 0700);
        *slash = '/';
    }
    FILE *file = fopen(full, "w");
    cr_assert(file && fputs(text, file) >= 0 && fclose(file) == 0, "%s", full);
}

static tren_memory_free find(int processes, double granted) {
    tren_memory_free least;
    tren_memory_find_free(&least, root, (tren_memory_share){processes, granted});
    return least;
}

static void expect_mib(tren_memory_free least, double mib, const char *why, const char *remedy) {
    cr_assert_float_eq(least.bytes / MIB, mib, 1e-6, "%g MiB: %s", least.bytes / MIB, least.why);
    cr_assert_not_null(strstr(least.why, why), "'%s' is not in: %s", why, least.why);
    cr_assert_not_null(strstr(least.remedy, remedy), "'%s' is not in: %s", remedy, least.remedy);
}

static const char mounts_2[] = "24 1 0:22 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n";
static const char mounts_1[] =
    "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu rw shared:9 - cgroup cgroup rw,cpu\n"
    "35 31 0:32 / /cg/memory rw shared:10 - cgroup cgroup rw,memory\n";

Test(memory_free, nothing_told_is_no_bound, .init = make_root, .fini = remove_root) {
    cr_assert(isinf(find(1, 0).bytes));
}

Test(memory_free, a_node_shares_what_is_available_and_swap, .init = make_root,
     .fini = remove_root) {
    put("/proc/meminfo", "MemTotal: 9999 kB\nMemFree: 3 kB\nMemAvailable: 2048 kB\n"
                         "SwapFree: 1024 kB\n");
    expect_mib(find(1, 0), 3, "the node has 3 MiB available", "more nodes");
    expect_mib(find(3, 0), 1, "the node has 3 MiB available", "more nodes");
}

Test(memory_free, version_2_counts_the_lowest_group_above, .init = make_root, .fini = remove_root) {
    put("/proc/self/mountinfo", mounts_2);
    put("/proc/self/cgroup", "0::/system.slice/job_7/step_0\n");
    put("/sys/fs/cgroup/system.slice/job_7/step_0/memory.max", "max\n");
    put("/sys/fs/cgroup/system.slice/job_7/memory.max", "104857600\n");
    put("/sys/fs/cgroup/system.slice/job_7/memory.current", "41943040\n");
    put("/sys/fs/cgroup/system.slice/job_7/memory.stat",
        "anon 5\ninactive_file 10485760\nactive_file 10485760\n");
    put("/sys/fs/cgroup/system.slice/memory.max", "1073741824\n");
    expect_mib(find(1, 0), 80, "/system.slice/job_7 allows 100 MiB (memory.max), of which 20 MiB",
               "sbatch --mem");
    expect_mib(find(2, 0), 40, "allows 100 MiB", "docker run --memory");
}

Test(memory_free, version_1_is_found_where_it_is_mounted, .init = make_root, .fini = remove_root) {
    put("/proc/self/mountinfo", mounts_1);
    put("/proc/self/cgroup", "5:cpu,cpuacct:/\n4:hugetlb,memory:/slurm/uid_0/job_5\n0::/\n");
    put("/cg/memory/slurm/uid_0/job_5/memory.limit_in_bytes", "9223372036854771712\n");
    put("/cg/memory/slurm/uid_0/memory.limit_in_bytes", "52428800\n");
    put("/cg/memory/slurm/uid_0/memory.usage_in_bytes", "20971520\n");
    put("/cg/memory/slurm/uid_0/memory.stat",
        "inactive_file 1\ntotal_inactive_file 5242880\ntotal_active_file 5242880\n");
    expect_mib(find(1, 0), 40, "/cg/memory/slurm/uid_0 allows 50 MiB (memory.limit_in_bytes)",
               "sbatch --mem");
}

/* Its own group is the top of what it sees, whatever the host calls it. */
Test(memory_free, a_container_finds_its_own_group, .init = make_root, .fini = remove_root) {
    put("/proc/self/mountinfo", "35 31 0:32 /docker/abc /cg/memory ro - cgroup cgroup rw,memory\n");
    put("/proc/self/cgroup", "4:memory:/docker/abc\n");
    put("/cg/memory/memory.limit_in_bytes", "1048576\n");
    expect_mib(find(1, 0), 1, "/cg/memory allows 1 MiB", "docker");
    put("/proc/self/cgroup", "4:memory:/docker/abc/child\n");
    put("/cg/memory/child/memory.limit_in_bytes", "524288\n");
    expect_mib(find(1, 0), 0.5, "/cg/memory/child allows", "docker");
    put("/proc/self/cgroup", "4:memory:/docker/abcd\n");
    expect_mib(find(1, 0), 1, "/cg/memory allows", "docker");
}

Test(memory_free, more_used_than_allowed_leaves_nothing, .init = make_root, .fini = remove_root) {
    put("/proc/self/mountinfo", mounts_2);
    put("/proc/self/cgroup", "0::/\n");
    put("/sys/fs/cgroup/memory.max", "1048576\n");
    put("/sys/fs/cgroup/memory.current", "2097152\n");
    expect_mib(find(1, 0), 0, "of which 2 MiB are used", "sbatch");
}

Test(memory_free, slurm_grants_the_ranks_of_a_node_together, .init = make_root,
     .fini = remove_root) {
    char statm[64];
    snprintf(statm, sizeof statm, "1000 %ld 3 4 5 6 7\n", (10 << 20) / sysconf(_SC_PAGESIZE));
    put("/proc/self/statm", statm);
    expect_mib(find(2, 100 * MIB), 40, "SLURM grants this job 100 MiB on a node", "--mem-per-cpu");
}

Test(memory_free, limits_of_the_process_count, .init = make_root, .fini = remove_root) {
    struct rlimit limit, before;
    cr_assert_eq(getrlimit(RLIMIT_DATA, &before), 0);
    limit = before;
    limit.rlim_cur = (rlim_t)1 << 40;
    if (before.rlim_max < limit.rlim_cur) return;
    cr_assert_eq(setrlimit(RLIMIT_DATA, &limit), 0);
    cr_assert_eq(getrlimit(RLIMIT_DATA, &limit), 0);
    if (limit.rlim_cur == before.rlim_cur) cr_skip("the limit cannot be set, as in an emulator");
    expect_mib(find(4, 0), 1 << 20, "RLIMIT_DATA (ulimit -d) allows a process 1048576 MiB",
               "ulimit -d");
    cr_assert_eq(setrlimit(RLIMIT_DATA, &before), 0);
}
