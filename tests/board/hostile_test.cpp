/*
 * Hostile blobs: cut off anywhere, with bytes changed anywhere. The outcome must be a result or an error, never a
 * crash, an endless loop, or a read outside the blob. Each blob is put right before a page that cannot be read, so
 * that the last holds without a sanitizer too (up to the 7 bytes that alignment leaves).
 */
#include "tests/board/fixture.h"

#include "report/board_json.h"
#include "report/board_text.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <map>
#include <random>
#include <stdexcept>

#include <libfdt.h>
#include <sys/mman.h>
#include <unistd.h>

namespace
{

class Guarded
{
  public:
    explicit Guarded(const Blob &blob) : size_(blob.size())
    {
        auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
        size_t used = (size_ + 7) / 8 * 8;
        size_t pages = (used + page - 1) / page * page;

        length_ = pages + page;
        void *map = ::mmap(nullptr, length_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (map == MAP_FAILED || ::mprotect(static_cast<char *>(map) + pages, page, PROT_NONE) != 0) {
            throw std::runtime_error("no guarded memory");
        }
        map_ = static_cast<uint8_t *>(map);
        blob_ = map_ + pages - used;
        if (size_ > 0) {
            std::memcpy(blob_, blob.data(), size_);
        }
    }

    ~Guarded()
    {
        ::munmap(map_, length_);
    }

    Guarded(const Guarded &) = delete;
    Guarded &operator=(const Guarded &) = delete;

    const uint8_t *data() const
    {
        return blob_;
    }

    size_t size() const
    {
        return size_;
    }

  private:
    size_t size_;
    size_t length_ = 0;
    uint8_t *map_ = nullptr;
    uint8_t *blob_ = nullptr;
};

struct Outcomes {
    size_t results = 0;
    std::map<std::string, size_t> errors; /* by their words, numbers and names left out */
};

/* Checks one blob; a result must print, an error must have its text. */
void attempt(const Blob &blob, Outcomes &outcomes, bool print)
{
    Guarded guarded(blob);
    board_result result{};
    board_error error{};
    board_status status = board_check_blob(guarded.data(), guarded.size(), "hostile.dtb", &result, &error);

    if (status == BOARD_OK) {
        outcomes.results++;
        EXPECT_EQ(result.verdicts.count, 11u);
        if (print) {
            char *text = nullptr;
            size_t size = 0;
            FILE *out = ::open_memstream(&text, &size);

            EXPECT_TRUE(board_text_write(out, &result));
            EXPECT_TRUE(board_json_write(out, &result));
            std::fclose(out);
            std::free(text);
        }
    } else {
        std::string words;

        EXPECT_EQ(status, BOARD_INVALID);
        EXPECT_EQ(std::strncmp(error.text, "hostile.dtb: error[E2001]: ", 27), 0) << error.text;
        EXPECT_GT(std::strlen(error.text), 25u) << error.text;
        for (const char *c = error.text + 20; *c != '\0' && words.size() < 90; c++) {
            words += std::isdigit(static_cast<unsigned char>(*c)) != 0 ? '#' : *c;
        }
        outcomes.errors[words]++;
    }
    board_result_clear(&result);
}

/* A small tree with one of everything that the reader looks at. */
Blob rich_tree()
{
    Tree tree;

    tree.text("model", "Hostile").text("compatible", "doorbell,hostile");
    tree.begin("soc")
        .cells("#address-cells", {1})
        .cells("#size-cells", {1})
        .cells("ranges", {0, 0x10000000, 0x10000000});
    tree.its(1, 0x80000).its(2, 0xc0000, false).smmu(3, 0x50000).end();
    tree.begin("its@3").text("compatible", "arm,gic-v3-its").cells("reg", {0x3000000, 0x20000}).empty("msi-controller");
    tree.cells("#msi-cells", {1}).cells("phandle", {4}).cells("socionext,synquacer-pre-its", {0x5000000, 0x1000}).end();
    tree.begin("iommu@4").text("compatible", "arm,mmu-500").cells("#iommu-cells", {2}).cells("phandle", {5}).end();
    tree.host(0x40000000, 1).cells("linux,pci-domain", {2});
    tree.cells("ranges", {0x02000000, 0, 0x8000000, 0x8000000, 0, 0x1000});
    tree.cells("msi-map", {0, 1, 0, 0x100, 0x100, 4, 0, 0x80, 0x180, 2, 0, 0x80}).cells("msi-map-mask", {0x1ff});
    tree.cells("iommu-map", {0, 3, 0, 0x100, 0x100, 5, 7, 0x3f, 1}).cells("iommu-map-mask", {0xffff});
    tree.cells("msi-parent", {1, 0, 4, 9});
    tree.begin("pcie@0").text("device_type", "pci").cells("iommu-map", {0, 3, 0, 1}).end().end();
    return tree.finish();
}

void set_total_size(Blob &blob, size_t size)
{
    for (size_t i = 0; i < 4; i++) {
        blob[4 + i] = static_cast<uint8_t>(size >> (24 - 8 * i) & 0xff);
    }
}

TEST(Hostile, TheTreeItselfIsFine)
{
    Outcomes outcomes;

    attempt(rich_tree(), outcomes, true);
    EXPECT_EQ(outcomes.results, 1u);
}

TEST(Hostile, EveryTruncationIsAnError)
{
    Blob whole = rich_tree();
    Outcomes outcomes;

    for (size_t size = 0; size < whole.size(); size++) {
        attempt(Blob(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)), outcomes, true);
    }
    EXPECT_EQ(outcomes.results, 0u);
}

TEST(Hostile, EveryTruncationThatHidesItselfIsNoCrash)
{
    Blob whole = rich_tree();
    Outcomes outcomes;

    /* The header is made to agree with the size that is left, so that later checks have to notice. */
    for (size_t size = 8; size < whole.size(); size++) {
        Blob cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));

        set_total_size(cut, size);
        attempt(cut, outcomes, true);
    }
    EXPECT_GT(outcomes.errors.size(), 0u);
}

TEST(Hostile, EveryByteSetToExtremesIsNoCrash)
{
    Blob whole = rich_tree();
    Outcomes outcomes;

    for (size_t i = 0; i < whole.size(); i++) {
        for (int value : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
            Blob changed = whole;

            changed[i] = static_cast<uint8_t>(value);
            attempt(changed, outcomes, false);
        }
    }
    EXPECT_GT(outcomes.results, whole.size()) << "most changes leave a readable tree";
    EXPECT_GT(outcomes.errors.size(), 4u) << "and some do not, in several ways";
}

TEST(Hostile, RandomChangesOfASmallTreeAreNoCrash)
{
    Blob whole = rich_tree();
    std::mt19937 random(20190412);
    Outcomes outcomes;

    for (int round = 0; round < 5000; round++) {
        Blob changed = whole;

        for (size_t changes = 1 + random() % 8; changes > 0; changes--) {
            changed[random() % changed.size()] = static_cast<uint8_t>(random());
        }
        attempt(changed, outcomes, round % 8 == 0);
    }
    EXPECT_GT(outcomes.results, 100u);
    EXPECT_GT(outcomes.errors.size(), 4u);
}

TEST(Hostile, PropertiesMadeOfRandomCellsAreNoCrash)
{
    std::mt19937 random(7);
    Outcomes outcomes;
    auto some = [&random]() {
        std::vector<uint32_t> cells(random() % 12);

        for (uint32_t &cell : cells) {
            const uint32_t small = static_cast<uint32_t>(random() % 6);
            const uint32_t any = static_cast<uint32_t>(random());
            const uint32_t mixed[] = {small, small << 8, any, any & 0xffff, 0, UINT32_MAX};

            cell = mixed[random() % std::size(mixed)];
        }
        return cells;
    };

    for (int round = 0; round < 1000; round++) {
        Tree tree;

        tree.begin("bus").cells("#address-cells", some()).cells("#size-cells", some()).cells("ranges", some());
        tree.its(1, 0x80000).smmu(2, 0x90000).end();
        tree.begin("m@1").cells("#msi-cells", some()).empty("msi-controller").cells("phandle", {3}).end();
        tree.begin("i@1").cells("#iommu-cells", some()).cells("phandle", {4}).end();
        for (int host = 0; host < 2; host++) {
            tree.begin("pcie@" + std::to_string(host)).text("device_type", "pci").cells("bus-range", some());
            tree.cells("msi-map", some()).cells("msi-map-mask", some()).cells("iommu-map", some());
            tree.cells("iommu-map-mask", some()).cells("msi-parent", some()).cells("ranges", some());
            tree.cells("#address-cells", {3}).cells("#size-cells", {2}).end();
        }
        attempt(tree.finish(), outcomes, round % 16 == 0);
    }
    EXPECT_EQ(outcomes.results, 1000u) << "well-formed blobs with odd values are described, not refused";
}

TEST(Hostile, TreesOfTheCorpusCutAndChangedAreNoCrash)
{
    const std::string corpus = std::string(DOORBELL_SHARED_DIR) + "/corpus/dtb/";
    std::mt19937 random(54);
    Outcomes outcomes;
    size_t trees = 0;

    if (!std::filesystem::exists(corpus)) {
        GTEST_SKIP() << "the corpus of device trees is not there: " << corpus;
    }
    for (const auto &file : std::filesystem::directory_iterator(corpus)) {
        Blob whole = read_file(file.path());

        if (file.path().extension() != ".dtb") {
            continue;
        }
        trees++;
        for (size_t size = 0; size < whole.size(); size += 1 + random() % 1024) {
            Blob cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));

            if (size >= 8 && random() % 2 == 0) {
                set_total_size(cut, size);
            }
            attempt(cut, outcomes, false);
        }
        for (int round = 0; round < 60; round++) {
            Blob changed = whole;

            for (size_t changes = 1 + random() % 4; changes > 0; changes--) {
                changed[random() % changed.size()] = static_cast<uint8_t>(random());
            }
            attempt(changed, outcomes, round == 0);
        }
    }
    EXPECT_GE(trees, 54u);
    EXPECT_GT(outcomes.results, 1000u);
    EXPECT_GT(outcomes.errors.size(), 3u);
}

/* Well-formed blobs that try to cost much: they must end, and soon enough for a test. */

TEST(Hostile, MasksThatFragmentEveryHostEnd)
{
    Tree tree;

    tree.its(1, 0x10000000).smmu(2, 0x20000000);
    for (uint32_t i = 0; i < 15; i++) {
        tree.host(0x40000000 + i, 255).cells("msi-map", {0, 1, i, 0x8000, 0x8000, 1, 0, 0x8000});
        tree.cells("msi-map-mask", {0xfffe}).cells("iommu-map", {0, 2, 0, 1, 1, 2, 0, 1});
        tree.cells("iommu-map-mask", {1}).end();
    }
    Outcomes outcomes;

    attempt(tree.finish(), outcomes, false);
    EXPECT_EQ(outcomes.results, 1u);
}

TEST(Hostile, NestedOverlapsEnd)
{
    Tree tree;
    std::vector<uint32_t> cells;

    for (uint32_t i = 0; i < 4096; i++) {
        cells.insert(cells.end(), {i * 8, 1 + i % 2, i, 0x10000 - 16 * i});
    }
    tree.its(1, 0x10000000).its(2, 0x11000000).smmu(3, 0x20000000);
    tree.host(0x40000000, 255).cells("msi-map", cells).cells("iommu-map", {0, 3, 0, 0x10000}).end();
    Outcomes outcomes;

    attempt(tree.finish(), outcomes, true);
    EXPECT_EQ(outcomes.results, 1u);
}

} // namespace
