/*
 * Codes of errors. Every message that says what is wrong with the input, the command line or the machine begins with a
 * code where it is written ("E1101 unknown key ..."), so that code and words stand together in the source. What keeps
 * and prints messages takes the two apart here. `scenario/codes.h` has the table of all codes.
 */
#ifndef DOORBELL_RESULT_ERROR_CODE_H
#define DOORBELL_RESULT_ERROR_CODE_H

#ifdef __cplusplus
extern "C" {
#endif

/** "E1101" and the end of the text. */
#define ERROR_CODE_SIZE 6

/**
 * Takes the code off the beginning of a message: an E, four digits, a space.
 * @param code receives the code, or "" if the message has none; NULL: not wanted
 * @return the message behind the code; @p message itself if it has none
 */
const char *error_code_split(const char *message, char code[ERROR_CODE_SIZE]);

#ifdef __cplusplus
}
#endif

#endif
