/*
 * Which folder may include which: the rules are the table of docs/architecture.md itself, so that the page and the code
 * cannot drift apart.
 */
#ifndef DOORBELL_TESTS_CHECKS_INCLUDE_RULES_H
#define DOORBELL_TESTS_CHECKS_INCLUDE_RULES_H

#include "tests/checks/tree.h"

#include <string>
#include <vector>

namespace checks
{

/** One row of the table. */
struct FolderRule {
    std::string folder;                   /**< with its final slash: "models/pcie/" */
    bool allows_cpp;                      /**< the language column names C++ */
    std::vector<std::string> may_use;     /**< folders whose headers it may include, its own aside */
    std::vector<std::string> public_only; /**< those among them of which only public headers */
};

/** The rules, and what of the table could not be understood. */
struct FolderRules {
    std::vector<FolderRule> rows;
    std::vector<Problem> problems;
};

/**
 * Reads the first table whose header row begins "| folder |". The last column is a list, separated by commas, of
 * folders between backquotes, "nothing of ours", "all above", or "the models' public headers".
 */
FolderRules read_folder_rules(const SourceFile &page);

/**
 * Judges every #include of own headers in the folders of the table. Reported: a folder that the table lacks, an include
 * that its row does not allow, one not written from the root, one of a file that is not there, another room's private
 * header (a name that ends in _internal.h or _private.h; a room's subfolder belongs to it), and C++ in a C folder.
 * tests/ and bench/ may include all.
 */
std::vector<Problem> check_includes(const FolderRules &rules, const std::vector<SourceFile> &files);

} // namespace checks

#endif
