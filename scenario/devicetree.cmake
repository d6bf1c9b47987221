find_path(FDT_INCLUDE_DIR NAMES libfdt.h REQUIRED)
find_library(FDT_LIBRARY NAMES fdt REQUIRED)
set(DOORBELL_SCENARIO_DEVICETREE_SOURCES devicetree.c devicetree_tree.c devicetree_map.c devicetree_source.c
    devicetree_check.c)
set(DOORBELL_SCENARIO_DEVICETREE_LIBRARIES ${FDT_LIBRARY})
