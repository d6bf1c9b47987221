/* The verbs of unit its. */
#include "tests/conformance/its_harness.h"

#include "models/gic-its/gic.h"

#include <algorithm>

namespace conformance
{

namespace
{

const char *const verbs[] = {"reg_read", "reg_write", "reg_read_all", "its_cmd", "msi",
                             "pe_write", "ack",       "ack_all",      "mem",     "observe"};

const Value &verb_of(const Value &step)
{
    const Value *found = nullptr;

    for (const Value &member : step.children) {
        const bool known =
            std::any_of(std::begin(verbs), std::end(verbs), [&](const char *verb) { return member.key == verb; });

        if (!known && member.key != "id" && member.key != "note" && member.key != "repeat" && member.key != "nowait") {
            throw CaseError(member.place, "`" + member.key + "` is not a verb for an ITS");
        }
        if (known && found != nullptr) {
            throw CaseError(member.place, "a step has one verb");
        }
        found = known ? &member : found;
    }
    if (found == nullptr) {
        throw CaseError(step.place, "a step without a verb");
    }
    return *found;
}

} // namespace

std::unique_ptr<Harness> make_its_harness(const Case &c, const Trace &trace)
{
    return std::make_unique<ItsHarness>(c, trace);
}

void ItsHarness::step(const Value &step)
{
    const Value &verb = verb_of(step);
    const uint64_t repeat = step.number_or("repeat", verb.is_map() ? verb.number_or("repeat", 1) : 1);
    const size_t before = signals_.size();
    Done done;

    done.verb = verb.key;
    for (uint64_t i = 0; i < repeat; i++) {
        do_verb(step, verb, done);
        rig_->run();
        collect();
    }
    if (verb.key == "msi" && !message_sent_) {
        message_sent_ = true;
        first_message_ = {before, signals_.size()};
    }
    if (const Value *id = step.find("id")) {
        done.seen = {verb.key == "observe" ? looked_at_ : before, signals_.size()};
        done_[id->to_text()] = done;
        looked_at_ = signals_.size();
    }
}

void ItsHarness::begin_other()
{
    other_from_ = signals_.size();
}

void ItsHarness::end_other(const Value &step)
{
    collect();
    if (const Value *id = step.find("id")) {
        Done done;

        done.seen = {other_from_, signals_.size()};
        done_[id->to_text()] = done;
        looked_at_ = signals_.size();
    }
}

void ItsHarness::do_verb(const Value &step, const Value &verb, Done &done)
{
    (void)step;
    if (verb.key == "reg_read" || verb.key == "reg_write") {
        do_register(verb, done, verb.key == "reg_write");
    } else if (verb.key == "reg_read_all") {
        std::vector<Value> values;

        if (verb.to_text() != "GITS_BASER0..7") {
            throw CaseError(verb.place, "`" + verb.text + "` is not a list of registers");
        }
        for (unsigned n = 0; n < GITS_BASERS; n++) {
            values.push_back(fields_of(*find_gic_register("GITS_BASER"), rig_->its_read(0, GITS_BASER(n), 8)));
        }
        done.value = Value::list(values);
    } else if (verb.key == "its_cmd") {
        append(static_cast<uint32_t>(verb.number_or("its", 0)), verb);
    } else if (verb.key == "msi") {
        do_message(verb);
    } else if (verb.key == "pe_write") {
        if (verb.at("target").to_text() != "GITS_TRANSLATER") {
            throw CaseError(verb.place, "a PE writes to GITS_TRANSLATER here");
        }
        rig_->add_msi(0, 0, static_cast<uint32_t>(verb.at("value").to_number()), 4, false);
    } else if (verb.key == "ack" || verb.key == "ack_all") {
        do_acknowledge(verb, done, verb.key == "ack_all");
    } else if (verb.key == "mem") {
        do_memory(verb);
    } else {
        do_observe(verb, done);
    }
}

/* ---- Registers ---- */

/* GITS_BASERn is the first whose Type is 0. */
uint32_t ItsHarness::register_offset(const Value &name, const Register **reg, uint32_t *index)
{
    const std::string text = name.to_text();

    *index = 0;
    if (text == "GITS_BASERn") {
        *reg = find_gic_register("GITS_BASER");
        for (unsigned n = 0; n < GITS_BASERS; n++) {
            const uint64_t value = rig_->its_read(0, GITS_BASER(n), 8);

            if (get_field(*(*reg)->find("Type"), &value) == 0) {
                return GITS_BASER(n);
            }
        }
        throw Skip("every GITS_BASERn is implemented");
    }
    *reg = find_gic_register(text);
    if (*reg == nullptr) {
        throw CaseError(name.place, "`" + text + "` is not a register of the GIC");
    }
    return (*reg)->offset;
}

uint64_t ItsHarness::read_register(const Value &verb, const Register **reg)
{
    uint32_t index = 0;
    const uint32_t offset = register_offset(verb.at("reg"), reg, &index);

    if (std::string((*reg)->name).rfind("GICR_", 0) == 0) {
        return rig_->rd_read(static_cast<uint32_t>(verb.number_or("rd", 0)), offset, (*reg)->bytes);
    }
    return rig_->its_read(static_cast<uint32_t>(verb.number_or("its", 0)), offset, (*reg)->bytes);
}

void ItsHarness::do_register(const Value &verb, Done &done, bool write)
{
    const Register *reg = nullptr;
    uint64_t value = 0;

    enter_vpes();
    if (!write || verb.find("fields") != nullptr || verb.text_or("value", "") == "same as before") {
        value = read_register(verb, &reg);
        done.reg = reg;
        done.value = Value::number(value);
    }
    if (!write) {
        return;
    }
    uint32_t index = 0;
    const uint32_t offset = register_offset(verb.at("reg"), &reg, &index);

    if (const Value *fields = verb.find("fields")) {
        const Layout layout = {reg->name, 1, reg->fields};

        for (const Value &field : fields->children) {
            if (field.text != "same") {
                put_field(layout, &value, field.key, field.to_number(), field.place);
            }
        }
    } else if (verb.at("value").to_text() != "same as before") {
        value = verb.at("value").to_number();
    }
    if (std::string(reg->name).rfind("GICR_", 0) == 0) {
        rig_->rd_write(static_cast<uint32_t>(verb.number_or("rd", 0)), offset, value, reg->bytes);
    } else {
        rig_->its_write(static_cast<uint32_t>(verb.number_or("its", 0)), offset, value, reg->bytes);
    }
}

Value ItsHarness::fields_of(const Register &reg, uint64_t value) const
{
    const Layout layout = {reg.name, 1, reg.fields};

    return all_fields(layout, &value);
}

/* ---- Memory and commands ---- */

void ItsHarness::do_memory(const Value &verb)
{
    for (const Value &what : verb.children) {
        if (what.key == "lpi_cfg") {
            set_lpi_config(what, ItsRig::config_table);
        } else if (what.key == "lpi_pend") {
            set_pending(what);
        } else if (what.key == "its_queue_entry") {
            const Value &index = what.at("index");

            put(0, index.text == "last" ? queues_[0].last : index.to_number() * 32, what);
        } else {
            throw CaseError(what.place, "`" + what.key + "` is nothing in a GIC's memory");
        }
    }
}

void ItsHarness::put(uint32_t index, uint64_t offset, const Value &command)
{
    static const std::set<std::string> not_fields = {"op", "its", "repeat", "note", "index"};
    uint64_t words[4] = {};
    const Value &op = command.at("op");

    put_field(its_command_layout, words, "opcode", its_command_opcode(op.to_text(), op.place), op.place);
    for (const Value &field : command.children) {
        if (not_fields.count(field.key) == 0) {
            const uint64_t value = field.key == "DeviceID" ? device_id_of(field) : field.to_number();

            put_field(its_command_layout, words, field.key, value, field.place);
        }
    }
    /* Memory that the case leaves to us. */
    if (op.text == "MAPD" && command.number_or("V", 0) != 0) {
        put_field(its_command_layout, words, "ITT_addr", next_itt_, op.place);
        next_itt_ += 0x100000;
    }
    if (op.text == "VMAPP" && command.number_or("V", 0) != 0) {
        const uint64_t vpe = command.at("vPEID").to_number();

        put_field(its_command_layout, words, "VPT_addr", ItsRig::vpts + vpe * 0x10000, op.place);
        put_field(its_command_layout, words, "VPT_size", 15, op.place);
        if (options_.its.virt.version == GIC_VIRTUAL_V4_1) {
            put_field(its_command_layout, words, "VCONF_addr", ItsRig::vconfigs, op.place);
            put_field(its_command_layout, words, "Alloc", 1, op.place);
            put_field(its_command_layout, words, "PTZ", 1, op.place);
            put_field(its_command_layout, words, "default_doorbell", 1023, op.place);
        }
    }
    memory_write(rig_->memory, ItsRig::queues + index * UINT64_C(0x10000) + offset, words, sizeof(words));
}

void ItsHarness::append(uint32_t index, const Value &command)
{
    if (index >= queues_.size()) {
        throw CaseError(command.place, "there is no ITS " + std::to_string(index));
    }
    Queue &queue = queues_[index];

    put(index, queue.next, command);
    queue.last = queue.next;
    queue.next = (queue.next + 32) % queue.bytes;
    rig_->its_write(index, GITS_CWRITER, queue.next, 8);
}

/* ---- Devices and PEs ---- */

void ItsHarness::do_message(const Value &verb)
{
    const auto index = static_cast<uint32_t>(verb.number_or("its", 0));

    enter_vpes();
    if (verb.flag("all")) {
        send_everything();
        return;
    }
    if (index >= options_.its_count) {
        throw CaseError(verb.place, "there is no ITS " + std::to_string(index));
    }
    rig_->add_msi(index, static_cast<uint32_t>(device_id_of(verb.at("devid"))),
                  static_cast<uint32_t>(verb.at("eventid").to_number()),
                  static_cast<uint32_t>(verb.number_or("width", 32) / 8), true);
}

/* Each event of the population once; every PE takes all that it is shown. */
void ItsHarness::send_everything()
{
    if (devices_ == 0) {
        throw CaseError(case_.place, "the setup's note does not say how many devices and events there are");
    }
    for (unsigned e = 0; e < events_each_; e++) {
        for (unsigned d = 0; d < devices_; d++) {
            rig_->add_msi(0, d, e, 4, true);
        }
    }
    for (const auto &pe : rig_->pes) {
        pe->acknowledge_always(SIM_NS);
    }
}

void ItsHarness::do_acknowledge(const Value &verb, Done &done, bool all)
{
    const uint64_t rd = verb.at("rd").to_number();

    if (rd >= rig_->pes.size()) {
        throw CaseError(verb.place, "there is no redistributor " + std::to_string(rd));
    }
    gic_test::ScriptedPe &pe = *rig_->pes[rd];
    std::vector<Value> taken;

    for (;;) {
        pe.acknowledge(1);
        rig_->run();
        done.value = Value::number(pe.acknowledged().back().intid);
        if (!all || pe.acknowledged().back().intid == GIC_INTID_SPURIOUS) {
            break;
        }
        taken.push_back(done.value);
    }
    if (all) {
        done.value = Value::list(taken);
    }
}

void ItsHarness::do_observe(const Value &verb, Done &done)
{
    if (verb.is_scalar() && verb.text == "lpi") {
        return;
    }
    const Value *pending = verb.is_map() ? verb.find("pending") : nullptr;

    if (pending == nullptr) {
        throw CaseError(verb.place, "`" + verb.show() + "` is nothing to observe");
    }
    done.value = Value::number(is_pending(*pending));
}

bool ItsHarness::is_pending(const Value &what) const
{
    const uint64_t rd = what.at("rd").to_number();

    if (rd >= rig_->rds.size()) {
        throw CaseError(what.place, "there is no redistributor " + std::to_string(rd));
    }
    return redistributor_is_pending(rig_->rds[rd], static_cast<uint32_t>(what.at("intid").to_number()));
}

/* What PEs are shown now and were not before; a guest takes its interrupts at once. */
void ItsHarness::collect()
{
    for (uint32_t rd = 0; rd < options_.rds; rd++) {
        gic_test::ScriptedPe &pe = *rig_->pes[rd];
        const uint32_t intid = pe.signalled() == GIC_PRIORITY_NONE ? 0 : pe.signalled_intid();
        const bool acked = pe.acknowledged().size() != acked_[rd];

        if (intid != 0 && (intid != shown_[rd] || (acked && pe.acknowledged().back().intid == intid))) {
            signals_.push_back({intid, rd, false});
            trace_.line("LPI " + std::to_string(intid) + " signalled to PE " + std::to_string(rd));
        }
        shown_[rd] = intid;
        acked_[rd] = pe.acknowledged().size();
        for (; guest_acked_[rd] < pe.virtual_acknowledged().size(); guest_acked_[rd]++) {
            const uint32_t taken = pe.virtual_acknowledged()[guest_acked_[rd]].intid;

            if (taken != GIC_INTID_SPURIOUS) {
                signals_.push_back({taken, rd, true});
            }
        }
    }
}

std::optional<uint64_t> ItsHarness::resolve(const std::string &text)
{
    if (text == "failing entry") {
        return queues_[0].last;
    }
    if (text == "equals CWRITER") {
        return rig_->its_read(0, GITS_CWRITER, 8) & 0xFFFE0;
    }
    return parse_number(text);
}

} // namespace conformance
