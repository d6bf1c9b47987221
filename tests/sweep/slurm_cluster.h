/* A Slurm cluster of three nodes on this machine, made and ended by the test, without any privilege. */
#ifndef DOORBELL_TESTS_SWEEP_SLURM_CLUSTER_H
#define DOORBELL_TESTS_SWEEP_SLURM_CLUSTER_H

#include "tests/sweep/sweep_folder.h"

#include <string>
#include <sys/types.h>
#include <vector>

namespace sweep_test
{

class SlurmCluster
{
  public:
    /** Starts it, and sets SLURM_CONF for this process and its children. */
    SlurmCluster();
    /** Ends every process of it. */
    ~SlurmCluster();
    SlurmCluster(const SlurmCluster &) = delete;
    SlurmCluster &operator=(const SlurmCluster &) = delete;

    /** Why there can be no cluster here; empty if there can. */
    static std::string absent();

    /** Whether all nodes are up, within a while. */
    bool is_up();

    /** Ends a node (1 to 3) as a loss of power would: its daemon and whatever runs on it. @return processes of jobs */
    unsigned lose_node(unsigned node);

    /** Waits until tasks are queued again, and ends the two minutes that Slurm has them wait for. @return how many */
    unsigned hurry_requeued();

    /** What a program of Slurm says. */
    std::string ask(const std::string &command);

    /** The end of the controller's log, for messages. */
    std::string log() const;

  private:
    void configure();
    pid_t start(const std::vector<std::string> &words);

    Folder folder_;
    pid_t controller_ = -1;
    pid_t nodes_[3] = {-1, -1, -1};
};

} // namespace sweep_test

#endif
