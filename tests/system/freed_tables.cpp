#include "tests/system/freed_tables.h"

namespace system_test
{

namespace
{

constexpr uint64_t address_bits = UINT64_C(0x0000fffffffff000);
constexpr unsigned last_level = 3;

uint64_t page_of(uint64_t address)
{
    return address & ~UINT64_C(4095);
}

} // namespace

FreedTables::FreedTables(struct system *system) : system_(system)
{
    memory_watch(system->memory, see, this);
}

FreedTables::~FreedTables()
{
    memory_watch(system_->memory, nullptr, nullptr);
}

void FreedTables::see(void *context, const struct sim_packet *request, sim_time now)
{
    static_cast<FreedTables *>(context)->look_at(request, now);
}

/** A table and those below it. Descriptors of a guest's hold intermediate addresses. */
void FreedTables::learn_table(const struct domain *domain, uint64_t address, unsigned level)
{
    if (address == 0 || !memory_contains(system_->memory, address, IO_PAGE_BYTES)) {
        return;
    }
    pages_[address] = domain;
    for (unsigned i = 0; level < last_level && i < 512; i++) {
        const uint64_t descriptor = memory_read64(system_->memory, address + 8 * i);

        if ((descriptor & 3) == 3) {
            learn_table(domain, (descriptor & address_bits) + domain->table.guest_offset, level + 1);
        }
    }
}

void FreedTables::learn()
{
    const struct software &software = system_->software;

    pages_.clear();
    for (size_t i = 0; i < software.domain_count; i++) {
        const struct domain &domain = software.domains[i];

        if (domain_translates(&domain) && domain.table.root != 0) {
            learn_table(&domain, domain.table.root + domain.table.guest_offset, domain.table.stage2 ? 1 : 0);
        }
    }
}

/** How much software has taken for tables and the like: new tables do not come about without it. */
uint64_t FreedTables::allocated() const
{
    const struct software &software = system_->software;
    uint64_t sum = software.ram.next + software.domain_count;

    for (size_t i = 0; i < software.consumer_count; i++) {
        sum += software.consumers[i].has_guest_memory ? software.consumers[i].guest_ram.next : 0;
    }
    return sum;
}

bool FreedTables::is_in_use(const struct domain *domain) const
{
    const struct software &software = system_->software;

    if (domain->attached > 0) {
        return true;
    }
    for (size_t i = 0; i < software.domain_count; i++) {
        if (software.domains[i].parent == domain && software.domains[i].attached > 0) {
            return true;
        }
    }
    return false;
}

/** While an action is under way, users come and go, and invalidations have not completed. */
bool FreedTables::acting() const
{
    const struct timeline &timeline = system_->timeline;

    return timeline.next > 0 && timeline.steps[timeline.next - 1].end < timeline.steps[timeline.next - 1].begin;
}

void FreedTables::look_at(const struct sim_packet *request, sim_time now)
{
    if (request->type != SIM_PACKET_READ) {
        return;
    }
    if (allocated() != known_) {
        learn();
        known_ = allocated();
    }
    const auto found = pages_.find(page_of(request->address));
    if (found == pages_.end()) {
        return;
    }
    walks_++;
    if (!acting() && !is_in_use(found->second) && uses_of_freed_++ == 0) {
        first_ = "0x" + std::to_string(request->address) + " at " + std::to_string(now) + " fs, of domain " +
                 std::to_string(found->second - system_->software.domains);
    }
}

} // namespace system_test
