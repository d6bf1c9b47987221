/*
 * Knows which translation tables are in use, and sees every read of memory: a walk through a table of a domain that
 * nothing is attached to any more is one that real software would have freed, and is counted.
 */
#ifndef DOORBELL_TESTS_SYSTEM_FREED_TABLES_H
#define DOORBELL_TESTS_SYSTEM_FREED_TABLES_H

#include "scenario/system_internal.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace system_test
{

class FreedTables
{
  public:
    explicit FreedTables(struct system *system);
    ~FreedTables();
    FreedTables(const FreedTables &) = delete;
    FreedTables &operator=(const FreedTables &) = delete;

    /** Reads of tables that are in use. */
    uint64_t walks() const
    {
        return walks_;
    }
    /** Reads of tables that are not. */
    uint64_t uses_of_freed() const
    {
        return uses_of_freed_;
    }
    /** The first of them, for a person. */
    const std::string &first() const
    {
        return first_;
    }

  private:
    static void see(void *context, const struct sim_packet *request, sim_time now);
    void look_at(const struct sim_packet *request, sim_time now);
    void learn();
    void learn_table(const struct domain *domain, uint64_t address, unsigned level);
    bool is_in_use(const struct domain *domain) const;
    bool acting() const;
    uint64_t allocated() const;

    struct system *system_;
    std::map<uint64_t, const struct domain *> pages_;
    uint64_t known_ = 0; /* what was allocated when pages_ was made */
    uint64_t walks_ = 0;
    uint64_t uses_of_freed_ = 0;
    std::string first_;
};

} // namespace system_test

#endif
