// What software builds in memory and where it puts things, without a system around it.
#include "host/domain.h"
#include "host/placement.h"
#include "models/memory/memory.h"
#include "models/smmuv3/smmu_formats.h"
#include "sim/sim.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace
{

constexpr uint64_t BASE = 0x80000000;

class Tables : public ::testing::Test
{
  protected:
    void SetUp() override
    {
        make(64 << 20);
    }
    void TearDown() override
    {
        sim_destroy(simulation);
    }

    void make(uint64_t size)
    {
        sim_destroy_if_there();
        const sim_config config = {};
        memory_config wanted = {};
        simulation = sim_create(&config);
        wanted.period = 1000;
        wanted.base = BASE;
        wanted.size = size;
        wanted.latency = MEMORY_DEFAULT_LATENCY;
        wanted.bandwidth = MEMORY_DEFAULT_BANDWIDTH;
        wanted.ports = 1;
        wanted.queue = 64;
        store = memory_create(simulation, "memory", &wanted);
        host_ram_init(&ram, store);
    }

    sim *simulation = nullptr;
    memory *store = nullptr;
    host_ram ram = {};

  private:
    void sim_destroy_if_there()
    {
        if (simulation != nullptr) {
            sim_destroy(simulation);
        }
    }
};

// ---- Memory

TEST_F(Tables, RamIsAlignedDisjointAndEndsAtItsEnd)
{
    make(1 << 20);
    std::mt19937_64 random(1);
    std::map<uint64_t, uint64_t> taken;
    for (;;) {
        uint64_t size = 1 + random() % 5000;
        uint64_t alignment = UINT64_C(1) << random() % 13;
        uint64_t address = host_ram_take(&ram, size, alignment);
        if (address == 0) {
            break;
        }
        ASSERT_EQ(address % alignment, 0u);
        ASSERT_GE(address, BASE + MEMORY_PAGE_BYTES) << "the bottom page stays free";
        ASSERT_LE(address + size, BASE + (1 << 20));
        auto after = taken.lower_bound(address);
        ASSERT_TRUE(after == taken.end() || address + size <= after->first);
        ASSERT_TRUE(after == taken.begin() || std::prev(after)->first + std::prev(after)->second <= address);
        taken[address] = size;
    }
    EXPECT_GT(taken.size(), 100u);
    EXPECT_EQ(host_ram_take(&ram, UINT64_MAX - 7, 8), 0u);
    EXPECT_EQ(host_ram_take(&ram, 8, UINT64_C(1) << 63), 0u);
}

// ---- Translation tables

// Walks as the architecture says (VMSAv8-64, 4 KiB, 48 bits), by the SMMU's own field definitions. 0: a fault.
uint64_t walk(const memory *store, uint64_t root, uint64_t iova, uint64_t *descriptor)
{
    uint64_t table = root;
    for (unsigned level = 0; level < 4; level++) {
        *descriptor = memory_read64(store, table + 8 * ((iova >> (39 - 9 * level)) & 511));
        if (smmu_get(*descriptor, SMMU_PTE_VALID) == 0 || smmu_get(*descriptor, SMMU_PTE_TYPE) == 0) {
            return 0;
        }
        table = *descriptor & SMMU_MASK(SMMU_PTE_ADDR);
    }
    return table;
}

TEST_F(Tables, MapsAndUnmapsWhatAMapDoes)
{
    io_page_table table;
    ASSERT_TRUE(io_page_table_init(&table, &ram, IO_PAGE_BITS));
    std::mt19937_64 random(2);
    std::map<uint64_t, uint64_t> model;
    std::vector<uint64_t> pages;
    for (unsigned i = 0; i < 300; i++) {
        pages.push_back((random() >> 16 >> (i % 3 * 12)) & ~UINT64_C(0xfff));
    }
    pages.push_back(0);
    pages.push_back(UINT64_C(0xfffffffff000));
    for (unsigned i = 0; i < 5000; i++) {
        uint64_t iova = pages[random() % pages.size()];
        uint64_t physical = (random() >> 16) & ~UINT64_C(0xfff);
        if (random() % 3 != 0) {
            EXPECT_EQ(io_page_table_map(&table, iova, physical, IO_PAGE_READ), model.emplace(iova, physical).second);
        } else {
            EXPECT_EQ(io_page_table_unmap(&table, iova), model.erase(iova) == 1);
        }
        uint64_t asked = pages[random() % pages.size()] + random() % 4096;
        auto known = model.find(asked & ~UINT64_C(0xfff));
        uint64_t found = 0;
        uint64_t descriptor;
        ASSERT_EQ(io_page_table_lookup(&table, asked, &found), known != model.end());
        if (known != model.end()) {
            ASSERT_EQ(found, known->second + asked % 4096);
            ASSERT_EQ(walk(store, table.root, asked, &descriptor), known->second);
        }
    }
    EXPECT_GT(model.size(), 50u);
}

TEST_F(Tables, LeavesSayWhatTheyAllow)
{
    io_page_table table;
    ASSERT_TRUE(io_page_table_init(&table, &ram, IO_PAGE_BITS));
    for (uint32_t protection = 0; protection < 32; protection++) {
        uint64_t iova = UINT64_C(0x123456000) + protection * IO_PAGE_BYTES;
        uint64_t leaf;
        ASSERT_TRUE(io_page_table_map(&table, iova, 0x8090000, protection));
        ASSERT_EQ(walk(store, table.root, iova, &leaf), 0x8090000u);
        bool device = (protection & IO_PAGE_MMIO) != 0;
        EXPECT_EQ(smmu_get(leaf, SMMU_PTE_AP_RO) == 0, (protection & IO_PAGE_WRITE) != 0);
        EXPECT_EQ(smmu_get(leaf, SMMU_PTE_AP_EL0) != 0, (protection & IO_PAGE_USER) != 0);
        EXPECT_EQ(smmu_get(leaf, SMMU_PTE_UXN) != 0, (protection & IO_PAGE_NOEXEC) != 0);
        EXPECT_EQ(smmu_get(leaf, SMMU_PTE_PXN) != 0, (protection & IO_PAGE_NOEXEC) != 0);
        EXPECT_EQ(smmu_get(leaf, SMMU_PTE_AF), 1u) << "no access fault at the first use";
        EXPECT_EQ(smmu_get(leaf, SMMU_PTE_NG), 1u) << "belongs to one ASID";
        uint64_t type = IO_PAGE_MAIR >> (8 * smmu_get(leaf, SMMU_PTE_ATTRINDX)) & 0xff;
        EXPECT_EQ(type, device ? 0x04u : 0xffu) << "Device-nGnRE, or normal write-back";
    }
}

TEST_F(Tables, MappingFailsWhenMemoryIsUsedUp)
{
    make(4 * MEMORY_PAGE_BYTES);
    io_page_table table;
    ASSERT_TRUE(io_page_table_init(&table, &ram, IO_PAGE_BITS));
    EXPECT_FALSE(io_page_table_map(&table, 0x1000, 0x2000, IO_PAGE_READ))
        << "three more tables do not fit in two pages";
    uint64_t found;
    EXPECT_FALSE(io_page_table_lookup(&table, 0x1000, &found));
}

// ---- Domains, by a driver that is never asked for anything but a context

class Domains : public Tables
{
  protected:
    void SetUp() override
    {
        Tables::SetUp();
        driver.ram = &ram;
        driver.next_asid = 1;
        driver.output_size = 5;
        ASSERT_TRUE(domain_init(&real, DOMAIN_DMA, &driver, &ram, &error));
        domain_init_planned(&planned, DOMAIN_DMA);
    }
    void TearDown() override
    {
        domain_release(&real);
        domain_release(&planned);
        Tables::TearDown();
    }

    // Maps in the real and in the planned domain, which must agree.
    uint64_t doorbell(uint64_t physical)
    {
        uint64_t address = 0;
        uint64_t plan = 0;
        EXPECT_TRUE(domain_map_doorbell(&real, physical, &address, &error)) << error.text;
        EXPECT_TRUE(domain_map_doorbell(&planned, physical, &plan, &error)) << error.text;
        EXPECT_EQ(address, plan);
        return address;
    }

    smmu_driver driver = {};
    domain real = {};
    domain planned = {};
    host_error error = {};
};

/* At once or page by page, above what is mapped or among it: the same. */
TEST_F(Domains, AWindowIsMappedAsItsPagesWouldBe)
{
    for (const uint64_t base : {UINT64_C(0x8000000), UINT64_C(0x7ffe000), UINT64_C(0x9000000)}) {
        domain by_page = {};

        domain_init_planned(&by_page, DOMAIN_DMA);
        for (size_t i = 0; i < planned.doorbell_count; i++) {
            ASSERT_TRUE(
                domain_install_doorbell(&by_page, planned.doorbells[i].iova, planned.doorbells[i].physical, &error));
        }
        for (uint64_t i = 0; i < 6; i++) {
            ASSERT_TRUE(domain_install_doorbell(&by_page, base + 0x1000 * i, base + 0x1000 * i, &error));
        }
        ASSERT_TRUE(domain_install_window(&planned, base, 6, &error)) << error.text;
        ASSERT_TRUE(domain_install_window(&real, base, 6, &error)) << error.text;
        ASSERT_EQ(planned.doorbell_count, by_page.doorbell_count);
        ASSERT_EQ(real.doorbell_count, by_page.doorbell_count);
        for (size_t i = 0; i < by_page.doorbell_count; i++) {
            EXPECT_EQ(planned.doorbells[i].iova, by_page.doorbells[i].iova);
            EXPECT_EQ(planned.doorbells[i].physical, by_page.doorbells[i].physical);
            EXPECT_EQ(real.doorbells[i].iova, by_page.doorbells[i].iova);
        }
        domain_release(&by_page);
    }
    EXPECT_FALSE(domain_install_window(&planned, 0, 1, &error));
}

TEST_F(Domains, DoorbellsThatLeadNowhereArePassedOver)
{
    domain below = {};
    domain guest = {};
    domain_doorbell doorbell;
    size_t position = 0;

    ASSERT_TRUE(domain_init_stage2(&below, nullptr, nullptr, &error));
    ASSERT_TRUE(domain_install_doorbell(&below, 0x8002000, 0x30000000, &error));
    ASSERT_TRUE(domain_init_guest(&guest, &below, nullptr, 0, &error));
    ASSERT_TRUE(domain_install_window(&guest, 0x8000000, 8, &error));
    ASSERT_TRUE(domain_next_doorbell(&guest, &position, &doorbell));
    EXPECT_EQ(doorbell.iova, 0x8002000u);
    EXPECT_EQ(doorbell.physical, 0x30000000u);
    EXPECT_FALSE(domain_next_doorbell(&guest, &position, &doorbell));
    domain_release(&guest);
    domain_release(&below);
}

/* Whatever the stage below maps, and in whatever order: the walk finds what looking at every doorbell does. */
TEST_F(Domains, TheWalkOverDoorbellsFindsAllThatLeadSomewhere)
{
    uint32_t state = 1;
    auto draw = [&state](uint32_t below) {
        state = state * 1664525 + 1013904223;
        return (state >> 8) % below;
    };

    for (unsigned round = 0; round < 500; round++) {
        domain below = {};
        domain guest = {};
        domain_doorbell doorbell;
        std::vector<std::pair<uint64_t, uint64_t>> walked;
        std::vector<std::pair<uint64_t, uint64_t>> looked;

        ASSERT_TRUE(domain_init_stage2(&below, nullptr, nullptr, &error));
        for (uint32_t i = draw(6); i > 0; i--) {
            const uint64_t page = 0x8000000 + UINT64_C(0x1000) * draw(40);

            domain_install_doorbell(&below, page, UINT64_C(0x30000000) + UINT64_C(0x1000) * draw(9), &error);
        }
        for (uint32_t i = draw(3); i > 0; i--) {
            const uint64_t page = UINT64_C(0x7ffe000) + UINT64_C(0x1000) * draw(40);

            domain_map_at(&below, page, 0x40000000, UINT64_C(0x1000) * (1 + draw(8)), &error);
        }
        ASSERT_TRUE(domain_init_guest(&guest, &below, nullptr, 0, &error));
        for (uint32_t i = draw(3); i > 0; i--) {
            domain_install_doorbell(&guest, UINT64_C(0x1000) * (1 + draw(9)), 0x8000000 + UINT64_C(0x1000) * draw(9),
                                    &error);
        }
        ASSERT_TRUE(domain_install_window(&guest, 0x8000000, draw(33), &error));
        for (uint32_t i = draw(3); i > 0; i--) {
            domain_install_doorbell(&guest, UINT64_C(0x9000000) + UINT64_C(0x1000) * draw(9),
                                    0x8000000 + UINT64_C(0x1000) * draw(40), &error);
        }
        if (draw(3) == 0 && guest.doorbell_count > 0) {
            const auto number = draw(static_cast<uint32_t>(guest.doorbell_count));

            ASSERT_TRUE(domain_remove_doorbell(&guest, guest.doorbells[number].iova, &error));
        }
        for (size_t i = 0; i < guest.doorbell_count; i++) {
            uint64_t physical;

            if (domain_resolve(&guest, guest.doorbells[i].iova, &physical)) {
                looked.emplace_back(guest.doorbells[i].iova, physical);
            }
        }
        for (size_t position = 0; domain_next_doorbell(&guest, &position, &doorbell);) {
            walked.emplace_back(doorbell.iova, doorbell.physical);
        }
        EXPECT_EQ(walked, looked) << "round " << round;
        domain_release(&guest);
        domain_release(&below);
    }
}

TEST_F(Domains, AForgottenOneIsAsIfZeroedButForItsRoom)
{
    uint64_t address;

    ASSERT_TRUE(domain_map_doorbell(&planned, 0x08090040, &address, &error));
    ASSERT_TRUE(domain_map_at(&planned, 0x10000, 0, 0x1000, &error));
    planned.name = "somebody";
    planned.group = 3;
    domain_forget(&planned);
    EXPECT_EQ(planned.doorbell_count, 0u);
    EXPECT_EQ(planned.mapping_count, 0u);
    EXPECT_EQ(planned.doorbell_top, 0u);
    EXPECT_EQ(planned.window_size, 0u);
    EXPECT_EQ(planned.name, nullptr);
    EXPECT_EQ(planned.group, 0u);
    EXPECT_EQ(planned.granule, 0u);
    EXPECT_EQ(planned.users, nullptr);
    EXPECT_GT(planned.doorbell_limit, 0u);
    EXPECT_GT(planned.mapping_limit, 0u);
}

TEST_F(Domains, OneMappingForEachDoorbellPage)
{
    EXPECT_EQ(doorbell(0x8090040), 0xfffff040u) << "the first page is the last below 4 GiB";
    EXPECT_EQ(doorbell(0x80d0040), 0xffffe040u);
    EXPECT_EQ(doorbell(0x8090040), 0xfffff040u) << "the same page, the same mapping";
    EXPECT_EQ(doorbell(0x8090ffc), 0xfffffffcu);
    EXPECT_EQ(real.doorbell_count, 2u);
    EXPECT_EQ(planned.doorbell_count, 2u);
    for (uint64_t page : {UINT64_C(0xfffff000), UINT64_C(0xffffe000)}) {
        uint64_t leaf;
        EXPECT_EQ(walk(store, real.table.root, page, &leaf), page == 0xfffff000 ? 0x8090000u : 0x80d0000u);
        EXPECT_EQ(smmu_get(leaf, SMMU_PTE_AP_RO), 0u);
        EXPECT_EQ(smmu_get(leaf, SMMU_PTE_AP_EL0), 1u);
    }
}

TEST_F(Domains, PlansTheAddressesThatARealOneTakes)
{
    std::mt19937_64 random(3);
    std::map<uint64_t, uint64_t> model; // page by page
    for (unsigned i = 0; i < 300; i++) {
        if (random() % 2 != 0) {
            uint64_t physical = 0x8000040 + (random() % 8 << 16);
            uint64_t address = doorbell(physical);
            auto known = model.emplace(address & ~UINT64_C(0xfff), physical & ~UINT64_C(0xfff));
            EXPECT_EQ(known.first->second, physical & ~UINT64_C(0xfff));
            continue;
        }
        uint64_t size = 1 + random() % 20000;
        uint64_t address;
        uint64_t plan;
        ASSERT_TRUE(domain_map_buffer(&real, BASE + i * 0x10000, size, &address, &error)) << error.text;
        ASSERT_TRUE(domain_map_buffer(&planned, 0, size, &plan, &error)) << error.text;
        ASSERT_EQ(address, plan);
        for (uint64_t offset = 0; offset < size; offset += 4096) {
            ASSERT_TRUE(model.emplace(address + offset, BASE + i * 0x10000 + offset).second) << "taken twice";
        }
    }
    for (const auto &page : model) {
        uint64_t leaf;
        ASSERT_EQ(walk(store, real.table.root, page.first, &leaf), page.second);
    }
}

TEST_F(Domains, WithoutTranslationTheDoorbellIsItself)
{
    for (domain_kind kind : {DOMAIN_DMA, DOMAIN_IDENTITY}) {
        domain plain = {};
        uint64_t address = 0;
        ASSERT_TRUE(domain_init(&plain, kind, kind == DOMAIN_DMA ? nullptr : &driver, &ram, &error));
        EXPECT_FALSE(domain_translates(&plain));
        EXPECT_TRUE(domain_map_doorbell(&plain, 0x8090040, &address, &error));
        EXPECT_EQ(address, 0x8090040u);
        EXPECT_EQ(plain.doorbell_count, 0u);
        domain_release(&plain);
    }
}

TEST_F(Domains, AddressesRunOutWithAnError)
{
    uint64_t address;
    EXPECT_FALSE(domain_map_buffer(&planned, 0, UINT64_C(4) << 30, &address, &error));
    EXPECT_NE(error.text[0], '\0');
    ASSERT_TRUE(domain_map_buffer(&planned, 0, (UINT64_C(4) << 30) - 4096, &address, &error));
    EXPECT_EQ(address, 0x1000u);
    EXPECT_FALSE(domain_map_doorbell(&planned, 0x8090040, &address, &error)) << "address 0 is never given out";
}

// ---- Placement

// Root ports with switches with endpoints, BARs of random sizes.
struct Tree {
    pci_tree tree = {};

    explicit Tree(std::mt19937_64 &random, uint64_t largest = 24)
    {
        pci_tree_add_host_bridge(&tree, "rc0", 0, 0, 255);
        unsigned bus = 1;
        for (unsigned port = 0; port < 1 + random() % 3; port++) {
            uint32_t root_port = add(random, PCI_TREE_ROOT_PORT, pci_tree_rid(0, port, 0), 0);
            unsigned inner = bus + 1;
            tree.functions[root_port].secondary = static_cast<uint8_t>(bus);
            uint32_t upstream = add(random, PCI_TREE_UPSTREAM_PORT, pci_tree_rid(bus, 0, 0), 0);
            tree.functions[upstream].secondary = static_cast<uint8_t>(inner);
            bus += 2;
            for (unsigned i = 0; i < random() % 5; i++) {
                uint32_t down = add(random, PCI_TREE_DOWNSTREAM_PORT, pci_tree_rid(inner, i, 0), 0);
                tree.functions[down].secondary = static_cast<uint8_t>(bus);
                tree.functions[down].subordinate = static_cast<uint8_t>(bus);
                if (random() % 4 != 0) {
                    add(random, PCI_TREE_ENDPOINT, pci_tree_rid(bus, 0, 0), largest);
                }
                bus++;
            }
            tree.functions[upstream].subordinate = static_cast<uint8_t>(bus - 1);
            tree.functions[root_port].subordinate = static_cast<uint8_t>(bus - 1);
        }
        char text[256];
        EXPECT_TRUE(pci_tree_finish(&tree, text, sizeof(text))) << text;
    }
    ~Tree()
    {
        pci_tree_clear(&tree);
    }
    Tree(const Tree &) = delete;
    Tree &operator=(const Tree &) = delete;

    uint32_t add(std::mt19937_64 &random, pci_tree_type type, uint16_t rid, uint64_t largest)
    {
        pci_tree_function function;
        pci_tree_function_init(&function, type, rid);
        for (unsigned i = 0; i < PCI_TREE_BARS && largest > 0; i++) {
            function.bars[i].size = random() % 2 != 0 ? UINT64_C(1) << (12 + random() % (largest - 11)) : 0;
        }
        return pci_tree_add_function(&tree, &function);
    }
};

bool inside(const pci_tree_range &range, const pci_tree_range &window)
{
    return range.base >= window.base && range.base + range.size <= window.base + window.size;
}

bool disjoint(const pci_tree_range &a, const pci_tree_range &b)
{
    return a.size == 0 || b.size == 0 || a.base + a.size <= b.base || b.base + b.size <= a.base;
}

// BARs are aligned and inside the windows above; what is side by side does not overlap.
void expect_sound(const pci_tree &tree, const pci_tree_range &all)
{
    std::vector<std::pair<uint32_t, pci_tree_range>> ranges; // parent, range
    for (uint32_t i = 0; i < tree.function_count; i++) {
        const pci_tree_function &function = tree.functions[i];
        const pci_tree_range &above =
            function.parent == PCI_TREE_NONE ? all : tree.functions[function.parent].windows[0];
        for (const pci_tree_range &bar : function.bars) {
            if (bar.size != 0) {
                EXPECT_EQ(bar.base % bar.size, 0u);
                EXPECT_TRUE(inside(bar, above));
                ranges.push_back({function.parent, bar});
            }
        }
        const pci_tree_range &window = function.windows[0];
        if (pci_tree_is_bridge(&function) && window.size != 0) {
            EXPECT_EQ((window.base | window.size) % 0x100000, 0u);
            EXPECT_TRUE(inside(window, above));
            ranges.push_back({function.parent, window});
        }
    }
    for (size_t i = 0; i < ranges.size(); i++) {
        for (size_t j = 0; j < i; j++) {
            EXPECT_TRUE(ranges[i].first != ranges[j].first || disjoint(ranges[i].second, ranges[j].second));
        }
    }
}

TEST(Placement, IsSoundForRandomTrees)
{
    std::mt19937_64 random(4);
    unsigned placed = 0;
    for (unsigned round = 0; round < 200; round++) {
        Tree made(random);
        host_error error = {};
        pci_tree_range all = {0x40000000, UINT64_C(1) << (22 + random() % 9), false};
        if (placement_assign(&made.tree, 0, all.base, all.size, &error)) {
            expect_sound(made.tree, all);
            placed++;
        } else {
            EXPECT_NE(std::string(error.text).find("too small"), std::string::npos) << error.text;
        }
    }
    EXPECT_GT(placed, 20u);
    EXPECT_LT(placed, 200u) << "no window was ever too small";
}

} // namespace
