#include "result/error_code.h"

#include <string.h>

const char *error_code_split(const char *message, char code[ERROR_CODE_SIZE])
{
    const size_t length = ERROR_CODE_SIZE - 1;

    if (message[0] != 'E' || strspn(message + 1, "0123456789") != length - 1 || message[length] != ' ') {
        if (code != NULL) {
            code[0] = '\0';
        }
        return message;
    }
    if (code != NULL) {
        memcpy(code, message, length);
        code[length] = '\0';
    }
    return message + length + 1;
}
