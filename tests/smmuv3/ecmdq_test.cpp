/*
 * Command queue control pages: where they are, how a queue is enabled, its errors, and that queues do not depend on
 * each other. Offsets and bits are those of IHI 0070, 3.5.6, 6.2.5 and 6.3.49.
 */
#include "tests/smmuv3/smmu_system.h"

#include "gtest/gtest.h"

using namespace smmu_test;

namespace
{

constexpr uint64_t probe = System::memory_base + System::memory_size - 0x1000;
constexpr uint64_t sync_none = 0x46;
constexpr uint32_t enable = UINT32_C(1) << 31;
constexpr uint32_t errack = UINT32_C(1) << 23;
constexpr uint32_t gerror_cmdqp = 1 << 9;

uint64_t sync_irq(uint32_t data)
{
    return sync_none | 1 << 12 | static_cast<uint64_t>(data) << 32;
}

/** One queue, as software sees it. */
struct Queue {
    System &s;
    uint32_t registers; /**< offset of BASE */
    uint64_t memory = 0;
    unsigned bits = 4;
    uint32_t prod = 0;
    uint32_t ack = 0;

    Queue(System &system, unsigned number) : s(system)
    {
        const uint32_t idr6 = static_cast<uint32_t>(s.read(0x190));
        const unsigned queues = 1u << (idr6 >> 16 & 0xf);
        const uint64_t page = s.read(0x4000 + 32 * (number / queues), 8);

        registers = static_cast<uint32_t>(page & UINT64_C(0xffffffffff0000)) + number % queues * (0x10000 / queues);
    }
    void start()
    {
        memory = s.allocate(UINT64_C(16) << bits, UINT64_C(16) << bits);
        s.write(registers, memory | bits, 8);
        s.write(registers + 8, enable);
    }
    /** Writes a command; it is consumed when PROD is. */
    void put(uint64_t word0, uint64_t word1 = 0)
    {
        const uint64_t address = memory + 16 * (prod & ((1u << bits) - 1));

        memory_write64(s.memory, address, word0);
        memory_write64(s.memory, address + 8, word1);
        prod = (prod + 1) & ((2u << bits) - 1);
    }
    uint32_t prod_value() const
    {
        return enable | ack | prod;
    }
    void append(uint64_t word0, uint64_t word1 = 0)
    {
        put(word0, word1);
        s.write(registers + 8, prod_value());
    }
    uint32_t cons()
    {
        return static_cast<uint32_t>(s.read(registers + 0xc));
    }
};

void two_by_four(smmu_config &c)
{
    c.ecmdq_pages = 2;
    c.ecmdq_queues = 4;
}

uint32_t active(System &s)
{
    return static_cast<uint32_t>(s.read(0x60) ^ s.read(0x64));
}

TEST(Ecmdq, IsFoundThroughPageZero)
{
    System s(support::engines()[0], two_by_four);

    EXPECT_EQ(s.read(0x4) >> 31, 1u) << "IDR1.ECMDQ";
    EXPECT_EQ(s.read(0x190), 1u << 24 | 2u << 16) << "IDR6";
    EXPECT_EQ(s.read(0x4000, 8), 0x20003u) << "64 KiB, registers";
    EXPECT_EQ(s.read(0x4020, 8), 0x30003u);
    EXPECT_EQ(s.read(0x4008), 1u);
    EXPECT_EQ(s.read(0x402c), 1u);
    EXPECT_EQ(s.read(0x4040, 8), 0u) << "there are two";
    EXPECT_EQ(s.write(0x3ffff - 3, 0), SIM_STATUS_OK);
    EXPECT_EQ(s.write(0x40000, 0), SIM_STATUS_UR);
}

TEST(Ecmdq, AbsentByDefault)
{
    System s(support::engines()[0]);

    EXPECT_EQ(s.read(0x4) >> 31, 0u);
    EXPECT_EQ(s.read(0x190), 0u);
    EXPECT_EQ(s.read(0x4000, 8), 0u);
    EXPECT_EQ(s.write(0x20000, 0), SIM_STATUS_UR);
}

TEST(Ecmdq, ConfigurationErrors)
{
    smmu_config c;

    smmu_config_defaults(&c);
    for (auto [pages, queues, good] :
         {std::tuple(1u, 1u, true), std::tuple(128u, 1u, true), std::tuple(1u, 128u, true), std::tuple(3u, 1u, false),
          std::tuple(1u, 0u, false), std::tuple(2u, 128u, false), std::tuple(256u, 1u, false)}) {
        c.ecmdq_pages = pages;
        c.ecmdq_queues = queues;
        EXPECT_EQ(smmu_config_error(&c) == nullptr, good) << pages << " " << queues;
    }
}

TEST(Ecmdq, HandshakeAndSync) /* ecmdq-001 */
{
    everywhere(two_by_four, [](System &s) {
        for (unsigned number : {0u, 3u, 4u, 7u}) {
            Queue q(s, number);

            EXPECT_EQ(q.cons(), 0u);
            q.start();
            EXPECT_EQ(q.cons(), enable);
            q.append(sync_none);
            EXPECT_EQ(q.cons(), enable | 1);
            q.append(sync_irq(number + 1), probe);
            EXPECT_EQ(q.cons(), enable | 2);
            EXPECT_EQ(memory_read32(s.memory, probe), number + 1);
            for (unsigned i = 0; i < 14; i++) {
                q.append(sync_none);
            }
            EXPECT_EQ(q.cons(), enable | 16) << "wrapped";
        }
        EXPECT_EQ(active(s), 0u);
        EXPECT_EQ(s.read(0x9c), 0u) << "nothing of this is CMDQ_CONS's";
    });
}

TEST(Ecmdq, ErrorStopsOnlyItsQueue) /* ecmdq-002 */
{
    everywhere(two_by_four, [](System &s) {
        s.enable();
        Queue bad(s, 0);
        Queue good(s, 1);

        bad.start();
        good.start();
        bad.append(0xf0);
        bad.append(sync_irq(1), probe);
        good.append(sync_none);
        s.append(sync_none);
        EXPECT_EQ(bad.cons(), enable | 1u << 24 | errack);
        EXPECT_EQ(good.cons(), enable | 1);
        EXPECT_EQ(s.read(0x9c), 1u);
        EXPECT_EQ(active(s), gerror_cmdqp);
        /* Acknowledging GERROR is no more than that. */
        s.write(0x64, s.read(0x60));
        EXPECT_EQ(active(s), 0u);
        EXPECT_EQ(bad.cons(), enable | 1u << 24 | errack);
        EXPECT_EQ(memory_read32(s.memory, probe), 0u);
        memory_write64(s.memory, bad.memory, sync_none);
        bad.ack = errack;
        s.write(bad.registers + 8, bad.prod_value());
        EXPECT_EQ(bad.cons() & 0xfffff, 2u);
        EXPECT_EQ(memory_read32(s.memory, probe), 1u);
        /* The next error toggles ERR back. */
        bad.append(0);
        EXPECT_EQ(bad.cons(), enable | 1u << 24 | 2);
        EXPECT_EQ(active(s), gerror_cmdqp);
    });
}

/* An error of the command queue of page 0 is none of theirs; nor does CMDQEN matter. */
TEST(Ecmdq, DoesNotDependOnTheCommandQueue)
{
    everywhere(two_by_four, [](System &s) {
        Queue q(s, 2);

        s.enable();
        q.start();
        s.append(0);
        EXPECT_EQ(active(s), 1u);
        q.append(sync_none);
        EXPECT_EQ(q.cons(), enable | 1);
        s.write(0x20, 0x5);
        q.append(sync_none);
        EXPECT_EQ(q.cons(), enable | 2);
    });
}

TEST(Ecmdq, FetchAbort)
{
    everywhere(two_by_four, [](System &s) {
        Queue q(s, 1);

        s.write(q.registers, System::nowhere | 4, 8);
        s.write(q.registers + 8, enable | 1);
        EXPECT_EQ(q.cons(), enable | 2u << 24 | errack);
        EXPECT_EQ(active(s), gerror_cmdqp);
    });
}

TEST(Ecmdq, RegistersAreGuarded)
{
    everywhere(two_by_four, [](System &s) {
        Queue q(s, 0);

        s.write(q.registers, UINT64_C(0xffffffffffffffff), 8);
        EXPECT_EQ(s.read(q.registers, 8), UINT64_C(0x400fffffffffffff));
        s.write(q.registers + 0xc, 0xffffffff);
        EXPECT_EQ(q.cons(), 0x078fffffu) << "ENACK is read-only";
        s.write(q.registers + 0xc, 0);
        s.write(0x28, 0x2a);
        EXPECT_EQ(s.read(0x28), 0x2au);
        q.start();
        s.write(q.registers, 0x10000004, 8);
        s.write(q.registers + 0xc, 5);
        s.write(0x28, 0x15);
        EXPECT_EQ(s.read(q.registers, 8), q.memory | 4);
        EXPECT_EQ(q.cons(), enable);
        EXPECT_EQ(s.read(0x28), 0x2au) << "the queue attributes of CR1 are in use";
        s.write(q.registers + 8, 0);
        EXPECT_EQ(q.cons(), 0u);
        s.write(q.registers + 0xc, 5);
        EXPECT_EQ(q.cons(), 5u);
        EXPECT_EQ(s.read(q.registers + 0x10), 0u) << "between two queues";
        s.write(q.registers + 0x18, 7);
        EXPECT_EQ(s.read(q.registers + 0x18), 0u);
    });
}

TEST(Ecmdq, DisablingEndsAfterTheCommandUnderWay)
{
    const System::Tweak slow = [](smmu_config &c) {
        two_by_four(c);
        c.command_cycles = 514;
        c.scan_cycles = 0;
    };

    everywhere(slow, [](System &s) {
        Queue q(s, 5);

        s.enable();
        q.start();
        for (unsigned i = 0; i < 8; i++) {
            q.put(tlbi(0x10, 0));
        }
        const sim_time begin = sim_now(s.sim);
        bus_driver_write(s.host, begin, System::register_base + q.registers + 8, q.prod_value(), 4);
        bus_driver_write(s.host, begin + 700 * SIM_NS, System::register_base + q.registers + 8, q.prod, 4);
        /* While it is disabled the register cannot be written. */
        bus_driver_write(s.host, begin + 702 * SIM_NS, System::register_base + q.registers + 8, q.prod_value(), 4);
        s.run();
        const uint32_t stopped = q.cons();
        EXPECT_EQ(stopped & enable, 0u);
        EXPECT_GT(stopped, 0u);
        EXPECT_LT(stopped, 8u);
        s.write(q.registers + 8, q.prod_value());
        EXPECT_EQ(q.cons(), enable | 8);
    });
}

/* A translation that all queues' invalidations are about; each CMD_SYNC is for its own queue. */
TEST(Ecmdq, InvalidatesLikeAnyQueue)
{
    everywhere(two_by_four, [](System &s) {
        Queue q(s, 6);

        s.enable();
        s.make_s1();
        q.start();
        s.txn({.addr = 0x40001000});
        s.unmap(s.root, 0x40001000);
        EXPECT_EQ(s.txn({.addr = 0x40001000}).outcome, Outcome::ok) << "cached";
        q.append(tlbi(0x12, 7), 0x40001000);
        q.append(sync_none);
        EXPECT_EQ(s.txn({.addr = 0x40001000}).outcome, Outcome::abort);
    });
}

/*
 * What carries commands out goes round: of eight queues with four commands each, none has two done before every other
 * has one. All lines are read at once, so that the queues compete from the first command on.
 */
TEST(Ecmdq, TurnsGoRound)
{
    everywhere(two_by_four, [](System &s) {
        std::vector<uint32_t> order;
        std::vector<Queue> queues;
        const sim_time begin = sim_now(s.sim);

        for (unsigned i = 0; i < 8; i++) {
            queues.emplace_back(s, i);
            queues[i].start();
            for (unsigned j = 0; j < 4; j++) {
                queues[i].put(tlbi(0x10, 0));
            }
        }
        smmu_observe_commands(
            s.smmu,
            [](void *context, uint32_t queue, const uint64_t *) {
                static_cast<std::vector<uint32_t> *>(context)->push_back(queue);
            },
            &order);
        for (Queue &q : queues) {
            bus_driver_write(s.host, begin + SIM_US, System::register_base + q.registers + 8, q.prod_value(), 4);
        }
        s.run();
        ASSERT_EQ(order.size(), 32u);
        std::array<unsigned, 9> done = {};
        for (uint32_t queue : order) {
            done[queue]++;
            for (unsigned other = 1; other <= 8; other++) {
                EXPECT_LE(done[queue], done[other] + 1) << "queue " << queue << " is ahead of " << other;
            }
        }
    });
}

/* CMD_SYNCs of several queues wait at once: for the same slow request they end together, not one after the other. */
TEST(Ecmdq, SyncsWaitTogether)
{
    everywhere(two_by_four, [](System &s) {
        std::vector<Queue> queues;

        s.enable();
        s.make_s1();
        for (unsigned i = 0; i < 4; i++) {
            queues.emplace_back(s, i);
            queues[i].start();
            queues[i].put(sync_irq(i + 1), probe + 8 * i);
        }
        const sim_time begin = sim_now(s.sim);
        const uint32_t slow = s.start({.addr = 0x40001000, .op = 'W', .when = begin + 10 * SIM_NS});
        for (Queue &q : queues) {
            bus_driver_write(s.host, begin + 40 * SIM_NS, System::register_base + q.registers + 8, q.prod_value(), 4);
        }
        s.run();
        for (unsigned i = 0; i < 4; i++) {
            EXPECT_EQ(memory_read32(s.memory, probe + 8 * i), i + 1);
            EXPECT_EQ(queues[i].cons(), enable | 1);
        }
        EXPECT_EQ(s.result(0, slow).outcome, Outcome::ok);
        EXPECT_EQ(s.counter("msis"), 4u);
    });
}

} // namespace
