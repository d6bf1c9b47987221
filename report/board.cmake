set(DOORBELL_REPORT_BOARD_SOURCES board_text.c board_json.c)
