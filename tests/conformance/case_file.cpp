#include "tests/conformance/case_file.h"

#include <algorithm>
#include <filesystem>
#include <map>

namespace conformance
{

namespace
{

namespace fs = std::filesystem;

using Bases = std::map<std::string, Value>;

/* ---- Merging ---- */

void merge_members(Value &into, const Value &from)
{
    for (const Value &member : from.children) {
        into.set(member.key, member);
    }
}

/** Appends items, or members of a map whose keys only name them. */
void append(Value &into, const Value &from)
{
    std::vector<Value> items = into.each();

    for (const Value &item : from.each()) {
        items.push_back(item);
    }
    const Place place = into.is_null() ? from.place : into.place;
    const std::string key = into.key;

    into = Value::list(std::move(items));
    into.place = place;
    into.key = key;
}

/**
 * STEs and CDs: a map changes fields of the one that is there (of the one with its sid, if there are several); a list
 * adds to them.
 */
void merge_structures(Value &into, const Value &from, const char *identity)
{
    Value *target = nullptr;

    if (from.is_list() || into.children.empty()) {
        append(into, from);
        return;
    }
    for (Value &item : into.children) {
        const Value *own = item.find(identity);
        const Value *wanted = from.find(identity);

        if (own != nullptr && wanted != nullptr && own->show() == wanted->show()) {
            target = &item;
        }
    }
    if (target == nullptr && into.children.size() > 1) {
        throw CaseError(from.place, std::string("say by `") + identity + "` which one of several is meant");
    }
    merge_members(target != nullptr ? *target : into.children[0], from);
}

bool is_appended(const std::string &key)
{
    static const std::set<std::string> keys = {"map", "unmap", "l1std", "l1cd", "mapped"};

    return keys.count(key) > 0;
}

/** Merges one level of setup (a base, or the case's own) over what is there. */
void merge_setup(Value &into, const Value &from, bool from_base)
{
    for (const Value &member : from.children) {
        Value *present = into.find(member.key);

        if (member.key == "base" || member.key == "note") {
            continue;
        }
        if (present == nullptr) {
            into.set(member.key, Value());
            present = into.find(member.key);
            present->place = member.place;
        }
        if (member.key == "ste" || member.key == "cd") {
            /* A base's own structure says where it stands; what does not changes the one of the base below. */
            if (from_base && member.find(member.key == "ste" ? "sid" : "table") != nullptr) {
                append(*present, member);
            } else {
                merge_structures(*present, member, member.key == "ste" ? "sid" : "index");
            }
        } else if (is_appended(member.key) && !member.is_scalar()) {
            append(*present, member);
        } else if (present->is_map() && member.is_map()) {
            merge_members(*present, member);
        } else {
            into.set(member.key, member);
        }
    }
}

void apply_base(const Bases &bases, const Value &name, Case &c, unsigned depth)
{
    if (name.to_text() == "none") {
        return;
    }
    const auto found = bases.find(name.to_text());

    if (found == bases.end()) {
        throw CaseError(name.place, "base `" + name.to_text() + "` is not defined in any file");
    }
    if (depth > 8) {
        throw CaseError(name.place, "base `" + name.to_text() + "` builds on itself");
    }
    if (std::find(c.bases.begin(), c.bases.end(), name.to_text()) != c.bases.end()) {
        return;
    }
    if (const Value *below = found->second.find("base")) {
        for (const Value &each : below->each()) {
            apply_base(bases, each, c, depth + 1);
        }
    }
    c.bases.push_back(name.to_text());
    merge_setup(c.setup, found->second, true);
}

/* ---- Cases ---- */

void check_keys(const Value &map, const std::set<std::string> &known, const char *what)
{
    if (!map.is_map()) {
        throw CaseError(map.place, std::string(what) + " must be a map");
    }
    for (const Value &member : map.children) {
        if (known.count(member.key) == 0) {
            throw CaseError(member.place, "`" + member.key + "` is not a key of " + what);
        }
    }
}

void read_setup(const Bases &bases, const Value &source, Case &c)
{
    const Value &setup = source.at("setup");

    if (!setup.is_map()) {
        throw CaseError(setup.place, "setup must be a map");
    }
    c.setup = Value::map();
    c.setup.place = setup.place;
    if (const Value *base = setup.find("base")) {
        for (const Value &name : base->each()) {
            apply_base(bases, name, c, 0);
        }
    }
    merge_setup(c.setup, setup, false);
    if (const Value *note = setup.find("note")) {
        c.note = *note;
    }
    if (const Value *idr = setup.find("idr")) {
        for (const Value &field : idr->children) {
            c.own_idr.insert(field.key);
        }
    }
}

void check_steps(const Case &c)
{
    std::set<std::string> labels = {"end"};

    for (const Value &step : c.stimulus.children) {
        if (!step.is_map()) {
            throw CaseError(step.place, "a step must be a map with one verb");
        }
        if (const Value *id = step.find("id")) {
            if (!labels.insert(id->to_text()).second) {
                throw CaseError(id->place, "two steps are labelled `" + id->to_text() + "`");
            }
        }
    }
    for (const Value &entry : c.expected.children) {
        const Value &at = entry.at("at");

        if (labels.count(at.to_text()) == 0) {
            throw CaseError(at.place, "no step is labelled `" + at.to_text() + "`");
        }
    }
}

Case read_case(const Bases &bases, const Value &source)
{
    static const std::set<std::string> known = {"id",         "unit",     "title",    "setup",
                                                "stimulus",   "expected", "requires", "source",
                                                "confidence", "latitude", "note",     "informative"};
    Case c;

    check_keys(source, known, "a case");
    c.place = source.place;
    c.id = source.at("id").to_text();
    c.unit = source.at("unit").to_text();
    c.title = source.text_or("title", "");
    read_setup(bases, source, c);
    for (const Value *from : {source.find("requires"), std::as_const(c.setup).find("requires")}) {
        for (const Value &feature : from != nullptr ? from->each() : std::vector<Value>{}) {
            c.requires_.push_back(feature.to_text());
        }
    }
    c.stimulus = source.at("stimulus");
    c.expected = source.at("expected");
    if (!c.stimulus.is_list() || !c.expected.is_list()) {
        throw CaseError(source.place, "stimulus and expected must be lists");
    }
    if (c.expected.children.empty()) {
        throw CaseError(c.expected.place, "a case that expects nothing cannot fail");
    }
    check_steps(c);
    return c;
}

/* ---- Files ---- */

bool is_yaml(const fs::path &path)
{
    return path.extension() == ".yaml" || path.extension() == ".yml";
}

void add_folder(const fs::path &folder, std::set<std::string> &files)
{
    for (const auto &entry : fs::directory_iterator(folder)) {
        if (entry.is_regular_file() && is_yaml(entry.path())) {
            files.insert(entry.path().string());
        }
    }
}

struct Loader {
    Suite suite;
    Bases bases;
    std::map<std::string, Value> files;
    std::map<std::string, Place> ids;

    bool load(const std::string &path)
    {
        std::string errors;
        Value value;

        if (files.count(path) > 0) {
            return true;
        }
        if (!read_yaml(path, &value, &errors)) {
            suite.problems.push_back(errors);
            return false;
        }
        files[path] = value;
        if (const Value *found = value.find("bases")) {
            for (const Value &base : found->children) {
                bases[base.key] = base;
            }
        }
        return true;
    }

    void report(const CaseError &error)
    {
        suite.problems.push_back(std::string(error.what()) + "\n");
    }

    void read_cases(const std::string &path)
    {
        const Value &file = files.at(path);
        const Value *cases = file.find("cases");

        if (cases == nullptr) {
            if (file.find("bases") == nullptr) {
                report(CaseError(file.place, "neither `cases` nor `bases`: not a case file"));
            }
            return;
        }
        if (!cases->is_list()) {
            report(CaseError(cases->place, "`cases` must be a list"));
            return;
        }
        for (const Value &source : cases->children) {
            try {
                Case c = read_case(bases, source);

                if (!ids.insert({c.id, c.place}).second) {
                    throw CaseError(c.place, "`" + c.id + "` is also the id of the case at " + ids.at(c.id).text());
                }
                suite.cases.push_back(std::move(c));
            } catch (const CaseError &error) {
                report(error);
            }
        }
    }
};

/** The files of one argument; those beside a single file are wanted for their bases only. */
bool list_files(const std::string &path, std::set<std::string> &wanted, std::set<std::string> &beside)
{
    if (fs::is_directory(path)) {
        add_folder(path, wanted);
        return !wanted.empty();
    }
    if (!fs::exists(path)) {
        return false;
    }
    wanted.insert(path);
    const fs::path parent = fs::path(path).parent_path();

    add_folder(parent.empty() ? "." : parent, beside);
    return true;
}

} // namespace

Suite read_suite(const std::vector<std::string> &paths)
{
    Loader loader;
    std::vector<std::string> order;

    for (const std::string &path : paths) {
        std::set<std::string> wanted;
        std::set<std::string> beside;

        if (!list_files(path, wanted, beside)) {
            loader.suite.problems.push_back(path + ": error: no case file here\n");
        }
        for (const std::string &file : beside) {
            Value probe;
            std::string errors;

            /* Others' cases are not our business, nor are their errors. */
            if (wanted.count(file) == 0 && read_yaml(file, &probe, &errors) && probe.find("bases") != nullptr) {
                loader.load(file);
            }
        }
        for (const std::string &file : wanted) {
            if (loader.load(file)) {
                order.push_back(file);
            }
        }
    }
    for (const std::string &file : order) {
        loader.read_cases(file);
    }
    loader.suite.files = order.size();
    return loader.suite;
}

} // namespace conformance
