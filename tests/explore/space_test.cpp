/*
 * The space: every system once up to symmetry, against brute force that shares no code with it: all parents, ACS levels
 * and labels, and the least text over all permutations of names.
 */
#include "explore/sample.h"
#include "explore/space.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace
{

/** An element by a number that is not negative. */
int &at(std::vector<int> &list, int index)
{
    return list[static_cast<size_t>(index)];
}

int at(const std::vector<int> &list, int index)
{
    return list[static_cast<size_t>(index)];
}

/** A system as a person would write it down. */
struct Drawing {
    std::vector<int> parent; /* switches first, then devices; -1: a root port */
    std::vector<int> acs;
    std::vector<int> functions; /* of devices */
    std::vector<int> isolated;
    std::vector<int> smmu; /* of endpoints */
    std::vector<int> its;
    int switches = 0;

    /** The functions of a device, in whatever order. */
    std::string device(int number, const std::vector<int> &s, const std::vector<int> &i) const
    {
        const int first = std::accumulate(functions.begin(), functions.begin() + number, 0);
        std::vector<std::string> each;
        std::string all = at(isolated, number) != 0 ? "A" : "";

        for (int f = first; f < first + at(functions, number); f++) {
            each.push_back("s" + std::to_string(at(s, at(smmu, f))) + "i" + std::to_string(at(i, at(its, f))));
        }
        std::sort(each.begin(), each.end());
        for (const std::string &one : each) {
            all += one;
        }
        return all;
    }

    std::string below(int node, const std::vector<int> &s, const std::vector<int> &i) const
    {
        std::vector<std::string> children;
        std::string all;

        for (int c = 0; c < static_cast<int>(parent.size()); c++) {
            if (at(parent, c) != node) {
                continue;
            }
            std::string text = "a" + std::to_string(at(acs, c));

            if (c < switches) {
                text += "(" + below(c, s, i) + ")";
            } else {
                text += device(c - switches, s, i);
            }
            children.push_back(text + ",");
        }
        std::sort(children.begin(), children.end());
        for (const std::string &child : children) {
            all += child;
        }
        return all;
    }

    /** With names as they are. */
    std::string named() const
    {
        const std::vector<int> same = {0, 1, 2, 3, 4};

        return below(-1, same, same);
    }

    /** The same for every renaming. */
    std::string canonical(int smmus, int itses) const
    {
        std::string least;
        std::vector<int> s(static_cast<size_t>(std::max(smmus, 1)) + 1);

        /* The last one stands for no SMMU, and is never another's name. */
        std::iota(s.begin(), s.end(), 0);
        do {
            std::vector<int> i(static_cast<size_t>(itses));

            std::iota(i.begin(), i.end(), 0);
            do {
                const std::string text = below(-1, s, i);

                least = least.empty() || text < least ? text : least;
            } while (std::next_permutation(i.begin(), i.end()));
        } while (std::next_permutation(s.begin(), s.end() - 1));
        return least;
    }
};

/** Counts up like the digits of a number. @return false when it is through */
bool count_up(std::vector<int> &digits, const std::vector<int> &bases)
{
    for (size_t i = 0; i < digits.size(); i++) {
        if (++digits[i] < bases[i]) {
            return true;
        }
        digits[i] = 0;
    }
    return false;
}

Drawing drawing_of(const std::vector<int> &digits, const std::vector<int> &functions, int e, int s)
{
    const int devices = static_cast<int>(functions.size());
    Drawing drawing;
    size_t next = 0;

    drawing.switches = s;
    drawing.functions = functions;
    for (int i = 0; i < devices + s; i++) {
        drawing.parent.push_back(digits[next++] - 1);
    }
    for (int i = 0; i < devices + s; i++) {
        drawing.acs.push_back(digits[next++]);
    }
    for (int i = 0; i < devices; i++) {
        drawing.isolated.push_back(digits[next++]);
    }
    for (int i = 0; i < e; i++) {
        drawing.smmu.push_back(digits[next++]);
        drawing.its.push_back(digits[next++]);
    }
    return drawing;
}

bool every_switch_is_used(const Drawing &drawing)
{
    for (int i = 0; i < drawing.switches; i++) {
        if (std::count(drawing.parent.begin(), drawing.parent.end(), i) == 0) {
            return false;
        }
    }
    return true;
}

struct Sets {
    std::set<std::string> named;
    std::set<std::string> canonical;
};

/** All systems whose devices have so many functions. */
void add_all(const explore_bounds &bounds, const std::vector<int> &functions, int e, int s, Sets &sets)
{
    const int nodes = static_cast<int>(functions.size()) + s;
    std::vector<int> bases;

    for (int i = 0; i < nodes; i++) {
        bases.push_back(1 + std::min(i, s)); /* a switch hangs below one with a smaller number */
    }
    bases.insert(bases.end(), static_cast<size_t>(nodes), static_cast<int>(bounds.acs));
    for (const int count : functions) {
        bases.push_back(count > 1 ? 2 : 1);
    }
    for (int i = 0; i < e; i++) {
        bases.push_back(static_cast<int>(std::max(bounds.smmus, 1u)) + (bounds.unmapped ? 1 : 0));
        bases.push_back(static_cast<int>(bounds.its));
    }
    std::vector<int> digits(bases.size(), 0);
    do {
        const Drawing drawing = drawing_of(digits, functions, e, s);

        if (every_switch_is_used(drawing)) {
            sets.named.insert(drawing.named());
            sets.canonical.insert(drawing.canonical(static_cast<int>(bounds.smmus), static_cast<int>(bounds.its)));
        }
    } while (count_up(digits, bases));
}

/** Every way to divide so many endpoints among devices, larger ones first. */
void divide(const explore_bounds &bounds, std::vector<int> &functions, int left, int e, int s, Sets &sets)
{
    const int most = functions.empty() ? static_cast<int>(bounds.functions) : functions.back();

    if (left == 0) {
        add_all(bounds, functions, e, s, sets);
    }
    for (int count = 1; count <= most && count <= left; count++) {
        functions.push_back(count);
        divide(bounds, functions, left - count, e, s, sets);
        functions.pop_back();
    }
}

Sets brute_force(const explore_bounds &bounds, int e, int s)
{
    std::vector<int> functions;
    Sets sets;

    divide(bounds, functions, e, e, s, sets);
    return sets;
}

/** What the enumeration visits, in the words of a drawing. */
struct Visited {
    const explore_bounds *bounds;
    const explore_shape *shape;
    std::multiset<std::string> systems;
    uint64_t ways = 0;
};

Drawing drawing_of(const explore_bounds &bounds, const explore_shape &shape, const explore_labels &labels)
{
    Drawing drawing;
    std::vector<int> index(shape.node_count);
    int devices = 0;

    drawing.switches = shape.switches;
    for (int i = 0, s = 0; i < shape.node_count; i++) {
        at(index, i) = shape.nodes[i].is_switch ? s++ : shape.switches + devices++;
    }
    drawing.parent.resize(shape.node_count);
    drawing.acs.resize(shape.node_count);
    for (int i = 0; i < shape.node_count; i++) {
        const explore_node &node = shape.nodes[i];

        at(drawing.parent, at(index, i)) = node.parent == EXPLORE_NONE ? -1 : at(index, node.parent);
        at(drawing.acs, at(index, i)) = node.acs;
        if (!node.is_switch) {
            drawing.functions.push_back(node.functions);
            drawing.isolated.push_back(node.isolated ? 1 : 0);
        }
    }
    for (int i = 0; i < shape.endpoints; i++) {
        drawing.smmu.push_back(labels.smmu[i] == EXPLORE_UNMAPPED ? static_cast<int>(bounds.smmus) : labels.smmu[i]);
        drawing.its.push_back(labels.its[i]);
    }
    return drawing;
}

bool take_labels(void *context, const explore_labels *labels, uint64_t ways)
{
    Visited *visited = static_cast<Visited *>(context);

    visited->systems.insert(
        drawing_of(*visited->bounds, *visited->shape, *labels)
            .canonical(static_cast<int>(visited->bounds->smmus), static_cast<int>(visited->bounds->its)));
    visited->ways += ways;
    return true;
}

bool take_shape(void *context, const explore_shape *shape)
{
    Visited *visited = static_cast<Visited *>(context);

    visited->shape = shape;
    return explore_labellings(shape, visited->bounds, take_labels, visited);
}

/* Endpoints, switches, ITS, SMMUs, ACS, whether the iommu-map may leave endpoints out, functions of a device. */
using Bounds = std::tuple<unsigned, unsigned, unsigned, unsigned, unsigned, bool, unsigned>;

class Space : public testing::TestWithParam<Bounds>
{
};

TEST_P(Space, IsVisitedOnceUpToSymmetry)
{
    const auto [endpoints, switches, its, smmus, acs, unmapped, functions] = GetParam();
    const explore_bounds bounds = {endpoints, switches, its, smmus, acs, unmapped, functions};

    for (unsigned e = 1; e <= endpoints; e++) {
        for (unsigned s = 0; s <= switches; s++) {
            const Sets all = brute_force(bounds, static_cast<int>(e), static_cast<int>(s));
            Visited visited = {&bounds, nullptr, {}, 0};

            SCOPED_TRACE(std::to_string(e) + " endpoints, " + std::to_string(s) + " switches");
            EXPECT_TRUE(explore_shapes(e, s, &bounds, take_shape, &visited));
            EXPECT_EQ(visited.systems.size(), all.canonical.size());
            EXPECT_EQ(std::set<std::string>(visited.systems.begin(), visited.systems.end()), all.canonical);
            EXPECT_EQ(visited.ways, all.named.size()) << "each stands for as many systems as there are";
            EXPECT_EQ(explore_count(e, s, &bounds), all.named.size()) << "counted without visiting";
        }
    }
}

INSTANTIATE_TEST_SUITE_P(
    Small, Space,
    testing::Values(Bounds{3, 2, 2, 1, 2, false, 1}, Bounds{3, 1, 2, 2, 1, true, 1}, Bounds{3, 1, 2, 1, 2, true, 1},
                    Bounds{4, 1, 1, 2, 1, true, 1}, Bounds{3, 1, 3, 2, 1, false, 1}, Bounds{4, 1, 2, 2, 1, false, 1},
                    Bounds{2, 3, 2, 1, 2, false, 1}, Bounds{3, 2, 2, 0, 1, false, 1}, Bounds{2, 1, 2, 2, 3, false, 1},
                    Bounds{5, 1, 2, 1, 1, false, 1}, Bounds{4, 2, 1, 1, 2, false, 1}, Bounds{3, 2, 2, 1, 2, false, 2},
                    Bounds{4, 1, 2, 1, 1, false, 4}, Bounds{4, 1, 1, 2, 1, true, 2}, Bounds{3, 1, 2, 2, 3, false, 3}));

TEST(Space, ShapesComeInAscendingOrder)
{
    std::vector<std::string> texts;
    const auto take = [](void *context, const explore_shape *shape) {
        static_cast<std::vector<std::string> *>(context)->emplace_back(reinterpret_cast<const char *>(shape->text),
                                                                       shape->length);
        return true;
    };

    const explore_bounds bounds = {4, 3, 1, 1, 2, false, 4};

    explore_shapes(4, 3, &bounds, take, &texts);
    EXPECT_GT(texts.size(), 1000u);
    EXPECT_TRUE(std::is_sorted(texts.begin(), texts.end()));
    EXPECT_EQ(std::adjacent_find(texts.begin(), texts.end()), texts.end());
}

/* Draws are canonical forms: among those that the enumeration visits, and in the long run all of them. */
class Draws : public testing::TestWithParam<explore_bounds>
{
};

TEST_P(Draws, AreOfTheSpaceAndReachAllOfIt)
{
    const explore_bounds bounds = GetParam();
    Visited visited = {&bounds, nullptr, {}, 0};
    std::set<std::string> texts;
    std::set<std::string> drawn;
    sim_random random;

    explore_shapes(bounds.endpoints, bounds.switches, &bounds, take_shape, &visited);
    sim_random_init(&random, 1, "test");
    for (int i = 0; i < 200000; i++) {
        explore_shape shape;
        explore_labels labels;

        explore_sample(&random, &bounds, bounds.endpoints, bounds.switches, &shape, &labels);
        drawn.insert(drawing_of(bounds, shape, labels).canonical(static_cast<int>(bounds.smmus), 2));
        texts.insert(std::string(reinterpret_cast<const char *>(shape.text), shape.length) +
                     std::string(reinterpret_cast<const char *>(labels.smmu), 3) +
                     std::string(reinterpret_cast<const char *>(labels.its), 3));
    }
    EXPECT_EQ(drawn, std::set<std::string>(visited.systems.begin(), visited.systems.end()));
    EXPECT_EQ(texts.size(), drawn.size()) << "one form for each system";
}

INSTANTIATE_TEST_SUITE_P(Small, Draws,
                         testing::Values(explore_bounds{3, 2, 2, 2, 2, false, 1},
                                         explore_bounds{3, 2, 2, 1, 2, true, 1},
                                         explore_bounds{3, 1, 2, 1, 2, false, 3}));

} // namespace
