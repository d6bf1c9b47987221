/* What the files about Slurm share. */
#ifndef DOORBELL_SWEEP_SLURM_INTERNAL_H
#define DOORBELL_SWEEP_SLURM_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What was submitted last, as the folder OUTPUT.slurm keeps it. */
struct slurm_jobs {
    uint64_t parts_job;
    uint64_t merge_job;
    uint32_t parts;
};

/** Path of a file in the folder of a result's scripts, in memory to be freed; the folder itself if @p name is "". */
char *slurm_path(const char *output, const char *name);

/** Reads which jobs there are. @return whether any were submitted */
bool slurm_read_jobs(const char *output, struct slurm_jobs *jobs);

/**
 * Runs a program of Slurm, and keeps what it says on standard output, cut to @p size.
 * @param words its name and arguments, ending with NULL
 * @param quiet whether its standard error goes nowhere
 * @return its exit status; -1 if it could not be run
 */
int slurm_program(const char *const *words, bool quiet, char *said, size_t size);

#ifdef __cplusplus
}
#endif

#endif
