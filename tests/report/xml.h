/* Whether markup is well-formed: every element closed in its order, attributes quoted, no stray < or &. */
#ifndef DOORBELL_TESTS_REPORT_XML_H
#define DOORBELL_TESTS_REPORT_XML_H

#include <cctype>
#include <set>
#include <string>
#include <vector>

namespace support
{

/** How often a part occurs. */
inline size_t count(const std::string &text, const std::string &part)
{
    size_t found = 0;

    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        found++;
    }
    return found;
}

/** What is wrong with the attributes of a tag; "" if nothing is. */
inline std::string attribute_problem(const std::string &tag)
{
    size_t at = tag.find_first_of(" \n");

    while (at != std::string::npos && (at = tag.find_first_not_of(" \n", at)) != std::string::npos) {
        const size_t equals = tag.find_first_of("= \n", at);

        if (equals == std::string::npos || tag[equals] != '=' || tag[equals + 1] != '"') {
            return "an attribute without a quoted value in <" + tag + ">";
        }
        at = tag.find('"', equals + 2);
        if (at == std::string::npos) {
            return "an open quote in <" + tag + ">";
        }
        at++;
    }
    return "";
}

/** Walks through markup. @param empty names of elements that are never closed */
inline std::string markup_problem(const std::string &text, const std::set<std::string> &empty)
{
    std::vector<std::string> open;
    size_t at = 0;

    for (; at < text.size(); at++) {
        if (text[at] == '&') {
            const size_t end = text.find(';', at);

            if (end == std::string::npos || end - at > 8) {
                return "a stray & at " + text.substr(at, 30);
            }
        }
        if (text[at] == '>') {
            return "a stray > at " + text.substr(at, 30);
        }
        if (text[at] != '<') {
            continue;
        }
        const size_t end = text.find('>', at);

        if (end == std::string::npos) {
            return "an open tag at the end";
        }
        std::string tag = text.substr(at + 1, end - at - 1);

        at = end;
        if (tag[0] == '!') {
            continue;
        }
        if (tag[0] == '/') {
            if (open.empty() || open.back() != tag.substr(1)) {
                return "<" + tag + "> closes " + (open.empty() ? "nothing" : "<" + open.back() + ">");
            }
            open.pop_back();
            continue;
        }
        const bool closed = tag.back() == '/';

        if (closed) {
            tag.pop_back();
        }
        const std::string name = tag.substr(0, tag.find_first_of(" \n"));
        const std::string problem = attribute_problem(tag);

        if (!problem.empty()) {
            return problem;
        }
        if (name == "style") { /* its text is no markup */
            at = text.find("</style>", at) - 1;
        }
        if (!closed && empty.count(name) == 0) {
            open.push_back(name);
        }
    }
    return open.empty() ? "" : "<" + open.back() + "> is never closed";
}

inline std::string xml_problem(const std::string &text)
{
    return markup_problem(text, {});
}

inline std::string html_problem(const std::string &text)
{
    return markup_problem(text, {"meta"});
}

} // namespace support

#endif
