/* Building and programming a GIC as a case's setup says. */
#include "tests/conformance/its_harness.h"

#include <algorithm>
#include <cstdio>

namespace conformance
{

namespace
{

/* Entries of a device table are of 8 bytes in pages of 4 KiB. */
constexpr uint64_t device_entry_bytes = 8;
constexpr uint64_t table_page = 4096;

uint64_t bit(unsigned n)
{
    return UINT64_C(1) << n;
}

} // namespace

ItsHarness::ItsHarness(const Case &c, const Trace &trace) : case_(c), trace_(trace)
{
}

/* Numbers of bits, as the format gives them. */
void ItsHarness::read_options()
{
    static const std::set<std::string> known = {"typer",   "baser",  "queue",    "rds",     "gicr",
                                                "gicd",    "mapped", "regs",     "mem",     "its_count",
                                                "lpi_cfg", "vpe",    "vlpi_cfg", "requires"};
    static const Value nothing = Value::map();
    const auto part = [&](const char *key) -> const Value & {
        const Value *found = case_.setup.find(key);

        return found != nullptr ? *found : nothing;
    };
    const auto bits = [](const Value &map, const char *key, uint32_t otherwise) {
        return static_cast<uint32_t>(map.number_or(key, otherwise));
    };

    for (const Value &member : case_.setup.children) {
        if (known.count(member.key) == 0) {
            throw CaseError(member.place, "`" + member.key + "` is not a key of an ITS's setup");
        }
    }
    options_.its_count = bits(case_.setup, "its_count", 1);
    options_.rds = bits(case_.setup, "rds", 4);
    options_.its.device_bits = bits(part("typer"), "Devbits", 16);
    options_.its.event_bits = bits(part("typer"), "ID_bits", 16);
    options_.its.chip_collections = bits(part("typer"), "HCC", 0);
    options_.its.collection_bits = part("typer").number_or("CIL", 0) != 0 ? 8 : 16;
    options_.its.intid_bits = bits(part("gicd"), "IDbits", 16);
    options_.rd.intid_bits = options_.its.intid_bits;
    propbaser_bits_ = part("gicr").number_or("PROPBASER_IDbits", 16);
    enable_lpis_ = part("gicr").number_or("EnableLPIs", 1) != 0;
    if (const Value *device = part("baser").find("device"); device != nullptr && device->is_map()) {
        indirect_ = device->number_or("Indirect", 0) != 0;
    }
    if (part("typer").number_or("PTA", 0) != 0) {
        throw Skip("addresses as RDbase are not placed by this harness");
    }
}

void ItsHarness::require_features()
{
    for (const std::string &feature : case_.requires_) {
        if (feature == "stall on command error") {
            options_.its.stall_on_error = true;
        } else if (feature == "GICv4" || feature == "GICv4.0") {
            options_.its.virt.version = GIC_VIRTUAL_V4_0;
            options_.rd.virt.version = GIC_VIRTUAL_V4_0;
        } else if (feature == "GICv4.1") {
            options_.its.virt.version = GIC_VIRTUAL_V4_1;
            options_.rd.virt.version = GIC_VIRTUAL_V4_1;
        } else {
            throw Skip("the model has no `" + feature + "`");
        }
    }
}

void ItsHarness::set_up()
{
    build(nullptr);
    program();
}

void ItsHarness::build(struct sim *shared)
{
    read_options();
    require_features();
    rig_ = std::make_unique<ItsRig>(options_, case_.options, shared);
    queues_.resize(options_.its_count);
    shown_.assign(options_.rds, 0);
    acked_.assign(options_.rds, 0);
    guest_acked_.assign(options_.rds, 0);
}

void ItsHarness::program()
{
    const Value &setup = case_.setup;

    rig_->run();
    if (case_.bases.empty()) {
        return;
    }
    memory_fill(rig_->memory, ItsRig::config_table, 0xA1, bit(options_.rd.intid_bits) - 8192);
    if (const Value *table = setup.find("lpi_cfg")) {
        set_lpi_config(*table, ItsRig::config_table);
    }
    if (const Value *mem = setup.find("mem")) {
        do_memory(*mem);
    }
    for (uint32_t i = 0; i < options_.rds; i++) {
        bring_up_redistributor(i);
    }
    for (uint32_t i = 0; i < options_.its_count; i++) {
        bring_up_its(i, 65536);
    }
    if (const Value *mapped = setup.find("mapped")) {
        do_mapped(*mapped);
    }
    map_vpes();
    map_devices_and_events();
    if (const Value *queue = setup.find("queue"); queue != nullptr && queue->number_or("bytes", 65536) != 65536) {
        rig_->its_write(0, GITS_CTLR, 0, 4);
        start_queue(0, queue->at("bytes").to_number());
        rig_->its_write(0, GITS_CTLR, 1, 4);
    }
    if (const Value *regs = setup.find("regs")) {
        apply_registers(*regs);
    }
    collect();
    looked_at_ = signals_.size();
}

/* ---- Tables and registers ---- */

void ItsHarness::start_queue(uint32_t index, uint64_t bytes)
{
    rig_->its_write(index, GITS_CBASER, bit(63) | (ItsRig::queues + index * UINT64_C(0x10000)) | (bytes / 4096 - 1), 8);
    rig_->its_write(index, GITS_CWRITER, 0, 8);
    queues_[index] = {bytes, 0, 0};
}

uint64_t ItsHarness::device_baser() const
{
    const uint64_t table = bit(63) | ItsRig::device_tables;

    if (!indirect_) {
        /* 128 pages hold 2^16 entries. */
        return table | (std::max<uint64_t>(1, (device_entry_bytes << options_.its.device_bits) / table_page) - 1);
    }
    return table | bit(62);
}

void ItsHarness::bring_up_its(uint32_t index, uint64_t queue_bytes)
{
    const uint64_t own = index * UINT64_C(0x100000);

    rig_->its_write(index, GITS_BASER(0), device_baser() + own, 8);
    rig_->its_write(index, GITS_BASER(1), bit(63) | (ItsRig::collection_tables + own), 8);
    if (indirect_) {
        memory_write64(rig_->memory, ItsRig::device_tables + own + 8, bit(63) | (ItsRig::level2_tables + own));
    }
    if (options_.its.virt.version != GIC_VIRTUAL_NONE) {
        rig_->its_write(index, GITS_BASER(2), bit(63) | (ItsRig::vpe_tables + own) | 15, 8);
    }
    start_queue(index, queue_bytes);
    rig_->its_write(index, GITS_CTLR, 1, 4);
}

void ItsHarness::bring_up_redistributor(uint32_t index)
{
    const uint64_t pending = ItsRig::pending_tables + index * UINT64_C(0x100000);
    const bool zero = case_.setup.find("mem") == nullptr;

    if (options_.rd.virt.version == GIC_VIRTUAL_V4_1) {
        rig_->rd_write(index, GICR_VPROPBASER, bit(63) | ItsRig::vpe_tables | 15, 8);
    }
    rig_->rd_write(index, GICR_PROPBASER, ItsRig::config_table | (propbaser_bits_ - 1), 8);
    rig_->rd_write(index, GICR_PENDBASER, pending | (zero ? bit(62) : 0), 8);
    if (enable_lpis_) {
        rig_->rd_write(index, GICR_CTLR, 1, 4);
    }
}

/* [{MAPC: {..}}, {MAPD: {..}}, {SYNC: all}, ...], given to ITS 0; collections to all. */
void ItsHarness::do_mapped(const Value &mapped)
{
    for (const Value &item : mapped.each()) {
        for (const Value &given : item.children) {
            Value command = given.is_map() ? given : Value::map();

            command.place = given.place;
            command.set("op", Value::text_of(given.key));
            if (given.key == "MAPC" && command.find("V") == nullptr) {
                command.set("V", Value::number(1));
            }
            const bool all = given.is_scalar() && given.text == "all";
            const uint32_t first = given.is_scalar() && !all ? static_cast<uint32_t>(given.to_number()) : 0;

            for (uint32_t rd = first; given.is_scalar() && rd < (all ? options_.rds : first + 1); rd++) {
                command.set("rd", Value::number(rd));
                append(0, command);
            }
            if (!given.is_scalar()) {
                append(0, command);
            }
        }
    }
}

/* "8 devices, 32 events each": consecutive LPIs, event i on collection i mod redistributors. */
void ItsHarness::map_devices_and_events()
{
    const std::string &note = case_.note.text;
    const size_t at = note.find(" devices, ");
    const size_t blank = at == std::string::npos || at == 0 ? at : note.find_last_of(' ', at - 1);

    if (at == std::string::npos || sscanf(note.c_str() + (blank == std::string::npos ? 0 : blank),
                                          " %u devices, %u events each", &devices_, &events_each_) != 2) {
        return;
    }
    for (unsigned d = 0; d < devices_; d++) {
        Value mapd = Value::map({{"op", Value::text_of("MAPD")},
                                 {"DeviceID", Value::number(d)},
                                 {"Size", Value::number(7)},
                                 {"V", Value::number(1)}});

        append(0, mapd);
        for (unsigned e = 0; e < events_each_; e++) {
            append(0, Value::map({{"op", Value::text_of("MAPTI")},
                                  {"DeviceID", Value::number(d)},
                                  {"EventID", Value::number(e)},
                                  {"pINTID", Value::number(8192 + d * events_each_ + e)},
                                  {"ICID", Value::number(e % options_.rds)}}));
        }
    }
}

/* ---- Virtual processors ---- */

void ItsHarness::map_vpes()
{
    const Value *vpes = case_.setup.find("vpe");
    const auto commanded = [&](const char *op) {
        return std::any_of(case_.stimulus.children.begin(), case_.stimulus.children.end(), [&](const Value &step) {
            const Value *command = step.find("its_cmd");

            return command != nullptr && command->text_or("op", "") == op;
        });
    };

    if (vpes == nullptr) {
        return;
    }
    memory_fill(rig_->memory, ItsRig::vconfigs, 0xA1, 0x10000 - 8192);
    if (const Value *table = case_.setup.find("vlpi_cfg")) {
        set_lpi_config(*table, ItsRig::vconfigs);
    }
    for (const Value &vpe : vpes->children) {
        const Value id = Value::text_of(vpe.key);

        if (vpe.flag("resident")) {
            residents_[id.to_number()] = vpe.at("rd").to_number();
        }
        if (commanded("VMAPP")) {
            continue;
        }
        append(0, Value::map(
                      {{"op", Value::text_of("VMAPP")}, {"vPEID", id}, {"rd", vpe.at("rd")}, {"V", Value::number(1)}}));
        /* Its events: those that the case sends and maps nowhere. */
        for (const Value &step : case_.stimulus.children) {
            if (const Value *msi = step.find("msi"); msi != nullptr && vpe.find("db") != nullptr) {
                append(0, Value::map({{"op", Value::text_of("VMAPTI")},
                                      {"DeviceID", msi->at("devid")},
                                      {"EventID", msi->at("eventid")},
                                      {"vPEID", id},
                                      {"vINTID", Value::number(8210)},
                                      {"doorbell", vpe.at("db")}}));
            }
        }
        append(0, Value::map({{"op", Value::text_of("VSYNC")}, {"vPEID", id}}));
    }
}

/* Residency, Group 1 enabled, once what maps the vPE has been done. */
void ItsHarness::enter_vpes()
{
    for (const auto &resident : residents_) {
        const auto rd = static_cast<uint32_t>(resident.second);

        if (options_.rd.virt.version == GIC_VIRTUAL_V4_1) {
            rig_->rd_write(rd, GICR_VPENDBASER, bit(63) | bit(59) | bit(58) | resident.first, 8);
        } else {
            rig_->rd_write(rd, GICR_VPROPBASER, ItsRig::vconfigs | 15, 8);
            rig_->rd_write(rd, GICR_VPENDBASER, bit(63) | (ItsRig::vpts + resident.first * 0x10000), 8);
        }
        rig_->pes[rd]->run_guest(true);
        rig_->run();
    }
    residents_.clear();
}

/* ---- Odds ---- */

void ItsHarness::set_lpi_config(const Value &table, uint64_t base)
{
    for (const Value &lpi : table.children) {
        const auto intid = parse_number(lpi.key);

        if (!intid || *intid < 8192) {
            throw CaseError(lpi.place, "`" + lpi.key + "` is not the number of an LPI");
        }
        const uint64_t byte = (lpi.number_or("priority", 0xA0) & 0xFC) | lpi.number_or("enable", 0);

        memory_write8(rig_->memory, base + *intid - 8192, static_cast<uint8_t>(byte));
    }
}

void ItsHarness::set_pending(const Value &what)
{
    const uint64_t table = ItsRig::pending_tables + what.at("rd").to_number() * 0x100000;

    for (const Value &intid : what.at("set").each()) {
        const uint64_t address = table + intid.to_number() / 8;
        const uint8_t old = memory_read8(rig_->memory, address);

        memory_write8(rig_->memory, address, static_cast<uint8_t>(old | 1u << intid.to_number() % 8));
    }
}

/* Registers that the case changes after the base has been set up, as a driver does: tables while disabled. */
void ItsHarness::apply_registers(const Value &regs)
{
    bool enabled = true;

    rig_->its_write(0, GITS_CTLR, 0, 4);
    for (const Value &given : regs.children) {
        if (given.key == "GITS_CTLR") {
            enabled = given.number_or("Enabled", 0) != 0;
        } else if (given.key == "GITS_BASER_device") {
            rig_->its_write(0, GITS_BASER(0), given.number_or("Valid", 1) != 0 ? device_baser() : 0, 8);
        } else {
            throw CaseError(given.place, "`" + given.key + "` is not a register that a GIC's setup can change");
        }
    }
    if (enabled) {
        rig_->its_write(0, GITS_CTLR, 1, 4);
    }
}

uint64_t ItsHarness::device_id_of(const Value &value) const
{
    if (value.text == "first id of second L1 entry" || value.text == "same id") {
        return table_page / device_entry_bytes;
    }
    return value.to_number();
}

} // namespace conformance
