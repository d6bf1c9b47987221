set(DOORBELL_HOST_BOARD_SOURCES firmware.c rid_map.c board_check.c board_evidence.c board_doorbells.c board_sharing.c
    board_isolation.c board_windows.c board_findings.c)
