/* Where a running kernel sends interrupts: lines of the kinds that users have, and what is none of them. */
#include "import/interrupts.h"
#include "tests/import/imported.h"

#include <cstring>

namespace
{

using import_test::Config;
using import_test::Folder;
using import_test::Imported;

const std::string port_and_endpoint = Config(0x13b5, 0x0100, 0x060400).bridge(0, 3, 3).pcie(4).dump("00:01.0") +
                                      Config(0x144d, 0xa808, 0x010802).pcie(0).msix(8).dump("03:00.0");

/** The PEs of the endpoint's first vectors. */
std::vector<int> pes_of(const std::vector<std::string> &texts, unsigned rid = 0x100)
{
    Folder folder;
    std::vector<std::string> paths;

    for (const std::string &text : texts) {
        paths.push_back(folder.write("text" + std::to_string(paths.size()), text));
    }
    const Imported made(paths);
    EXPECT_TRUE(made.planned) << made.errors;
    std::vector<int> pes;
    for (unsigned vector = 0; vector < 4; vector++) {
        pes.push_back(made.planned ? made.pe(rid, vector) : -2);
    }
    return pes;
}

/* The scenario counts buses without gaps, so the machine's 03:00.0 is its 01:00.0. */
TEST(Interrupts, LinesOfVectorsSayWhoHasThem)
{
    EXPECT_EQ(pes_of({port_and_endpoint, "0000:03:00.0 irq=34 hwirq=1572864 chip=ITS-MSI eff=8\n"
                                         "0000:03:00.0 irq=35 hwirq=1572865 chip=ITS-MSI eff=00000000,00000002\n"
                                         "0000:03:00.0 irq=36 hwirq=1572867 chip=ITS-MSI eff=1 aff=f\n"}),
              (std::vector<int>{3, 1, -1, 0}));
    EXPECT_EQ(pes_of({port_and_endpoint, "0000:03:00.0 irq=34 hwirq=1 chip=ITS-PCI-MSIX-0000:03:00.0 eff=4\n"}),
              (std::vector<int>{-1, 2, -1, -1}));
}

TEST(Interrupts, TheLastListOfAFunctionCounts)
{
    const std::string before = "0000:03:00.0 irq=34 hwirq=0 eff=8\n0000:03:00.0 irq=35 hwirq=1 eff=8\n";
    const std::string noise = "cat: can't open '/proc/irq/26/smp_affinity': No such file\n";

    EXPECT_EQ(pes_of({port_and_endpoint, before + "phase 2\n0000:03:00.0 irq=34 hwirq=0 eff=4\n"}),
              (std::vector<int>{2, -1, -1, -1}));
    EXPECT_EQ(pes_of({port_and_endpoint, before + noise + "0000:03:00.0 irq=36 hwirq=2 eff= aff=\n"}),
              (std::vector<int>{3, 3, -1, -1}))
        << "a shell's complaint between lines ends no list, and a vector without a user has no PE";
}

const std::string counts = "           CPU0       CPU1       CPU2\n"
                           " 11:       3265       1966       2242     GICv3  27 Level     arch_timer\n"
                           " 34:          0          0         16   ITS-MSI 1572864 Edge      nvme0q0\n"
                           " 35:          0          7          0   ITS-PCI-MSIX-0000:03:00.0   1 Edge      nvme0q1\n"
                           " 36:          3          7          0   ITS-MSI 1572866 Edge      nvme0q2\n"
                           " 37:          0          0          0   ITS-MSI 1572867 Edge      nvme0q3\n"
                           "IPI0:       172        240        188       Rescheduling interrupts\n";

TEST(Interrupts, CountsTellWhatOneCpuAloneHandled)
{
    Folder folder;
    const Imported made({folder.write("lspci", port_and_endpoint), folder.write("interrupts", counts)});

    EXPECT_EQ(pes_of({port_and_endpoint, counts}), (std::vector<int>{2, 1, -1, -1}));
    EXPECT_EQ(pes_of({counts, port_and_endpoint}), (std::vector<int>{2, 1, -1, -1})) << "in any order";
    ASSERT_TRUE(made.planned) << made.errors;
    EXPECT_NE(made.text.find("guessed: the PEs of 2 vectors"), std::string::npos) << made.text;
    EXPECT_EQ(made.scenario->platform.pe.count, 3u) << "as many as were counted";
}

TEST(Interrupts, WhatWasSaidGoesBeforeWhatWasCounted)
{
    const std::string said = "0000:03:00.0 irq=34 hwirq=1572864 eff=1\n";

    EXPECT_EQ(pes_of({port_and_endpoint, counts, said}), (std::vector<int>{0, -1, -1, -1}));
    EXPECT_EQ(pes_of({port_and_endpoint, said, counts}), (std::vector<int>{0, -1, -1, -1}));
}

TEST(Interrupts, ACpuThatTheMachineHasNotIsLeftOut)
{
    EXPECT_EQ(pes_of({port_and_endpoint, "0000:03:00.0 irq=34 hwirq=0 eff=8000\n"}),
              (std::vector<int>{-1, -1, -1, -1}));
}

TEST(Interrupts, WhatIsNeitherIsNoDescription)
{
    for (const char *text :
         {"0000:03:00.0 irq=34 hwirq=x eff=8\n", "0000:03:00.0 hwirq=0 eff=8\n", "3:0.0 irq=1 hwirq=1 eff=1\n",
          "0000:03:20.0 irq=1 hwirq=1 eff=1\n", " 34: 0 0 16 ITS-MSI 1572864 Edge\n",
          "CPU0 CPU1 x\n 34: 0 1 ITS-MSI 1572864\n", "CPU0\n 34: 99999999999999999999 ITS-MSI 1\n",
          "CPU0\n 34: 1 ITS-PCI-MSIX-0000:03:00 1\n", "CPU0\n", ""}) {
        EXPECT_FALSE(import_interrupts_recognise(text, strlen(text))) << text;
    }
    const std::string lines(10000, ' ');
    EXPECT_FALSE(import_interrupts_recognise(lines.data(), lines.size()));
}

} // namespace
