set(DOORBELL_RESULT_BOARD_SOURCES board.c error_code.c)
