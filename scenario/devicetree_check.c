#include "scenario/devicetree_check.h"

#include "host/board_check.h"
#include "scenario/devicetree.h"
#include "scenario/devicetree_source.h"

#include <stdlib.h>
#include <string.h>

bool board_path_is_devicetree(const char *path)
{
    static const char *const endings[] = {".dtb", ".dts"};
    size_t length = strlen(path);

    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        size_t ending = strlen(endings[i]);

        if (length > ending && strcmp(path + length - ending, endings[i]) == 0) {
            return true;
        }
    }
    return false;
}

enum board_status board_check_blob(const void *blob, size_t size, const char *file, struct board_result *out,
                                   struct board_error *error)
{
    struct firmware firmware = {0};
    struct devicetree_extra extra = {0};
    enum board_status status = devicetree_read(blob, size, file, &firmware, &extra, error);

    if (status == BOARD_OK) {
        status = board_check_firmware(&firmware, file, out, error);
        out->other_iommu_count = extra.iommus_left_out;
    }
    firmware_clear(&firmware);
    return status;
}

enum board_status board_check_path(const char *path, struct board_result *out, struct board_error *error)
{
    void *blob = NULL;
    size_t size = 0;
    enum board_status status = devicetree_load(path, &blob, &size, error);

    if (status == BOARD_OK) {
        status = board_check_blob(blob, size, path, out, error);
    }
    free(blob);
    return status;
}
