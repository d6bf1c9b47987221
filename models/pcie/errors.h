/*
 * Errors: how a function records one, and what it tells the root complex (PCI Express Base, 6.2).
 *
 * An uncorrectable error is fatal or not as the AER capability's severity register says. A non-fatal one that somebody
 * else is better placed to judge is advisory (6.2.3.2.4): a completer that answers with UR or CA, a requester that gets
 * a completion that it did not expect, a switch that passes poisoned data on. It counts as a correctable error, and
 * only while the Advisory Non-Fatal Error is not masked (it is after reset) does the one behind it show.
 *
 * Each record may cause one of the messages ERR_COR, ERR_NONFATAL and ERR_FATAL, which a component sends to the root
 * when it has room. The root port at which it comes in keeps the severity and who sent it (7.8.4.9 to 7.8.4.11).
 */
#ifndef DOORBELL_MODELS_PCIE_ERRORS_H
#define DOORBELL_MODELS_PCIE_ERRORS_H

#include "models/pcie/config_space.h"
#include "models/pcie/link_findings.h"
#include "sim/packet.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Message codes (2.2.8.3). */
#define PCIE_ERR_COR      0x30u
#define PCIE_ERR_NONFATAL 0x31u
#define PCIE_ERR_FATAL    0x33u

static inline bool pcie_is_error_message(const struct sim_packet *packet)
{
    return packet->type == SIM_PACKET_MESSAGE &&
           (packet->operation == PCIE_ERR_COR || packet->operation == PCIE_ERR_NONFATAL ||
            packet->operation == PCIE_ERR_FATAL);
}

/** What went wrong. */
struct pcie_error {
    uint32_t uncorrectable;       /**< one of PCIE_AER_*; 0: a correctable error */
    uint32_t correctable;         /**< one of PCIE_AER_CORRECTABLE_*, if it is one */
    bool advisory;                /**< uncorrectable, and advisory unless its severity is fatal */
    const struct sim_packet *tlp; /**< whose header is logged; NULL: the error has none */
};

/** Messages that a component still has to send. */
#define PCIE_ERROR_MESSAGES 16u

struct pcie_error_queue {
    struct {
        uint16_t requester;
        uint8_t code;
    } ring[PCIE_ERROR_MESSAGES];
    uint8_t head;
    uint8_t count;
};

/**
 * Records an error in a function's Status, Device Status and AER registers: status bits, first error pointer, header
 * and prefix log (6.2.4, 7.8.4).
 * @return code of the message that it causes; 0: none, or it is not enabled
 */
uint8_t pcie_error_record(struct pcie_config_space *space, const struct pcie_error *error);

/** Records what an end of a link found (link_findings.h), which is no TLP's error. @return as above */
uint8_t pcie_error_record_link(struct pcie_config_space *space, const struct pcie_link_finding *found);

/** Queues a message. One of the same function and severity that still waits stands for both (6.2.3.1), as does a full
 * queue's last. @param code 0: nothing to queue */
void pcie_error_queue_add(struct pcie_error_queue *queue, uint16_t requester, uint8_t code);

/** Takes the oldest message, of which there must be one, as a TLP to the root (2.2.8.3). */
struct sim_packet *pcie_error_queue_take(struct pcie_error_queue *queue, struct sim *sim, uint64_t id, sim_time now);

/**
 * A root port has received an error message, or has one of its own: Root Error Status, Error Source Identification.
 * @param source who sent it
 */
void pcie_error_receive(struct pcie_config_space *root_port, uint8_t code, uint16_t source);

/** The header of a TLP as it is on the wire, most significant byte first in each double word (2.2.1). */
void pcie_tlp_header(const struct sim_packet *packet, uint32_t header[4]);

/** Its PASID prefix (6.20.1); 0: it has none. */
uint32_t pcie_tlp_prefix(const struct sim_packet *packet);

#ifdef __cplusplus
}
#endif

#endif
