/* What the fuzz targets of readers have in common: the machine that was read becomes text. */
#ifndef DOORBELL_TESTS_FUZZ_IMPORT_SHAPE_H
#define DOORBELL_TESTS_FUZZ_IMPORT_SHAPE_H

#include "import/hierarchy.h"
#include "import/machine.h"
#include "import/write.h"
#include "tests/fuzz/target.h"

#include <cstdio>
#include <cstdlib>

namespace fuzz
{

/** Shapes and writes a machine; there must be a text. */
inline void shape(import_machine *machine)
{
    import_hierarchy hierarchy;
    import_writing writing = {};
    char *text = nullptr;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    import_machine_finish(machine);
    import_hierarchy_make(machine, &hierarchy, &machine->remarks);
    writing.machine = machine;
    writing.hierarchy = &hierarchy;
    writing.remarks = &machine->remarks;
    writing.source = "an input";
    if (!import_write(stream, &writing)) {
        fail("a machine that was read cannot be written");
    }
    fclose(stream);
    free(text);
    import_hierarchy_clear(&hierarchy);
}

} // namespace fuzz

#endif
