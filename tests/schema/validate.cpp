#include "tests/schema/validate.h"
#include "tests/schema/pattern.h"

#include <cmath>
#include <set>

namespace schema_test
{

namespace
{

class Validator
{
  public:
    explicit Validator(const json_t *root) : root_(root)
    {
    }

    void check(const json_t *schema, const json_t *value, const std::string &place)
    {
        if (json_is_boolean(schema)) {
            expect(json_is_true(schema), place, "nothing may stand here");
            return;
        }
        check_keywords(schema, place);
        if (const json_t *reference = json_object_get(schema, "$ref")) {
            const std::string path = json_string_value(reference);
            const json_t *target =
                json_object_get(json_object_get(root_, "$defs"), path.substr(path.rfind('/') + 1).c_str());
            expect(target != nullptr, place, "the schema lacks " + path);
            if (target != nullptr) {
                check(target, value, place);
            }
        }
        check_scalar(schema, value, place);
        check_any(schema, value, place);
        if (json_is_object(value)) {
            check_object(schema, value, place);
        }
        if (json_is_array(value)) {
            check_array(schema, value, place);
        }
    }

    std::vector<std::string> errors;

  private:
    void expect(bool good, const std::string &place, const std::string &what)
    {
        if (!good) {
            errors.push_back(place + ": " + what);
        }
    }

    void check_keywords(const json_t *schema, const std::string &place)
    {
        static const std::set<std::string> known = {"$schema",
                                                    "$id",
                                                    "$defs",
                                                    "$ref",
                                                    "title",
                                                    "description",
                                                    "type",
                                                    "const",
                                                    "enum",
                                                    "pattern",
                                                    "minimum",
                                                    "anyOf",
                                                    "properties",
                                                    "required",
                                                    "items",
                                                    "prefixItems",
                                                    "minItems",
                                                    "maxItems",
                                                    "additionalProperties"};
        const char *key;
        json_t *ignored;

        json_object_foreach(const_cast<json_t *>(schema), key, ignored)
        {
            expect(known.count(key) != 0, place, std::string("the validator does not know the keyword ") + key);
        }
    }

    static bool has_type(const json_t *value, const std::string &type)
    {
        return (type == "object" && json_is_object(value)) || (type == "array" && json_is_array(value)) ||
               (type == "string" && json_is_string(value)) || (type == "boolean" && json_is_boolean(value)) ||
               (type == "null" && json_is_null(value)) || (type == "number" && json_is_number(value)) ||
               (type == "integer" && json_is_integer(value));
    }

    void check_scalar(const json_t *schema, const json_t *value, const std::string &place)
    {
        const json_t *type = json_object_get(schema, "type");
        const json_t *constant = json_object_get(schema, "const");
        const json_t *choices = json_object_get(schema, "enum");
        const json_t *pattern = json_object_get(schema, "pattern");
        const json_t *minimum = json_object_get(schema, "minimum");
        bool good = type == nullptr || (json_is_string(type) && has_type(value, json_string_value(type)));

        for (size_t i = 0; i < json_array_size(type); i++) {
            good = good || has_type(value, json_string_value(json_array_get(type, i)));
        }
        expect(good, place, "of the wrong type");
        expect(constant == nullptr || json_equal(constant, value), place, "not the constant");
        good = choices == nullptr;
        for (size_t i = 0; i < json_array_size(choices); i++) {
            good = good || json_equal(json_array_get(choices, i), value);
        }
        expect(good, place, "none of the possible values");
        if (pattern != nullptr && json_is_string(value)) {
            expect(!fits(json_string_value(value), json_string_value(pattern)).empty(), place,
                   std::string("does not fit ") + json_string_value(pattern));
        }
        if (minimum != nullptr && json_is_number(value)) {
            expect(json_number_value(value) >= json_number_value(minimum), place, "too small");
        }
    }

    void check_any(const json_t *schema, const json_t *value, const std::string &place)
    {
        const json_t *options = json_object_get(schema, "anyOf");
        std::string reasons;

        for (size_t i = 0; i < json_array_size(options); i++) {
            Validator trial(root_);
            trial.check(json_array_get(options, i), value, place);
            if (trial.errors.empty()) {
                return;
            }
            reasons += " [" + trial.errors.front() + "]";
        }
        expect(options == nullptr, place, "fits none of anyOf:" + reasons);
    }

    void check_object(const json_t *schema, const json_t *value, const std::string &place)
    {
        const json_t *properties = json_object_get(schema, "properties");
        const json_t *additional = json_object_get(schema, "additionalProperties");
        const json_t *required = json_object_get(schema, "required");
        const char *key;
        json_t *member;

        json_object_foreach(const_cast<json_t *>(value), key, member)
        {
            const json_t *property = json_object_get(properties, key);
            const std::string inside = place + "." + key;

            if (property != nullptr) {
                check(property, member, inside);
            } else if (json_is_false(additional)) {
                expect(false, inside, "an unknown key");
            } else if (additional != nullptr) {
                check(additional, member, inside);
            }
        }
        for (size_t i = 0; i < json_array_size(required); i++) {
            key = json_string_value(json_array_get(required, i));
            expect(json_object_get(value, key) != nullptr, place, std::string("lacks ") + key);
        }
    }

    void check_array(const json_t *schema, const json_t *value, const std::string &place)
    {
        const json_t *items = json_object_get(schema, "items");
        const json_t *prefix = json_object_get(schema, "prefixItems");
        const json_t *least = json_object_get(schema, "minItems");
        const json_t *most = json_object_get(schema, "maxItems");
        const size_t size = json_array_size(value);

        for (size_t i = 0; i < size; i++) {
            const json_t *item = i < json_array_size(prefix) ? json_array_get(prefix, i) : items;
            if (item != nullptr) {
                check(item, json_array_get(value, i), place + "[" + std::to_string(i) + "]");
            }
        }
        expect(least == nullptr || size >= static_cast<size_t>(json_integer_value(least)), place, "too few items");
        expect(most == nullptr || size <= static_cast<size_t>(json_integer_value(most)), place, "too many items");
    }

    const json_t *root_;
};

} // namespace

std::vector<std::string> validate(const json_t *schema, const json_t *value)
{
    Validator validator(schema);

    validator.check(schema, value, "$");
    return validator.errors;
}

std::vector<std::string> validate_document(const json_t *document)
{
    const char *name = json_string_value(json_object_get(document, "schema"));
    const std::string form = name == nullptr ? "" : name;
    const std::string path = DOORBELL_SOURCE_DIR "/cli/schemas/" + form.substr(0, form.find('/')) + ".schema.json";
    json_error_t error;

    if (name == nullptr) {
        return {"$: lacks schema"};
    }
    json_t *schema = json_load_file(path.c_str(), JSON_REJECT_DUPLICATES, &error);
    if (schema == nullptr) {
        return {path + ": " + error.text};
    }
    const std::vector<std::string> errors = validate(schema, document);
    json_decref(schema);
    return errors;
}

} // namespace schema_test
