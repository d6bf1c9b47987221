/* A function's configuration space, byte by byte, -> what matters of it. */
#ifndef DOORBELL_IMPORT_CONFIG_SPACE_H
#define DOORBELL_IMPORT_CONFIG_SPACE_H

#include "import/machine.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Decodes header and capabilities (PCIe Base, 7.5 to 7.9 and 9.3.3). The bytes are untrusted: chains that point
 * anywhere, or back, end where they do so.
 * @param config  IMPORT_CONFIG_SIZE bytes; what is not known is 0
 * @param known   bytes that are known, from the first on
 * @param function  segment, requester ID and origin are left alone; the rest is set
 */
void import_config_decode(const uint8_t *config, size_t known, struct import_function *function);

#ifdef __cplusplus
}
#endif

#endif
