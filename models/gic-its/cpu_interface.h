/*
 * A PE's CPU interface, as far as Group 1 interrupts go: which priorities are taken now (IHI 0069, "The CPU interface",
 * "Priority grouping", "Preemption"). Plain state and rules, no time; pe.c drives it.
 *
 * LPIs are Group 1 (Non-secure Group 1 with two security states) and have no active state: what becomes active with an
 * acknowledge is its priority, and the priority drop ends that. Deactivation (ICC_DIR_EL1, or ICC_EOIR1_EL1 with
 * EOImode 0) changes nothing for them. ICC_IGRPEN0_EL1 never matters to an LPI.
 *
 * Priorities here are the values that the hardware compares, 0 (highest) to 0xff. With two security states Non-secure
 * software sees the lower half of them, shifted up; cpu_interface_read_view() and cpu_interface_write_view() convert.
 */
#ifndef DOORBELL_MODELS_GIC_ITS_CPU_INTERFACE_H
#define DOORBELL_MODELS_GIC_ITS_CPU_INTERFACE_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** ICC_RPR_EL1 when nothing is active. */
#define CPU_INTERFACE_IDLE 0xffu

struct cpu_interface {
    uint8_t priority_bits; /**< implemented, 4..8 */
    uint8_t priority_mask; /**< ICC_PMR_EL1: priorities numerically below it are taken */
    uint8_t binary_point;  /**< ICC_BPR1_EL1, 1..7: bits 7:n of a priority decide whether it preempts */
    bool group1_enable;    /**< ICC_IGRPEN1_EL1.Enable */
    uint64_t active[2];    /**< ICC_AP1Rn_EL1: a bit for each priority bits 7:1 that is active */
};

/**
 * Reset state, with Group 1 enabled as software leaves it.
 * @param priority_bits 4..8
 * @param priority_mask value for ICC_PMR_EL1; unimplemented bits are cleared, but 0xff stays "lets everything through"
 * @param binary_point  raised to the least that the number of priority bits allows
 */
void cpu_interface_init(struct cpu_interface *interface, uint32_t priority_bits, uint32_t priority_mask,
                        uint32_t binary_point);

/** ICC_BPR1_EL1: values below the least that the implementation has are raised to it, above 7 taken modulo 8. */
void cpu_interface_set_binary_point(struct cpu_interface *interface, uint32_t binary_point);

/** The part of a priority that decides about preemption. */
uint32_t cpu_interface_group_priority(const struct cpu_interface *interface, uint32_t priority);

/** ICC_RPR_EL1: the highest active group priority, or CPU_INTERFACE_IDLE. */
uint32_t cpu_interface_running_priority(const struct cpu_interface *interface);

/**
 * Priorities numerically below this are taken now: the mask lets them through, and they preempt what runs. 0: none.
 */
uint32_t cpu_interface_threshold(const struct cpu_interface *interface);

/** An acknowledge (ICC_IAR1_EL1): the interrupt's group priority becomes active. */
void cpu_interface_acknowledge(struct cpu_interface *interface, uint32_t priority);

/** Priority drop (ICC_EOIR1_EL1): the highest active priority ends. @return false if none was active */
bool cpu_interface_drop(struct cpu_interface *interface);

/** What Non-secure software reads of a priority (ICC_PMR_EL1, ICC_RPR_EL1) with two security states. */
uint32_t cpu_interface_read_view(uint32_t priority);

/**
 * The mask after Non-secure software wrote ICC_PMR_EL1 with two security states.
 * @param old mask before: if it is in the Secure half the write is ignored
 */
uint32_t cpu_interface_write_view(uint32_t old, uint32_t written);

#ifdef __cplusplus
}
#endif

#endif
