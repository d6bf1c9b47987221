/* Unit pcie: building and programming the topology. */
#include "tests/conformance/pcie_harness.h"

#include <algorithm>

namespace conformance
{

using pcie_test::Rig;

const std::vector<ConfigField> config_fields = {
    {"", "MEMORY", PCIE_COMMAND, 2, 1, 1},    {"", "MASTER", PCIE_COMMAND, 2, 2, 1},
    {"MSI", "Enable", 0x02, 2, 0, 1},         {"MSI", "MMC", 0x02, 2, 1, 3},
    {"MSIX", "Enable", 0x02, 2, 15, 1},       {"MSIX", "FunctionMask", 0x02, 2, 14, 1},
    {"MSIX", "TableSize", 0x02, 2, 0, 11},    {"PRI", "Enable", 0x04, 2, 0, 1},
    {"PRI", "Status", 0x06, 2, 0, 16},        {"PRI", "ResponseFailure", 0x06, 2, 0, 1},
    {"PRI", "UnexpectedPRGI", 0x06, 2, 1, 1}, {"ATS", "InvQueueDepth", 0x04, 2, 0, 5},
    {"ATS", "Enable", 0x06, 2, 15, 1},        {"PASID", "Enable", 0x06, 2, 0, 1},
};

uint16_t parse_bdf(const Value &text)
{
    unsigned bus = 0;
    unsigned device = 0;
    unsigned function = 0;

    if (text.to_text() == "pcie_pci_bridge") {
        return pcie_test::BRIDGE_RID;
    }
    if (sscanf(text.to_text().c_str(), "%x:%x.%x", &bus, &device, &function) != 3) {
        throw CaseError(text.place, "`" + text.to_text() + "` is no bus:device.function");
    }
    return static_cast<uint16_t>(bus << 8 | device << 3 | function);
}

uint16_t acs_bit(const std::string &name, const Place &place)
{
    static const char *const names[] = {"SV", "TB", "RR", "CR", "UF", "EC", "DT"};

    for (unsigned i = 0; i < 7; i++) {
        if (name == names[i]) {
            return static_cast<uint16_t>(1u << i);
        }
    }
    throw CaseError(place, "`" + name + "` is no ACS control");
}

static uint16_t acs_list(const Value &list)
{
    uint16_t bits = 0;

    for (const Value &item : list.each()) {
        bits = static_cast<uint16_t>(bits | acs_bit(item.to_text(), item.place));
    }
    return bits;
}

static pcie_acs acs_of(const Value &port)
{
    pcie_acs acs = {true, 0, 0};

    if (const Value *cap = port.find("cap")) {
        const Value *control = port.find("ctrl");

        acs.capability = acs_list(*cap);
        acs.control = control != nullptr ? acs_list(*control) : uint16_t{0};
        return acs;
    }
    acs.capability = PCIE_ACS_CONTROLS;
    for (const Value &control : port.children) {
        if (control.key != "egress_vector" && control.to_number() != 0) {
            acs.control = static_cast<uint16_t>(acs.control | acs_bit(control.key, control.place));
        }
    }
    return acs;
}

void PcieHarness::set_acs(const Value &acs)
{
    for (const Value &port : acs.children) {
        if (port.key == "dsp0" || port.key == "dsp1") {
            options_.dsp_acs[port.key[3] - '0'] = acs_of(port);
        } else if (port.key == "RP0" || port.key == "RP1") {
            options_.rp_acs[port.key[2] - '0'] = acs_of(port);
        } else {
            throw CaseError(port.place, "`" + port.key + "` is no port with ACS");
        }
    }
}

/** An endpoint's BAR and offset, as "BAR0+0x800". */
static uint32_t bar_offset(const Value &text)
{
    unsigned bar = 0;
    unsigned offset = 0;

    if (sscanf(text.to_text().c_str(), "BAR%u+%x", &bar, &offset) != 2 || bar != 0) {
        throw CaseError(text.place, "`" + text.to_text() + "` is no place in BAR 0");
    }
    return offset;
}

void PcieHarness::set_capabilities(const Value &ep, endpoint_function_config *config)
{
    if (const Value *msi = ep.find("MSI")) {
        config->msi = {1u << msi->number_or("MMC", 0), msi->flag("addr64"), msi->flag("mask")};
    }
    if (const Value *msix = ep.find("MSIX")) {
        config->msix_vectors = static_cast<uint32_t>(msix->number_or("size", 4));
        if (msix->find("table") != nullptr) {
            config->msix_table_offset = bar_offset(msix->at("table"));
            config->msix_pba_offset = bar_offset(msix->at("pba"));
        }
    }
    if (const Value *ats = ep.find("ATS")) {
        config->ats_queue_depth = static_cast<unsigned>(ats->number_or("InvQueueDepth", 32));
    }
    if (ep.find("PRI") != nullptr) {
        config->pri_capacity = 64;
    }
    if (ep.find("PASID") != nullptr) {
        config->pasid_bits = 16;
    }
    if (const Value *sriov = ep.find("SRIOV")) {
        config->sriov.total_vfs = static_cast<uint16_t>(sriov->at("TotalVFs").to_number());
        config->sriov.first_vf_offset = static_cast<uint16_t>(sriov->at("FirstVFOffset").to_number());
        config->sriov.vf_stride = static_cast<uint16_t>(sriov->at("Stride").to_number());
    }
}

void PcieHarness::set_endpoint(const Value &ep, unsigned number)
{
    std::vector<pcie_test::Function> &functions = options_.functions[number];
    const uint64_t count = ep.number_or("functions", 1);

    set_capabilities(ep, &functions[0].config);
    if (const Value *caps = ep.find("caps")) {
        for (const Value &cap : caps->each()) {
            Value only = Value::map();

            if (cap.to_text() == "ACS") {
                functions[0].config.acs = {true, PCIE_ACS_P2P_REQUEST_REDIRECT, 0};
            } else if (cap.to_text() != "EXP") {
                only.set(cap.to_text(), Value::map());
                set_capabilities(only, &functions[0].config);
            }
        }
    }
    for (uint64_t i = 1; i < count; i++) {
        pcie_test::Function copy = functions[0];

        copy.config.bars[0].size = 0x10000;
        functions.push_back(copy);
    }
}

void PcieHarness::set_link(const Value &link)
{
    for (const Value &what : link.children) {
        if (what.key == "advertised") {
            /* "0 for posted data at initialisation": without end. */
            options_.link.upper_credits.posted_data = 0;
        } else if (what.key == "non_posted_header_credits_left") {
            /* One of each at every hop, which a memory that does not answer in time then uses up. */
            options_.link.upper_credits.non_posted_headers = 1;
            options_.memory_latency = SIM_MS;
        } else if (what.key != "note") {
            throw CaseError(what.place, "`" + what.key + "` is nothing of a link");
        }
    }
}

static bool mentions_raw(const Case &c)
{
    const auto from_ep0 = [](const Value &step) {
        const Value *tlp = step.find("tlp") != nullptr ? step.find("tlp") : step.find("tlps");

        return tlp != nullptr && tlp->text_or("at", "") == "EP0";
    };

    return std::any_of(c.stimulus.children.begin(), c.stimulus.children.end(), from_ep0);
}

/** Whether a case speaks of the bridge to conventional PCI, or of a device behind it. */
static bool mentions_bridge(const Case &c)
{
    const auto in = [](const Value &step) {
        const Value *walk = step.find("walk_caps");
        const Value *epc = step.find("epc");

        return (walk != nullptr && walk->text_or("bdf", "") == "pcie_pci_bridge") ||
               (epc != nullptr && epc->text_or("bdf", "").compare(0, 3, "06:") == 0);
    };

    return std::any_of(c.stimulus.children.begin(), c.stimulus.children.end(), in);
}

/** There is one topology; a case must ask for that one and nothing more. */
static void check_topology(const Case &c)
{
    const Value *ports = c.setup.find("root_ports");
    const Value *endpoints = c.setup.find("endpoints");

    if (ports == nullptr || endpoints == nullptr || endpoints->children.size() != 3) {
        throw Skip("only the topology of two root ports, a switch and three endpoints is built");
    }
}

void PcieHarness::set_up()
{
    build();
    program();
}

void PcieHarness::build()
{
    check_topology(case_);
    if (const Value *acs = case_.setup.find("acs")) {
        set_acs(*acs);
    }
    if (const Value *ep = case_.setup.find("ep")) {
        if (const Value *own = ep->find("EP2")) {
            set_endpoint(*own, 2);
        } else {
            set_endpoint(*ep, 0);
        }
    }
    if (const Value *link = case_.setup.find("link")) {
        set_link(*link);
    }
    if (case_.setup.find("downstream") != nullptr) {
        options_.raw_ep0 = true;
        options_.link.lower_credits.non_posted_headers = 1;
    }
    if (const Value *rcb = case_.setup.find("rcb")) {
        options_.rc.completion_boundary = static_cast<uint32_t>(rcb->to_number());
        options_.rc.chop_completions = true;
    }
    options_.bridge = mentions_bridge(case_);
    options_.endpoint.read_tags = 128;
    options_.raw_ep0 = options_.raw_ep0 || mentions_raw(case_);
    rig_ = std::make_unique<Rig>(options_);
    watch();
}

void PcieHarness::program()
{
    /* Errors that a completion tells the requester of are advisory, which AER only shows if software unmasks it. */
    for (const uint16_t rid : {pcie_test::DSP_RID[0], pcie_test::DSP_RID[1], pcie_test::RP_RID[0]}) {
        rig_->show_advisory(rid);
    }

    if (const Value *ep = case_.setup.find("ep"); ep != nullptr && !options_.raw_ep0) {
        program_endpoint(*ep);
    }
    if (const Value *acs = case_.setup.find("acs")) {
        program_egress(*acs);
    }
}

unsigned PcieHarness::capability_at(uint16_t rid, const std::string &name, const Place &place)
{
    static const std::map<std::string, std::pair<bool, uint16_t>> ids = {
        {"MSI", {false, 0x05}},  {"EXP", {false, 0x10}},  {"MSIX", {false, 0x11}},
        {"AER", {true, 0x0001}}, {"ACS", {true, 0x000d}}, {"ATS", {true, 0x000f}},
        {"SRIOV", {true, 0x10}}, {"PRI", {true, 0x0013}}, {"PASID", {true, 0x001b}},
    };
    const auto found = ids.find(name);

    if (name.empty()) {
        return 0;
    }
    if (found == ids.end()) {
        throw CaseError(place, "`" + name + "` is no capability");
    }
    const unsigned at = found->second.first ? rig_->find_extended(rid, found->second.second)
                                            : rig_->find_capability(rid, static_cast<uint8_t>(found->second.second));

    if (at == 0) {
        throw Failure("there is no capability " + name);
    }
    return at;
}

void PcieHarness::program_endpoint(const Value &ep)
{
    const uint16_t rid = pcie_test::RID[0];

    if (const Value *msi = ep.find("MSI"); msi != nullptr && msi->flag("Enable")) {
        const unsigned at = capability_at(rid, "MSI", msi->place);

        rig_->config_write(rid, at + 4, msi->number_or("Addr", 0), 4);
        rig_->config_write(rid, at + 8, msi->number_or("Data", 0), 2);
        rig_->config_write(rid, at + 2, PCIE_MSI_ENABLE, 2);
    }
    if (const Value *msix = ep.find("MSIX"); msix != nullptr && msix->flag("Enable")) {
        for (unsigned i = 0; i < msix->number_or("size", 4); i++) {
            rig_->set_vector(0, i, 0x1000 + 16 * i, i);
        }
        rig_->enable_msix(0, 0, msix->flag("FunctionMask") ? PCIE_MSIX_FUNCTION_MASK : 0);
    }
    if (const Value *ats = ep.find("ATS"); ats != nullptr && ats->flag("Enable")) {
        rig_->config_write(rid, capability_at(rid, "ATS", ats->place) + 6, PCIE_ATS_ENABLE, 2);
    }
    if (const Value *pri = ep.find("PRI"); pri != nullptr && pri->flag("Enable")) {
        const unsigned at = capability_at(rid, "PRI", pri->place);

        rig_->config_write(rid, at + PCIE_PRI_ALLOCATION, pri->number_or("Allocation", 0), 4);
        rig_->config_write(rid, at + PCIE_PRI_CONTROL, PCIE_PRI_ENABLE, 2);
    }
    if (const Value *sriov = ep.find("SRIOV"); sriov != nullptr && sriov->flag("VFE")) {
        const unsigned at = capability_at(rid, "SRIOV", sriov->place);

        rig_->config_write(rid, at + PCIE_SRIOV_NUM_VFS, sriov->at("NumVFs").to_number(), 2);
        rig_->config_write(rid, at + PCIE_SRIOV_CONTROL, PCIE_SRIOV_VF_ENABLE, 2);
    }
}

/** "selects the port of EP1": the bit of downstream port 1. */
void PcieHarness::program_egress(const Value &acs)
{
    for (const Value &port : acs.children) {
        if (port.find("egress_vector") != nullptr) {
            const uint16_t rid = pcie_test::DSP_RID[port.key == "dsp1" ? 1 : 0];
            const unsigned link = capability_at(pcie_test::DSP_RID[1], "EXP", port.place) + PCIE_EXP_LINK_CAPABILITIES;
            const auto number = rig_->config_read(pcie_test::DSP_RID[1], link, 4) >> PCIE_EXP_LNKCAP_PORT_NUMBER_SHIFT;

            rig_->config_write(rid, capability_at(rid, "ACS", port.place) + PCIE_ACS_EGRESS_VECTOR,
                               UINT64_C(1) << number, 4);
        }
    }
}

} // namespace conformance
