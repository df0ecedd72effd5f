/* What the program learns about its launch from the environment and from /proc. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/launch.c"
#include "cli/stop_signal.c"
#include "cli/watched.c"

static void clear_environment(void) {
    static const char *const name[] = {"PMIX_RANK",
                                       "OMPI_COMM_WORLD_RANK",
                                       "OMPI_COMM_WORLD_SIZE",
                                       "PMI_RANK",
                                       "PMI_SIZE",
                                       "SLURM_STEP_ID",
                                       "SLURM_NTASKS",
                                       "SLURM_PROCID",
                                       "SLURM_STEP_NUM_TASKS"};
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) unsetenv(name[i]);
}

/* ---- srun -------------------------------------------------------------------------------------
 */

Test(launch, refuses_srun_without_pmix, .init = clear_environment) {
    cr_assert_eq(check_srun(true), TREN_OK);
    setenv("SLURM_STEP_ID", "0", 1);
    setenv("SLURM_NTASKS", "1", 1);
    cr_assert_eq(check_srun(true), TREN_OK, "one task needs no PMIx");
    setenv("SLURM_NTASKS", "4", 1);
    cr_assert_eq(check_srun(true), TREN_ERR_ENV);
    cr_assert_not_null(strstr(tren_error_text(), "srun started 4 tasks"));
    cr_assert_not_null(strstr(tren_error_text(), "srun --mpi=pmix"));
    setenv("PMIX_RANK", "3", 1);
    cr_assert_eq(check_srun(true), TREN_OK);
}

Test(launch, accepts_mpirun_within_a_job, .init = clear_environment) {
    setenv("SLURM_NTASKS", "4", 1);
    cr_assert_eq(check_srun(true), TREN_OK, "a batch script is no step");
    setenv("SLURM_STEP_ID", "0", 1); /* of the srun that started orted on this node */
    setenv("OMPI_COMM_WORLD_SIZE", "4", 1);
    cr_assert_eq(check_srun(true), TREN_OK);
}

Test(launch, counts_the_tasks_of_the_step_not_of_the_job, .init = clear_environment) {
    setenv("SLURM_STEP_ID", "0", 1);
    setenv("SLURM_NTASKS", "4", 1);
    setenv("SLURM_STEP_NUM_TASKS", "1", 1);
    cr_assert_eq(check_srun(true), TREN_OK);
}

Test(launch, older_pmi_is_enough_for_another_mpi_only, .init = clear_environment) {
    setenv("SLURM_STEP_ID", "0", 1);
    setenv("SLURM_NTASKS", "2", 1);
    setenv("PMI_RANK", "0", 1);
    cr_assert_eq(check_srun(true), TREN_ERR_ENV);
    cr_assert_eq(check_srun(false), TREN_OK);
}

Test(launch, one_process_speaks, .init = clear_environment) {
    cr_assert(tren_launch_is_first());
    setenv("SLURM_PROCID", "2", 1);
    cr_assert(tren_launch_is_first(), "outside a step SLURM_PROCID says nothing");
    setenv("SLURM_STEP_ID", "0", 1);
    cr_assert_not(tren_launch_is_first());
    setenv("PMIX_RANK", "0", 1);
    cr_assert(tren_launch_is_first());
    setenv("PMIX_RANK", "1", 1);
    cr_assert_not(tren_launch_is_first());
}

Test(launch, several_processes_in_a_world_of_one_are_refused, .init = clear_environment) {
    cr_assert_eq(tren_launch_check_world(1, "mpirun"), TREN_OK);
    setenv("PMI_RANK", "1", 1);
    setenv("PMI_SIZE", "2", 1);
    cr_assert_eq(tren_launch_check_world(2, "mpirun"), TREN_OK);
    cr_assert_eq(tren_launch_check_world(1, "/usr/bin/mpirun"), TREN_ERR_ENV);
    cr_assert_not_null(
        strstr(tren_error_text(), "2 processes were started by a launcher with PMI"));
    cr_assert_not_null(strstr(tren_error_text(), "its own MPI: /usr/bin/mpirun"));
    setenv("PMI_SIZE", "1", 1);
    cr_assert_eq(tren_launch_check_world(1, "mpirun"), TREN_OK);
}

Test(launch, srun_is_a_launcher_of_mpi_programs_where_it_offers_pmi, .init = clear_environment) {
    setenv("SLURM_STEP_ID", "0", 1);
    cr_assert_not(tren_launch_within_job());
    setenv("PMI_RANK", "0", 1);
    cr_assert(tren_launch_within_job());
}

Test(launch, the_program_of_the_own_precision_is_this_one) {
    char name[] = "train", *argv[] = {name, NULL};
    tren_precision own = sizeof(real) == 8 ? TREN_PRECISION_DOUBLE : TREN_PRECISION_FLOAT;
    cr_assert_eq(tren_launch_precision(own, argv), TREN_OK);
    cr_assert_eq(exec_sibling("tren-that-is-missing", argv), TREN_ERR_ENV);
    cr_assert_not_null(strstr(tren_error_text(), "/tren-that-is-missing': No such file"), "%s",
                       tren_error_text());
}

/* ---- who watches: a /proc of our own ------------------------------------------------------------
 */

static char proc[] = "/tmp/tren-proc-XXXXXX";

static void make_proc(void) {
    cr_assert_not_null(mkdtemp(proc));
}

static void remove_proc(void) {
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", proc);
    cr_assert_eq(system(command), 0);
}

static void add_process(int pid, const char *name, int parent) {
    char path[128];
    snprintf(path, sizeof path, "%s/%d", proc, pid);
    cr_assert_eq(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/%d/stat", proc, pid);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fprintf(file, "%d (%s) S %d 1 1 0 -1 4194560\n", pid, name, parent);
    fclose(file);
}

static void add_output(int pid, const char *target) {
    char path[128];
    snprintf(path, sizeof path, "%s/%d/fd", proc, pid);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/%d/fd/1", proc, pid);
    cr_assert_eq(symlink(target, path), 0);
}

/* A pseudo-terminal's two ends. */
static void open_terminal(int *master, char slave[64]) {
    *master = posix_openpt(O_RDWR | O_NOCTTY);
    cr_assert(*master >= 0 && grantpt(*master) == 0 && unlockpt(*master) == 0);
    cr_assert_eq(ptsname_r(*master, slave, 64), 0);
}

Test(launch, under_mpirun_its_own_output_counts, .init = make_proc, .fini = remove_proc) {
    int master;
    char slave[64];
    open_terminal(&master, slave);
    add_process(100, "tren", 90);
    add_process(90, "a shell (or) so", 80);
    add_process(80, "mpirun", 70);
    add_process(70, "bash", 1);
    add_output(80, slave);
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    int terminal = open(slave, O_RDWR | O_NOCTTY), nowhere = open("/dev/null", O_WRONLY);
    cr_assert(watched(proc, 100, terminal) == false, "fd %d of mpirun is not there", terminal);
    cr_assert_eq(dup2(ends[1], 1), 1);
    cr_assert(watched(proc, 100, 1), "a pipe to a mpirun on a terminal");
    cr_assert_eq(dup2(nowhere, 1), 1);
    cr_assert_not(watched(proc, 100, 1), "the rank itself writes to /dev/null");
}

Test(launch, mpirun_into_a_file_is_not_watched, .init = make_proc, .fini = remove_proc) {
    int master;
    char slave[64];
    open_terminal(&master, slave);
    add_process(100, "tren", 80);
    add_process(80, "orterun", 1);
    add_output(80, "/dev/null");
    cr_assert_eq(dup2(open(slave, O_RDWR | O_NOCTTY), 1), 1);
    cr_assert(isatty(1));
    cr_assert_not(watched(proc, 100, 1));
}

Test(launch, on_another_node_nobody_watches, .init = make_proc, .fini = remove_proc) {
    int master;
    char slave[64];
    open_terminal(&master, slave);
    add_process(100, "tren", 80);
    add_process(80, "orted", 1);
    cr_assert_eq(dup2(open(slave, O_RDWR | O_NOCTTY), 1), 1);
    cr_assert_not(watched(proc, 100, 1));
}

Test(launch, without_mpirun_the_own_output_counts, .init = make_proc, .fini = remove_proc) {
    int master;
    char slave[64];
    open_terminal(&master, slave);
    add_process(100, "tren", 80);
    add_process(80, "bash", 1);
    cr_assert_eq(dup2(open(slave, O_RDWR | O_NOCTTY), 1), 1);
    cr_assert(watched(proc, 100, 1));
    cr_assert(watched("/nonexistent", 100, 1), "a system without /proc");
    cr_assert_eq(dup2(open("/dev/null", O_WRONLY), 1), 1);
    cr_assert_not(watched(proc, 100, 1));
}

/* ---- limits ------------------------------------------------------------------------------------
 */

Test(launch, slurm_tells_the_memory_of_a_node, .init = clear_environment) {
    unsetenv("SLURM_MEM_PER_NODE");
    unsetenv("SLURM_MEM_PER_CPU");
    unsetenv("SLURM_CPUS_ON_NODE");
    unsetenv("SLURM_CPUS_PER_TASK");
    cr_assert_eq(tren_launch_node_memory(2), 0);
    setenv("SLURM_MEM_PER_CPU", "100", 1);
    cr_assert_eq(tren_launch_node_memory(2), 200 * 0x1p20, "one CPU for each task");
    setenv("SLURM_CPUS_PER_TASK", "3", 1);
    cr_assert_eq(tren_launch_node_memory(2), 600 * 0x1p20);
    setenv("SLURM_CPUS_ON_NODE", "8", 1);
    cr_assert_eq(tren_launch_node_memory(2), 800 * 0x1p20);
    setenv("SLURM_MEM_PER_NODE", "0", 1);
    cr_assert_eq(tren_launch_node_memory(2), 800 * 0x1p20, "0 means all there is");
    setenv("SLURM_MEM_PER_NODE", "4096", 1);
    cr_assert_eq(tren_launch_node_memory(2), 4096 * 0x1p20);
    setenv("SLURM_MEM_PER_NODE", "many", 1);
    setenv("SLURM_MEM_PER_CPU", "-1", 1);
    cr_assert_eq(tren_launch_node_memory(2), 0);
}
