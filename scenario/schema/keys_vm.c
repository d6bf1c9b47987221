/* Virtual machines, and what the hypervisor's work costs. */
#include "scenario/schema/keys_table.h"

#define COST_CYCLES(key, member, cycles, from, text)                                                                   \
    {                                                                                                                  \
        .name = (key), KEY_FIELD(scenario_hypervisor, member), .type = &scenario_type_cycles, .standard = (cycles),    \
        .source = (from), .minimum = "0 cycles", .maximum = "1000000 cycles", .doc = (text)                            \
    }

static const struct scenario_key hypervisor_keys[] = {
    {.name = "time-slice",
     KEY_FIELD(scenario_hypervisor, time_slice),
     .type = &scenario_type_time,
     .standard = "1 ms",
     .source = SCENARIO_ASSUMPTION,
     .minimum = "1 us",
     .maximum = "1 s",
     .doc = "How long a virtual CPU runs while another one waits for its PE."},
    COST_CYCLES("trap", trap_cycles, "1000 cycles", "VM exits: 1,000 to 10,000 cycles (newsletter); the least of it",
                "From a trapped access of a guest to the hypervisor's handler. Back it is `pe.guest-enter`."),
    COST_CYCLES(
        "emulate", emulate_cycles, "870 cycles",
        "KVM/ARM on X-Gene: a trap to the interrupt controller's emulation took 7,370 cycles, a hypercall 6,500 "
        "(remembered, not verified)",
        "What the handler of a trapped register access does."),
    COST_CYCLES("user", user_cycles, "2000 cycles", SCENARIO_ASSUMPTION,
                "From the hypervisor to the virtual machine monitor in user space, and back."),
    {.name = "inject",
     KEY_FIELD(scenario_hypervisor, inject_time),
     .type = &scenario_type_time,
     .standard = "485 ns",
     .source = "vgic_lpi_stress on Linux 6.8-rc1, one virtual CPU: 2.063 M LPIs a second",
     .minimum = "0 ns",
     .maximum = "1 ms",
     .doc = "To find out whose a device's interrupt is and to make it pending in its guest."},
    COST_CYCLES("wake", wake_cycles, "1000 cycles", SCENARIO_ASSUMPTION,
                "From a doorbell or a timer until the virtual CPU that waited is chosen to run."),
    COST_CYCLES("load", load_cycles, "1000 cycles", SCENARIO_ASSUMPTION,
                "To save one virtual CPU's state and load another's; the redistributor's registers come on top."),
    {.name = "kick",
     KEY_FIELD(scenario_hypervisor, kick_time),
     .type = &scenario_type_time,
     .standard = "100 ns",
     .source = SCENARIO_ASSUMPTION,
     .minimum = "1 ps",
     .maximum = "1 ms",
     .doc =
         "From one PE to another that shall look at its virtual CPUs. (A line of memory takes 47 ns between the cores "
         "of a Graviton2.)"},
    COST_CYCLES("its-command", its_command_cycles, "500 cycles", SCENARIO_ASSUMPTION,
                "To emulate one command of a virtual ITS; commands for the hardware come on top."),
    COST_CYCLES("smmu-command", smmu_command_cycles, "500 cycles", SCENARIO_ASSUMPTION,
                "To emulate one command of a virtual SMMU; commands for the hardware come on top."),
    COST_CYCLES("guest-step", guest_step_cycles, "100 cycles", SCENARIO_ASSUMPTION,
                "A guest driver's own work for each register access."),
};
const struct scenario_table scenario_table_hypervisor = {.name = "hypervisor",
                                                         .path = "software.hypervisor",
                                                         .doc = "What the hypervisor's work costs, on the PE that does "
                                                                "it.",
                                                         TABLE_KEYS(hypervisor_keys),
                                                         TABLE_PLAIN(scenario_hypervisor)};

static const struct scenario_key device_keys[] = {
    {.name = "interrupts",
     KEY_FIELD(scenario_vm_device, interrupts),
     .type = &scenario_type_choice,
     .choices = (const char *const[]){"direct", "injected", NULL},
     .standard = "direct",
     .doc =
         "How its interrupts come to the guest: as virtual LPIs, by its ITS, or by a handler of the hypervisor. With "
         "an ITS that has no virtual LPIs, `direct` falls back to `injected`, as in Linux."},
    {.name = "table",
     KEY_FIELD(scenario_vm_device, table),
     .type = &scenario_type_choice,
     .choices = (const char *const[]){"trapped", "guest", NULL},
     .standard = "trapped",
     .doc = "Who writes its MSI-X table: the hypervisor, when the guest's writes trap, or the guest, into the device."},
    {.name = "remap",
     KEY_FIELD(scenario_vm_device, remap),
     .type = &scenario_type_time,
     .standard = "0 ns",
     .minimum = "0 ns",
     .maximum = "1 s",
     .doc =
         "How often the guest moves its DMA buffers to other pages: it unmaps and invalidates the addresses that the "
         "device does not use just then, maps them to other pages, and tells the device to use them. `0 ns`: never."},
};
static const struct scenario_table device_table = {.name = "vm-device",
                                                   .path = "vms.NAME.devices.NAME",
                                                   .doc = "A function that is assigned to a virtual machine: an "
                                                          "endpoint's name, or `epA/1`.",
                                                   .of_functions = true,
                                                   TABLE_KEYS(device_keys),
                                                   TABLE_NAMED(scenario_vm_device)};

static bool moves_vcpu(const void *structure)
{
    return ((const struct scenario_vm_action *)structure)->act == SCENARIO_VM_MOVE_VCPU;
}

static bool moves_interrupt(const void *structure)
{
    return ((const struct scenario_vm_action *)structure)->act == SCENARIO_VM_MOVE_INTERRUPT;
}

static bool is_of_device(const void *structure)
{
    return !moves_vcpu(structure);
}

static const struct scenario_key action_keys[] = {
    {.name = "at",
     KEY_FIELD(scenario_vm_action, at),
     .type = &scenario_type_time,
     .required = true,
     .minimum = "0 ns",
     .maximum = "1000 s",
     .doc = "When, counted from the start of traffic."},
    {.name = "action",
     KEY_FIELD(scenario_vm_action, act),
     .type = &scenario_type_choice,
     .choices = (const char *const[]){"move-vcpu", "move-interrupt", "invalidate", "bad-command", NULL},
     .required = true,
     .doc =
         "`move-vcpu`: the hypervisor has a virtual CPU run on another PE, with its vPE (VMOVP). `move-interrupt`: the "
         "guest moves a vector to another virtual CPU, by its ITS (MOVI), and the hypervisor the hardware's (VMOVI). "
         "`invalidate`: the guest invalidates its own translations of a device's buffers, page by page; it needs "
         "`smmu`. `bad-command`: a defect of the guest's driver: it puts what is no command into the queue of the "
         "device's SMMU, which stops (CERROR_ILL) until the handler of its error interrupt has taken that out; it "
         "needs `smmu` too."},
    {.name = "vcpu",
     KEY_FIELD(scenario_vm_action, vcpu),
     .type = &scenario_type_number,
     .standard = "0",
     .maximum = "15",
     .doc = "Which virtual CPU, or to which."},
    {.name = "pe",
     KEY_FIELD(scenario_vm_action, pe),
     .type = &scenario_type_number,
     .standard = "0",
     .maximum = "59",
     .applies = moves_vcpu,
     .needs = "`action: move-vcpu`",
     .doc = "To which PE."},
    {.name = "device",
     KEY_FIELD(scenario_vm_action, device_written),
     .type = &scenario_type_function,
     .automatic = "the first of the machine's",
     .applies = is_of_device,
     .needs = "`action: move-interrupt`, `invalidate` or `bad-command`",
     .doc = "Whose vector, or buffers."},
    {.name = "vector",
     KEY_FIELD(scenario_vm_action, vector),
     .type = &scenario_type_number,
     .standard = "0",
     .maximum = "2047",
     .applies = moves_interrupt,
     .needs = "`action: move-interrupt`",
     .doc = "Which of its messages."},
};
static const struct scenario_table action_table = {.name = "vm-action",
                                                   .path = "vms.NAME.timeline.N",
                                                   .doc = "One thing that is done while traffic runs.",
                                                   TABLE_KEYS(action_keys),
                                                   TABLE_PLAIN(scenario_vm_action)};

static bool has_smmu(const void *structure)
{
    return ((const struct scenario_vm *)structure)->smmu != SCENARIO_VM_SMMU_NONE;
}

static const struct scenario_key vm_keys[] = {
    {.name = "vcpus",
     KEY_FIELD(scenario_vm, vcpus),
     .type = &scenario_type_number,
     .standard = "1",
     .minimum = "1",
     .maximum = "16",
     .doc = "Virtual CPUs. Vectors of its devices go to them in turn."},
    {.name = "first-pe",
     KEY_FIELD(scenario_vm, first_pe),
     .type = &scenario_type_number,
     .standard = "0",
     .minimum = "0",
     .maximum = "59",
     .doc = "The first PE that they run on."},
    {.name = "pes",
     KEY_FIELD(scenario_vm, pes),
     .type = &scenario_type_number,
     .automatic = "as many as virtual CPUs, if there are",
     .minimum = "1",
     .maximum = "60",
     .doc = "How many PEs they run on."},
    {.name = "memory",
     KEY_FIELD(scenario_vm, memory),
     .type = &scenario_type_size,
     .standard = "4 MiB",
     .minimum = "1 MiB",
     .maximum = "1 GiB",
     .alignment = 0x10000,
     .doc = "The guest's memory, for its tables, queues and DMA buffers."},
    {.name = "work",
     KEY_FIELD(scenario_vm, work),
     .type = &scenario_type_choice,
     .choices = (const char *const[]){"idle", "busy", NULL},
     .standard = "idle",
     .doc = "What its virtual CPUs do beside handling interrupts: wait for the next (WFI), or compute."},
    {.name = "sgis",
     KEY_FIELD(scenario_vm, sgis),
     .type = &scenario_type_choice,
     .choices = (const char *const[]){"direct", "injected", NULL},
     .standard = "direct",
     .doc =
         "How an SGI comes from one virtual CPU to another, once the sender's write has trapped: as a virtual SGI of "
         "the hardware, by an ITS, or by the hypervisor, which has the receiver leave its guest. Without GICv4.1 "
         "`direct` falls back to `injected`, as in Linux."},
    {.name = "ipi-period",
     KEY_FIELD(scenario_vm, ipi_period),
     .type = &scenario_type_time,
     .standard = "0 ns",
     .minimum = "0 ns",
     .maximum = "1 s",
     .doc = "How often the first virtual CPU sends an SGI to the next of the others, in turn. `0 ns`: never."},
    {.name = "its",
     KEY_FIELD(scenario_vm, its),
     .type = &scenario_type_choice,
     .choices = (const char *const[]){"per-its", "single", NULL},
     .standard = "per-its",
     .doc = "The ITSs that the guest sees, where it writes messages itself (`table: guest`): one page for each ITS of "
            "those devices, or one page for all of them, which then leads to the ITS of the first."},
    {.name = "smmu",
     KEY_FIELD(scenario_vm, smmu),
     .type = &scenario_type_choice,
     .choices = (const char *const[]){"none", "per-smmu", "single", NULL},
     .standard = "none",
     .doc = "The SMMUs that the guest sees, and translates with (nested): none, one for each that its devices are "
            "behind, or a single one for all."},
    {.name = "queue",
     KEY_FIELD(scenario_vm, queue),
     .type = &scenario_type_choice,
     .choices = (const char *const[]){"trapped", "direct", NULL},
     .standard = "trapped",
     .applies = has_smmu,
     .needs = "`smmu: per-smmu` or `single`",
     .doc = "How the guest invalidates: by an emulated command queue, or by a virtual command queue of the hardware "
            "(VCMDQ), which belongs to one SMMU."},
    {.name = "without-stream-id",
     KEY_FIELD(scenario_vm, without_stream_id),
     .type = &scenario_type_choice,
     .choices = (const char *const[]){"broadcast", "first", NULL},
     .standard = "broadcast",
     .applies = has_smmu,
     .needs = "`smmu: per-smmu` or `single`",
     .doc = "Where an emulated queue sends an invalidation that names no StreamID: to all SMMUs of its devices, or to "
            "that of the first device."},
    {.name = "devices",
     KEY_ARRAY(KEY_NAMED, scenario_vm, devices, device_count),
     .table = &device_table,
     .doc = "The functions that are assigned to it, by name."},
    {.name = "timeline",
     KEY_ARRAY(KEY_LIST, scenario_vm, actions, action_count),
     .table = &action_table,
     .doc = "What is done to its virtual CPUs and interrupts while traffic runs, in the order of time."},
};
const struct scenario_table scenario_table_vm = {
    .name = "vm", .path = "vms.NAME", .doc = "A virtual machine.", TABLE_KEYS(vm_keys), TABLE_NAMED(scenario_vm)};
