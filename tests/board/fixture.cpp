#include "tests/board/fixture.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include <libfdt.h>

Description::Description(const Blob &blob, const std::string &name)
{
    status = devicetree_read(blob.data(), blob.size(), name.c_str(), &data, nullptr, &error);
}

Description::~Description()
{
    firmware_clear(&data);
}

const firmware_host &Description::host(const std::string &path) const
{
    for (size_t i = 0; i < data.host_count; i++) {
        if (path == data.hosts[i].name) {
            return data.hosts[i];
        }
    }
    throw std::runtime_error("no host " + path);
}

Board::Board(const Blob &blob, const std::string &name)
{
    status = board_check_blob(blob.data(), blob.size(), name.c_str(), &data, &error);
}

Board::Board(const firmware &description, const std::string &name)
{
    status = board_check_firmware(&description, name.c_str(), &data, &error);
}

Board::~Board()
{
    board_result_clear(&data);
}

const board_host &Board::host(const std::string &path) const
{
    for (size_t i = 0; i < data.host_count; i++) {
        if (path == data.hosts[i].name) {
            return data.hosts[i];
        }
    }
    throw std::runtime_error("no host " + path);
}

const verdict &Board::assumption(const char *name) const
{
    const verdict *found = verdict_list_find(&data.verdicts, name);

    if (found == nullptr) {
        throw std::runtime_error(std::string("no verdict ") + name);
    }
    return *found;
}

std::vector<std::string> Board::findings(const std::string &name, const std::string &subject) const
{
    std::vector<std::string> details;

    for (size_t i = 0; i < data.finding_count; i++) {
        if (name == data.findings[i].name && subject == data.findings[i].subject) {
            details.emplace_back(data.findings[i].detail);
        }
    }
    return details;
}

Tree::Tree() : buffer_(1 << 20)
{
    require(fdt_create(buffer_.data(), static_cast<int>(buffer_.size())));
    require(fdt_finish_reservemap(buffer_.data()));
    begin("");
    cells("#address-cells", {1});
    cells("#size-cells", {1});
}

Tree::~Tree() = default;

void Tree::require(int status)
{
    if (status != 0) {
        throw std::runtime_error(std::string("libfdt: ") + fdt_strerror(status));
    }
}

Tree &Tree::begin(const std::string &name)
{
    require(fdt_begin_node(buffer_.data(), name.c_str()));
    return *this;
}

Tree &Tree::end()
{
    require(fdt_end_node(buffer_.data()));
    return *this;
}

Tree &Tree::cells(const std::string &name, const std::vector<uint32_t> &values)
{
    std::vector<uint8_t> value;

    for (uint32_t cell : values) {
        for (int shift = 24; shift >= 0; shift -= 8) {
            value.push_back(static_cast<uint8_t>(cell >> shift));
        }
    }
    return bytes(name, value);
}

Tree &Tree::text(const std::string &name, const std::string &value)
{
    return bytes(name, std::vector<uint8_t>(value.c_str(), value.c_str() + value.size() + 1));
}

Tree &Tree::bytes(const std::string &name, const std::vector<uint8_t> &value)
{
    require(fdt_property(buffer_.data(), name.c_str(), value.data(), static_cast<int>(value.size())));
    return *this;
}

Tree &Tree::empty(const std::string &name)
{
    return bytes(name, {});
}

Blob Tree::finish()
{
    end();
    require(fdt_finish(buffer_.data()));
    return Blob(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(fdt_totalsize(buffer_.data())));
}

namespace
{

std::string unit_name(const char *name, uint32_t base)
{
    char text[64];

    std::snprintf(text, sizeof(text), "%s@%x", name, base);
    return text;
}

} // namespace

Tree &Tree::its(uint32_t phandle, uint32_t base, bool enabled)
{
    begin(unit_name("its", base)).text("compatible", "arm,gic-v3-its").cells("reg", {base, 0x20000});
    empty("msi-controller").cells("#msi-cells", {1}).cells("phandle", {phandle});
    if (!enabled) {
        text("status", "disabled");
    }
    return end();
}

Tree &Tree::smmu(uint32_t phandle, uint32_t base, bool enabled)
{
    begin(unit_name("iommu", base)).text("compatible", "arm,smmu-v3").cells("reg", {base, 0x20000});
    cells("#iommu-cells", {1}).cells("phandle", {phandle});
    if (!enabled) {
        text("status", "disabled");
    }
    return end();
}

Tree &Tree::host(uint32_t base, uint32_t last_bus)
{
    begin(unit_name("pcie", base)).text("compatible", "pci-host-ecam-generic").text("device_type", "pci");
    return cells("bus-range", {0, last_bus}).cells("#address-cells", {3}).cells("#size-cells", {2});
}

std::string fixture_path(const std::string &name)
{
    return std::string(DOORBELL_SOURCE_DIR) + "/tests/data/dt/" + name;
}

bool have_dtc()
{
    return std::system("dtc --version >/dev/null 2>&1") == 0;
}

Blob read_file(const std::string &path)
{
    std::ifstream file(path, std::ios::binary);

    return Blob(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}
