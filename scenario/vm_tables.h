/* A virtual machine of a scenario in the words of host/vm.h, for runs and for plans. */
#ifndef DOORBELL_SCENARIO_VM_TABLES_H
#define DOORBELL_SCENARIO_VM_TABLES_H

#include "host/vm.h"
#include "scenario/scenario.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What a machine shall be; `config` points to the rest. */
struct vm_tables {
    struct vm_config config;
    struct vm_device_config *devices; /**< `function` is the caller's to fill in */
    struct vm_action_config *actions;
};

/** Makes the tables of a machine, whose description must outlive them. Release with vm_tables_clear(). */
void vm_tables_make(const struct scenario_vm *from, struct vm_tables *tables);

/** Releases what they own. */
void vm_tables_clear(struct vm_tables *tables);

/**
 * Whether planned software could make the machines of a scenario (vm_plan()).
 * @return false with one sentence in @p error
 */
bool vm_tables_plan(const struct scenario *scenario, struct software *software, struct host_error *error);

#ifdef __cplusplus
}
#endif

#endif
