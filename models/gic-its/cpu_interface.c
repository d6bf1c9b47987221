#include "models/gic-its/cpu_interface.h"

/** Group priority bits are at most 7:1, so there are 128 priorities that can be active. */
static uint32_t level_of(uint32_t priority)
{
    return priority >> 1;
}

void cpu_interface_init(struct cpu_interface *interface, uint32_t priority_bits, uint32_t priority_mask,
                        uint32_t binary_point)
{
    *interface = (struct cpu_interface){
        .priority_bits = (uint8_t)priority_bits,
        .priority_mask = (uint8_t)(priority_mask == 0xff ? 0xff : priority_mask & 0xff00u >> priority_bits),
        .group1_enable = true,
    };
    cpu_interface_set_binary_point(interface, binary_point);
}

void cpu_interface_set_binary_point(struct cpu_interface *interface, uint32_t binary_point)
{
    /* Bits that do not exist cannot be part of the group priority; nor can bit 0 for Group 1. */
    uint32_t least = interface->priority_bits < 8 ? 8u - interface->priority_bits : 1;

    binary_point &= 7;
    interface->binary_point = (uint8_t)(binary_point < least ? least : binary_point);
}

uint32_t cpu_interface_group_priority(const struct cpu_interface *interface, uint32_t priority)
{
    return priority & 0xffu << interface->binary_point & 0xff;
}

uint32_t cpu_interface_running_priority(const struct cpu_interface *interface)
{
    if (interface->active[0] != 0) {
        return 2 * (uint32_t)__builtin_ctzll(interface->active[0]);
    }
    if (interface->active[1] != 0) {
        return 2 * (64 + (uint32_t)__builtin_ctzll(interface->active[1]));
    }
    return CPU_INTERFACE_IDLE;
}

uint32_t cpu_interface_threshold(const struct cpu_interface *interface)
{
    uint32_t step = 1u << interface->binary_point;
    uint32_t running = cpu_interface_running_priority(interface);
    uint32_t preempting = 0x100;

    if (!interface->group1_enable) {
        return 0;
    }
    if (running != CPU_INTERFACE_IDLE) {
        /* A priority has a smaller group priority exactly if it is below the first group that starts at or above. */
        preempting = (running + step - 1) / step * step;
    }
    return preempting < interface->priority_mask ? preempting : interface->priority_mask;
}

void cpu_interface_acknowledge(struct cpu_interface *interface, uint32_t priority)
{
    uint32_t level = level_of(cpu_interface_group_priority(interface, priority));

    interface->active[level / 64] |= (uint64_t)1 << (level % 64);
}

bool cpu_interface_drop(struct cpu_interface *interface)
{
    uint64_t *word = &interface->active[interface->active[0] != 0 ? 0 : 1];

    if (*word == 0) {
        return false;
    }
    *word &= *word - 1;
    return true;
}

uint32_t cpu_interface_read_view(uint32_t priority)
{
    return priority < 0x80 ? 0 : priority << 1 & 0xff;
}

uint32_t cpu_interface_write_view(uint32_t old, uint32_t written)
{
    return old < 0x80 ? old : (written & 0xff) >> 1 | 0x80;
}
