#include "models/pcie/checker_internal.h"

#define MOST_BYTES   4096u
#define PAGE         4096u
#define BOUNDARY     64u
#define CONFIG_BYTES 4u

/* ---- One TLP ---- */

static void check_sizes(const struct checker_direction *direction, const struct sim_packet *packet)
{
    uint32_t payload = pcie_tlp_payload_bytes(packet);
    uint32_t most = direction->space != NULL ? pcie_config_max_payload(direction->space) : MOST_BYTES;

    if ((packet->length & 3) != 0 && packet->type != SIM_PACKET_CONFIG_READ) {
        checker_report(direction, PCIE_RULE_PAYLOAD, packet, "a length that is not whole double words");
    }
    if (payload > most) {
        checker_report(direction, PCIE_RULE_PAYLOAD, packet, "more payload than Max_Payload_Size");
    }
    if (packet->type == SIM_PACKET_READ) {
        bool limited = direction->limits_reads && direction->space != NULL;
        uint32_t read = limited ? pcie_config_max_read_request(direction->space) : MOST_BYTES;

        if (packet->length > read) {
            checker_report(direction, PCIE_RULE_PAYLOAD, packet, "a read of more than Max_Read_Request_Size");
        }
    }
}

static void check_memory(const struct checker_direction *direction, const struct sim_packet *packet)
{
    if (packet->length == 0 || (packet->address & 3) != 0) {
        checker_report(direction, PCIE_RULE_FORMAT, packet, "a memory request of no double words, or between them");
    } else if (packet->address / PAGE != (packet->address + packet->length - 1) / PAGE) {
        checker_report(direction, PCIE_RULE_PAYLOAD, packet, "a memory request that crosses 4 KiB");
    }
    if (!pcie_tlp_enables_fit(packet)) {
        checker_report(direction, PCIE_RULE_FORMAT, packet, "byte enables that its length does not allow");
    }
    if (packet->at == SIM_AT_RESERVED) {
        checker_report(direction, PCIE_RULE_FORMAT, packet, "a reserved AT");
    }
}

static void check_completion(const struct checker_direction *direction, const struct sim_packet *packet)
{
    uint64_t end = packet->address + packet->length;

    if (packet->status != SIM_STATUS_OK && packet->length != 0) {
        checker_report(direction, PCIE_RULE_COMPLETION, packet, "data in a completion that is not successful");
    }
    if (packet->arg < packet->length) {
        checker_report(direction, PCIE_RULE_COMPLETION, packet, "more data than Byte Count");
    } else if (packet->arg > packet->length && end % BOUNDARY != 0) {
        checker_report(direction, PCIE_RULE_COMPLETION, packet, "cut elsewhere than at a boundary");
    }
}

void checker_check_format(const struct checker_direction *direction, const struct sim_packet *packet)
{
    bool memory = packet->type == SIM_PACKET_READ || packet->type == SIM_PACKET_WRITE;

    check_sizes(direction, packet);
    if ((packet->flags & SIM_FLAG_LENGTH_BAD) != 0) {
        checker_report(direction, PCIE_RULE_FORMAT, packet, "a Length that is not the payload's");
    }
    if ((packet->flags & SIM_FLAG_POISONED) != 0 && pcie_tlp_payload_bytes(packet) == 0) {
        checker_report(direction, PCIE_RULE_FORMAT, packet, "poisoned, and no data");
    }
    if (!memory && packet->traffic_class != 0 && pcie_tlp_other_is_malformed(packet, MOST_BYTES)) {
        checker_report(direction, PCIE_RULE_FORMAT, packet, "a traffic class that it must not have");
    }
    if ((packet->flags & SIM_FLAG_PASID) != 0 && !memory && packet->type != SIM_PACKET_MESSAGE) {
        checker_report(direction, PCIE_RULE_FORMAT, packet, "a PASID where none may be");
    }
    if (memory) {
        check_memory(direction, packet);
    } else if (packet->type == SIM_PACKET_COMPLETION) {
        check_completion(direction, packet);
    } else if (packet->type == SIM_PACKET_CONFIG_READ || packet->type == SIM_PACKET_CONFIG_WRITE) {
        if (packet->length != CONFIG_BYTES || packet->last_be != 0 || (packet->address & 3) != 0 ||
            packet->at != SIM_AT_UNTRANSLATED || (packet->flags & (SIM_FLAG_RELAXED | SIM_FLAG_NO_SNOOP)) != 0) {
            checker_report(direction, PCIE_RULE_FORMAT, packet,
                           "a configuration request of other than a double word, or with AT or attributes");
        }
    } else if (packet->type != SIM_PACKET_MESSAGE) {
        checker_report(direction, PCIE_RULE_FORMAT, packet, "not a TLP");
    }
}

/* ---- Tags ---- */

static uint32_t hash_of(uint16_t requester, uint16_t tag)
{
    return ((uint32_t)requester * 0x9e3779b1u ^ (uint32_t)tag * 0x85ebca6bu) >> 12;
}

static struct checker_tag *find(const struct pcie_checker *checker, bool upwards, uint16_t requester, uint16_t tag)
{
    for (uint32_t i = 0; i < CHECKER_TAGS; i++) {
        struct checker_tag *entry = &checker->tags[(hash_of(requester, tag) + i) & (CHECKER_TAGS - 1)];

        if (!entry->used) {
            return NULL;
        }
        if (entry->requester == requester && entry->tag == tag && entry->upwards == upwards) {
            return entry;
        }
    }
    return NULL;
}

static void insert(const struct checker_direction *direction, const struct sim_packet *packet, sim_time now)
{
    const struct pcie_checker *checker = direction->checker;
    struct checker_tag *entry = NULL;

    for (uint32_t i = 0; i < CHECKER_TAGS; i++) {
        entry = &checker->tags[(hash_of(packet->requester, packet->tag) + i) & (CHECKER_TAGS - 1)];
        if (!entry->used) {
            break;
        }
    }
    if (entry->used) {
        sim_panic(checker->sim, NULL, packet, "checker %s: more requests under way than it can follow", checker->name);
    }
    entry->used = true;
    entry->upwards = direction == &checker->up;
    entry->read = packet->type == SIM_PACKET_READ || packet->type == SIM_PACKET_CONFIG_READ;
    entry->requester = packet->requester;
    entry->tag = packet->tag;
    entry->rest = entry->read ? packet->length : 0;
    entry->address = packet->address;
    entry->sent = now;
}

/** Removes an entry and moves up those that its place had pushed on. */
static void erase(const struct pcie_checker *checker, struct checker_tag *entry)
{
    uint32_t hole = (uint32_t)(entry - checker->tags);
    uint32_t at = hole;

    entry->used = false;
    for (;;) {
        struct checker_tag *next;
        uint32_t home;

        at = (at + 1) & (CHECKER_TAGS - 1);
        next = &checker->tags[at];
        if (!next->used) {
            return;
        }
        home = hash_of(next->requester, next->tag) & (CHECKER_TAGS - 1);
        if (((at - home) & (CHECKER_TAGS - 1)) >= ((at - hole) & (CHECKER_TAGS - 1))) {
            checker->tags[hole] = *next;
            next->used = false;
            hole = at;
        }
    }
}

static void track_completion(const struct checker_direction *direction, const struct sim_packet *packet)
{
    struct pcie_checker *checker = direction->checker;
    struct checker_tag *entry = find(checker, direction != &checker->up, packet->target, packet->tag);

    if (entry == NULL) {
        if (checker->given_up > 0) {
            checker->given_up--;
        } else if (!checker->interrupted) {
            checker_report(direction, PCIE_RULE_TAGS, packet, "a completion that nobody asked for");
        }
        return;
    }
    if (packet->status == SIM_STATUS_OK && entry->read) {
        if (checker->losses && packet->arg < entry->rest) {
            entry->address += entry->rest - packet->arg;
            entry->rest = packet->arg;
        }
        if (packet->length == 0 || packet->length > entry->rest || packet->arg != entry->rest) {
            checker_report(direction, PCIE_RULE_TAGS, packet, "a completion with other than what is to come");
        }
        entry->rest -= packet->length < entry->rest ? packet->length : entry->rest;
        entry->address += packet->length;
        if (entry->rest > 0) {
            return;
        }
    }
    erase(checker, entry);
}

void checker_track_tags(struct checker_direction *direction, const struct sim_packet *packet, sim_time now)
{
    struct pcie_checker *checker = direction->checker;
    struct checker_tag *entry;

    if (packet->type == SIM_PACKET_COMPLETION) {
        track_completion(direction, packet);
    } else if (pcie_tlp_class(packet) == PCIE_NON_POSTED) {
        entry = find(checker, direction == &checker->up, packet->requester, packet->tag);
        if (entry != NULL && now - entry->sent < checker->tag_timeout) {
            checker_report(direction, PCIE_RULE_TAGS, packet, "a tag that is still in use");
            return;
        }
        if (entry != NULL) {
            checker->given_up++;
            erase(checker, entry);
        }
        insert(direction, packet, now);
    }
}
