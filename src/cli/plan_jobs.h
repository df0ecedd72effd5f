/* tren plan jobs: how many jobs of a batch system a run still takes. */
#ifndef TREN_CLI_PLAN_JOBS_H
#define TREN_CLI_PLAN_JOBS_H

/* argv[0] is "jobs". Returns the exit code. Not collective. */
int tren_plan_jobs(int argc, char **argv);

#endif
