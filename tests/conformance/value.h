/*
 * The plain tree that a case file is read into, and that observations are made of: scalars, maps and lists that can be
 * copied and merged, each knowing where it was written.
 */
#ifndef DOORBELL_TESTS_CONFORMANCE_VALUE_H
#define DOORBELL_TESTS_CONFORMANCE_VALUE_H

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace conformance
{

/** Where something was written. Line 0: nowhere in particular. */
struct Place {
    std::string file;
    unsigned line = 0;
    unsigned column = 0;

    /** "file:line:column" as far as it is known. */
    std::string text() const;
};

/** The case says something that the runner does not understand, or that contradicts the format. */
class CaseError : public std::runtime_error
{
  public:
    CaseError(const Place &place, const std::string &what);
};

/** The case cannot be run on this model; the text is the reason. */
class Skip : public std::runtime_error
{
  public:
    using std::runtime_error::runtime_error;
};

/** The model did not do what set-up or a step relies on, for example acknowledge a control bit. */
class Failure : public std::runtime_error
{
  public:
    using std::runtime_error::runtime_error;
};

class Value
{
  public:
    enum class Kind { null, scalar, map, list };

    Value() = default;
    /** A number, written in hexadecimal from 10 up. */
    static Value number(uint64_t value);
    static Value text_of(const std::string &text);
    static Value map(std::initializer_list<std::pair<const char *, Value>> members = {});
    static Value list(std::vector<Value> items = {});

    bool is_null() const
    {
        return kind == Kind::null;
    }
    bool is_scalar() const
    {
        return kind == Kind::scalar;
    }
    bool is_map() const
    {
        return kind == Kind::map;
    }
    bool is_list() const
    {
        return kind == Kind::list;
    }

    /** The member of a map; NULL if there is none, or this is no map. */
    const Value *find(const std::string &name) const;
    Value *find(const std::string &name);
    /** The member, which must be there (CaseError). */
    const Value &at(const std::string &name) const;
    /** Sets or adds a member; makes a map of a null. */
    void set(const std::string &name, Value value);
    void remove(const std::string &name);

    /** The scalar as a number (0x.., decimal, with suffix K, M or G); nothing if it is none. */
    std::optional<uint64_t> as_number() const;
    /** The same; CaseError if it is none. */
    uint64_t to_number() const;
    uint64_t number_or(const std::string &name, uint64_t otherwise) const;
    /** A scalar's text; CaseError for a map or a list. */
    const std::string &to_text() const;
    std::string text_or(const std::string &name, const std::string &otherwise) const;
    /** `true` or a number other than 0. */
    bool flag(const std::string &name) const;
    /** A list's items, or the value itself as the only one; nothing for null. */
    std::vector<Value> each() const;

    /** As YAML in one line. */
    std::string show() const;

    Kind kind = Kind::null;
    std::string text; /**< of a scalar */
    std::string key;  /**< of a map's member */
    std::vector<Value> children;
    Place place;
};

/** Text as a number, see Value::as_number(). */
std::optional<uint64_t> parse_number(const std::string &text);

/** 0x.. from 10 up, decimal below. */
std::string show_number(uint64_t value);

/**
 * Reads a YAML file.
 * @param errors what is wrong with it, as `file:line:column: error: ...` lines
 * @return false if it cannot be read
 */
bool read_yaml(const std::string &path, Value *value, std::string *errors);

} // namespace conformance

#endif
