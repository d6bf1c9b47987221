#include "tests/sweep/slurm_cluster.h"

#include <arpa/inet.h>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sstream>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace sweep_test
{

namespace
{

std::string program(const std::string &name)
{
    for (const char *folder : {"/usr/sbin/", "/usr/bin/", "/usr/local/sbin/", "/usr/local/bin/"}) {
        if (access((folder + name).c_str(), X_OK) == 0) {
            return folder + name;
        }
    }
    return "";
}

std::string read_file(const std::string &path)
{
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;

    text << file.rdbuf();
    return text.str();
}

/** Ports that nobody listens on. */
std::vector<unsigned> free_ports(size_t count)
{
    std::vector<unsigned> ports;
    std::vector<int> held;

    for (size_t i = 0; i < count; i++) {
        const int held_one = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address = {};
        socklen_t length = sizeof(address);

        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(bind(held_one, reinterpret_cast<sockaddr *>(&address), sizeof(address)), 0);
        getsockname(held_one, reinterpret_cast<sockaddr *>(&address), &length);
        ports.push_back(ntohs(address.sin_port));
        held.push_back(held_one);
    }
    for (const int one : held) {
        close(one);
    }
    return ports;
}

std::string host()
{
    char name[256] = "";

    gethostname(name, sizeof(name) - 1);
    return std::string(name).substr(0, std::string(name).find('.'));
}

/** The parent of a process; 0 if it is gone. */
pid_t parent_of(pid_t process)
{
    const std::string stat = read_file("/proc/" + std::to_string(process) + "/stat");
    const size_t end = stat.rfind(')');

    return end == std::string::npos ? 0 : static_cast<pid_t>(std::strtol(stat.c_str() + end + 4, nullptr, 10));
}

void end(pid_t process, int signal)
{
    if (process > 0) {
        kill(process, signal);
        waitpid(process, nullptr, 0);
    }
}

} // namespace

std::string SlurmCluster::absent()
{
    for (const char *name : {"slurmctld", "slurmd", "sbatch", "squeue"}) {
        if (program(name).empty()) {
            return std::string("Slurm is not installed: there is no ") + name + " (package slurm-wlm)";
        }
    }
    return "";
}

void SlurmCluster::configure()
{
    const std::vector<unsigned> ports = free_ports(4);
    const passwd *user = getpwuid(geteuid());
    std::stringstream text;

    text << "ClusterName=test\nSlurmctldHost=" << host() << "(127.0.0.1)\nSlurmctldPort=" << ports[0] << "\n"
         << "SlurmUser=" << user->pw_name << "\nSlurmdUser=" << user->pw_name << "\n"
         << "AuthType=auth/none\nCredType=cred/none\nMpiDefault=none\nSwitchType=switch/none\n"
         << "ProctrackType=proctrack/pgid\nTaskPlugin=task/none\n"
         << "SelectType=select/cons_res\nSelectTypeParameters=CR_Core\n"
         << "AccountingStorageType=accounting_storage/none\n"
         << "SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0\n"
         << "SlurmdTimeout=3\nSlurmctldTimeout=3\nMinJobAge=300\nKillWait=1\nMessageTimeout=5\n"
         << "StateSaveLocation=" << folder_.path("state") << "\nSlurmdSpoolDir=" << folder_.path("spool-%n") << "\n"
         << "SlurmctldPidFile=" << folder_.path("slurmctld.pid") << "\nSlurmdPidFile=" << folder_.path("%n.pid") << "\n"
         << "SlurmctldLogFile=" << folder_.path("slurmctld.log") << "\nSlurmdLogFile=" << folder_.path("%n.log")
         << "\n";
    std::filesystem::create_directory(folder_.path("state"));
    for (unsigned i = 1; i <= 3; i++) {
        std::filesystem::create_directory(folder_.path("spool-n" + std::to_string(i)));
        text << "NodeName=n" << i << " NodeHostname=" << host() << " NodeAddr=127.0.0.1 Port=" << ports[i]
             << " CPUs=2 RealMemory=100\n";
    }
    text << "PartitionName=p Nodes=n1,n2,n3 Default=YES MaxTime=INFINITE State=UP\n";
    folder_.write("slurm.conf", text.str());
    setenv("SLURM_CONF", folder_.path("slurm.conf").c_str(), 1);
}

pid_t SlurmCluster::start(const std::vector<std::string> &words)
{
    const pid_t child = fork();

    if (child == 0) {
        std::vector<char *> arguments;
        const int nowhere = open("/dev/null", O_RDWR);

        for (const std::string &word : words) {
            arguments.push_back(const_cast<char *>(word.c_str()));
        }
        arguments.push_back(nullptr);
        for (int i = 0; i < 3; i++) {
            dup2(nowhere, i);
        }
        execv(arguments[0], arguments.data());
        _exit(127);
    }
    return child;
}

SlurmCluster::SlurmCluster()
{
    configure();
    controller_ = start({program("slurmctld"), "-D", "-f", folder_.path("slurm.conf")});
    for (unsigned i = 0; i < 3; i++) {
        nodes_[i] =
            start({program("slurmd"), "-D", "-N", "n" + std::to_string(i + 1), "-f", folder_.path("slurm.conf")});
    }
}

SlurmCluster::~SlurmCluster()
{
    ask("scancel --state=PENDING --me");
    for (unsigned i = 1; i <= 3; i++) {
        lose_node(i);
    }
    end(controller_, SIGKILL);
    unsetenv("SLURM_CONF");
}

bool SlurmCluster::is_up()
{
    for (int i = 0; i < 300; i++) {
        const std::string states = ask("sinfo -h -N -o %T");

        if (states == "idle\nidle\nidle\n") {
            return true;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return false;
}

unsigned SlurmCluster::lose_node(unsigned node)
{
    const std::string mine = "SLURM_CONF=" + folder_.path("slurm.conf");
    const std::string there = "SLURMD_NODENAME=n" + std::to_string(node);
    std::vector<pid_t> processes;

    end(nodes_[node - 1], SIGKILL);
    nodes_[node - 1] = -1;
    for (const auto &entry : std::filesystem::directory_iterator("/proc")) {
        const pid_t process = static_cast<pid_t>(std::strtol(entry.path().filename().c_str(), nullptr, 10));
        const std::string environment = process <= 0 ? "" : read_file(entry.path().string() + "/environ") + '\0';

        if (environment.find(mine + '\0') != std::string::npos && environment.find(there + '\0') != std::string::npos) {
            processes.push_back(process);
        }
    }
    /* First what would tell the controller how they ended. */
    for (const pid_t process : processes) {
        const pid_t parent = parent_of(process);

        if (read_file("/proc/" + std::to_string(parent) + "/comm").rfind("slurmstepd", 0) == 0) {
            kill(parent, SIGKILL);
        }
    }
    for (const pid_t process : processes) {
        kill(process, SIGKILL);
    }
    return static_cast<unsigned>(processes.size());
}

std::string SlurmCluster::ask(const std::string &command)
{
    FILE *stream = popen((command + " 2>&1").c_str(), "r");
    std::string said;

    for (int c = fgetc(stream); c != EOF; c = fgetc(stream)) {
        said += static_cast<char>(c);
    }
    pclose(stream);
    return said;
}

unsigned SlurmCluster::hurry_requeued()
{
    unsigned found = 0;

    for (int i = 0; i < 300 && found == 0; i++) {
        std::istringstream lines(ask("squeue -h -r -o '%i %r'"));
        std::string job;
        std::string reason;

        while (lines >> job >> reason) {
            if (reason == "BeginTime") {
                ask("scontrol update JobId=" + job + " StartTime=now");
                found++;
            }
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return found;
}

std::string SlurmCluster::log() const
{
    const std::string all = read_file(folder_.path("slurmctld.log"));

    return all.substr(all.size() > 4000 ? all.size() - 4000 : 0);
}

} // namespace sweep_test
