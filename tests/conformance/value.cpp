#include "tests/conformance/value.h"

#include "scenario/diagnostics.h"
#include "scenario/parse_arena.h"
#include "scenario/parse_tree.h"

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>

namespace conformance
{

std::string Place::text() const
{
    if (line == 0) {
        return file;
    }
    return file + ":" + std::to_string(line) + (column > 0 ? ":" + std::to_string(column) : "");
}

CaseError::CaseError(const Place &place, const std::string &what)
    : std::runtime_error(place.file.empty() ? what : place.text() + ": error: " + what)
{
}

std::string show_number(uint64_t value)
{
    char text[32];

    snprintf(text, sizeof(text), value < 10 ? "%llu" : "0x%llx", static_cast<unsigned long long>(value));
    return text;
}

std::optional<uint64_t> parse_number(const std::string &text)
{
    char *end = nullptr;
    uint64_t value;

    if (text.empty() || std::isdigit(static_cast<unsigned char>(text[0])) == 0) {
        return std::nullopt;
    }
    /* A leading zero is not octal here. */
    const bool hex = text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');

    errno = 0;
    value = strtoull(text.c_str(), &end, hex ? 16 : 10);
    if (errno != 0) {
        return std::nullopt;
    }
    if (*end == 'K' || *end == 'M' || *end == 'G') {
        const unsigned shift = *end == 'K' ? 10 : *end == 'M' ? 20 : 30;

        if (value > UINT64_MAX >> shift) {
            return std::nullopt;
        }
        value <<= shift;
        end++;
    }
    return *end == '\0' ? std::optional<uint64_t>(value) : std::nullopt;
}

Value Value::number(uint64_t value)
{
    return text_of(show_number(value));
}

Value Value::text_of(const std::string &text)
{
    Value v;

    v.kind = Kind::scalar;
    v.text = text;
    return v;
}

Value Value::map(std::initializer_list<std::pair<const char *, Value>> members)
{
    Value v;

    v.kind = Kind::map;
    for (const auto &member : members) {
        v.set(member.first, member.second);
    }
    return v;
}

Value Value::list(std::vector<Value> items)
{
    Value v;

    v.kind = Kind::list;
    v.children = std::move(items);
    return v;
}

const Value *Value::find(const std::string &name) const
{
    if (!is_map()) {
        return nullptr;
    }
    for (const Value &child : children) {
        if (child.key == name) {
            return &child;
        }
    }
    return nullptr;
}

Value *Value::find(const std::string &name)
{
    return const_cast<Value *>(static_cast<const Value *>(this)->find(name));
}

const Value &Value::at(const std::string &name) const
{
    const Value *found = find(name);

    if (!is_map()) {
        throw CaseError(place, "a map with `" + name + "` is wanted here");
    }
    if (found == nullptr) {
        throw CaseError(place, "`" + name + "` is missing");
    }
    return *found;
}

void Value::set(const std::string &name, Value value)
{
    Value *found;

    if (is_null()) {
        kind = Kind::map;
    }
    found = find(name);
    value.key = name;
    if (found != nullptr) {
        *found = std::move(value);
    } else {
        children.push_back(std::move(value));
    }
}

void Value::remove(const std::string &name)
{
    for (size_t i = 0; i < children.size(); i++) {
        if (children[i].key == name) {
            children.erase(children.begin() + static_cast<std::ptrdiff_t>(i));
            return;
        }
    }
}

std::optional<uint64_t> Value::as_number() const
{
    return is_scalar() ? parse_number(text) : std::nullopt;
}

uint64_t Value::to_number() const
{
    const std::optional<uint64_t> number = as_number();

    if (!number) {
        throw CaseError(place, "a number is wanted here, not `" + show() + "`");
    }
    return *number;
}

uint64_t Value::number_or(const std::string &name, uint64_t otherwise) const
{
    const Value *found = find(name);

    return found != nullptr ? found->to_number() : otherwise;
}

const std::string &Value::to_text() const
{
    if (!is_scalar()) {
        throw CaseError(place, "a single value is wanted here, not `" + show() + "`");
    }
    return text;
}

std::string Value::text_or(const std::string &name, const std::string &otherwise) const
{
    const Value *found = find(name);

    return found != nullptr ? found->to_text() : otherwise;
}

bool Value::flag(const std::string &name) const
{
    const Value *found = find(name);

    if (found == nullptr) {
        return false;
    }
    return found->to_text() == "true" || found->as_number().value_or(0) != 0;
}

std::vector<Value> Value::each() const
{
    if (is_null()) {
        return {};
    }
    return is_list() ? children : std::vector<Value>{*this};
}

std::string Value::show() const
{
    std::string out;

    if (is_null()) {
        return "null";
    }
    if (is_scalar()) {
        return text;
    }
    for (const Value &child : children) {
        out += out.empty() ? "" : ", ";
        out += is_map() ? child.key + ": " + child.show() : child.show();
    }
    return is_map() ? "{" + out + "}" : "[" + out + "]";
}

namespace
{

Place place_of(const tree_mark &mark)
{
    Place place;

    place.file = mark.source != nullptr ? mark.source->name : "";
    place.line = mark.line;
    place.column = mark.column;
    return place;
}

/*
 * A comma ends an unquoted text within braces: `{title: one, two}` has a member `two` without a value. After a member
 * that is only read by people it belongs to that.
 */
bool continues_text(const Value &map, const Value &member)
{
    static const std::set<std::string> texts = {"title", "note", "latitude", "source", "why"};

    return member.is_null() && !map.children.empty() && map.children.back().is_scalar() &&
           texts.count(map.children.back().key) > 0;
}

Value convert(const tree_node *node)
{
    Value value;

    value.place = place_of(node->mark);
    value.key = node->key != nullptr ? node->key : "";
    if (node->kind == TREE_SCALAR) {
        value.kind = tree_is_null(node) ? Value::Kind::null : Value::Kind::scalar;
        value.text = node->text;
        return value;
    }
    value.kind = node->kind == TREE_MAP ? Value::Kind::map : Value::Kind::list;
    for (const tree_node *child = node->first; child != nullptr; child = child->next) {
        Value member = convert(child);

        if (value.is_map() && continues_text(value, member)) {
            value.children.back().text += ", " + member.key;
        } else {
            value.children.push_back(std::move(member));
        }
    }
    return value;
}

std::string print_diagnostics(const struct diagnostics &list)
{
    char *text = nullptr;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    std::string out;

    if (stream == nullptr) {
        return "out of memory\n";
    }
    diagnostics_print(stream, &list);
    fclose(stream);
    out.assign(text, size);
    free(text);
    return out;
}

} // namespace

bool read_yaml(const std::string &path, Value *value, std::string *errors)
{
    std::ifstream file(path, std::ios::binary);
    std::stringstream content;
    struct diagnostics list = {};

    content << file.rdbuf();
    if (!file.is_open() || file.bad()) {
        *errors = path + ": error: cannot be read\n";
        return false;
    }
    const std::string text = content.str();
    const std::unique_ptr<scenario_arena, void (*)(scenario_arena *)> arena(scenario_arena_new(), scenario_arena_free);
    const tree_source *source = tree_source_new(arena.get(), path.c_str(), text.c_str(), text.size());
    const tree_node *root = tree_parse(arena.get(), source, 0, &list);

    if (root != nullptr) {
        *value = convert(root);
    } else {
        *errors = print_diagnostics(list);
    }
    diagnostics_clear(&list);
    return root != nullptr;
}

} // namespace conformance
