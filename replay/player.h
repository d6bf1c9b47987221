/*
 * Who replays: the rig, the recording, and what both must be asked between one step and the next. The steps of the
 * software are in player.c, comparisons in compare.c; timeline.c and snapshots.c put them in order.
 */
#ifndef DOORBELL_REPLAY_PLAYER_H
#define DOORBELL_REPLAY_PLAYER_H

#include "replay/recording.h"
#include "replay/rig.h"
#include "result/replay.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A queue in memory as the recorded software has set it up. */
struct replay_queue {
    uint64_t base;
    uint32_t log2;     /**< entries, of the SMMU's; of the ITS's not used */
    uint64_t bytes;    /**< of the ITS's */
    uint64_t position; /**< producer's (commands) or consumer's (events) index with its wrap bit; ITS: byte offset */
    size_t next;       /**< row of the recording that comes next */
};

struct replay_player {
    const struct replay_recording *recording;
    const struct replay_options *options;
    struct replay_result *result;
    struct replay_rig rig;
    struct replay_queue commands;
    struct replay_queue events;
    struct replay_queue its;
    uint64_t stream_table; /**< STRTAB_BASE as written last */
    uint64_t stream_table_config;
    bool commands_enabled; /**< CR0.CMDQEN as written last */
    bool its_enabled;      /**< GITS_CTLR.Enabled likewise */
    uint64_t lpi_table;    /**< of PROPBASER; the LPI configuration table that has been filled */
    uint32_t ite_bytes;    /**< GITS_TYPER.ITT_entry_size + 1 of the model */
    uint64_t its_errors;   /**< what its_last_error() said last */
    uint64_t extra_events; /**< events that the recorded hardware did not write, and that are known */
};

/** Whether the user has asked to end. */
bool replay_is_interrupted(const struct replay_player *player);

/* ---- Software's steps (player.c, player_its.c) ---- */

/**
 * Feeds a register write, with what software had put into memory for it: commands, tables. Rows of mmio.csv that no
 * model has are counted. @param seq of the row, for differences
 */
void replay_feed_register(struct replay_player *player, const struct replay_mmio *mmio);

/** Parts of the above: writes that need more than to be written. */
void replay_feed_smmu(struct replay_player *player, const struct replay_mmio *mmio, uint64_t address);
void replay_feed_its(struct replay_player *player, const struct replay_mmio *mmio, uint64_t address);
void replay_feed_redistributor(struct replay_player *player, const struct replay_mmio *mmio, uint64_t address);

/** Puts an STE with its CD, and the level-1 descriptor above it, into memory. */
void replay_feed_config(struct replay_player *player, const struct replay_config *config);

/* ---- Comparisons (compare.c) ---- */

/** What an access is about. */
struct replay_subject {
    enum replay_check check;
    bool has_seq;
    uint64_t seq; /**< or snapshot */
    uint32_t stream_id;
    uint64_t iova;
    bool write;
};

/** Performs an access that must come out at @p pa. */
void replay_expect_pass(struct replay_player *player, const struct replay_subject *subject, uint64_t pa);

/** What denying an access must look like. */
struct replay_denial {
    uint8_t type;     /**< of the event; 0: none at all */
    bool has_address; /**< the record has the address and RnW */
    bool known;       /**< the recorded hardware wrote no event, the architecture asks for one: */
    bool is_beyond;   /**< F_ADDR_SIZE; if not, F_TRANSLATION or F_PERMISSION, as the tables say */
};

/** Performs an access that must be denied, with the event that is asked for. */
void replay_expect_denial(struct replay_player *player, const struct replay_subject *subject,
                          const struct replay_denial *denial);

/** Where an MSI must end. */
struct replay_goal {
    enum replay_check check;
    bool has_seq;
    uint64_t seq;
    uint32_t device_id;
    uint32_t event_id;
    uint64_t intid; /**< REPLAY_NONE: nowhere */
    uint64_t collection;
    uint64_t target;
};

/** Compares with where the last MSI ended. */
void replay_compare_arrival(struct replay_player *player, const struct replay_goal *goal);

/** Compares one number, shown in hexadecimal. */
void replay_compare_value(struct replay_player *player, enum replay_check check, uint64_t seq, const char *subject,
                          uint64_t expected, uint64_t got);

/** Notes a difference in words. */
void replay_differ(struct replay_player *player, enum replay_check check, uint64_t seq, const char *subject,
                   const char *expected, const char *got);

/** Reads event records that have been written since the last call. @return how many; at most @p most are read */
size_t replay_take_events(struct replay_player *player, uint64_t records[][4], size_t most);

/** Counts events that nothing accounts for as differences. */
void replay_expect_no_event(struct replay_player *player, uint64_t seq);

/* ---- The two modes ---- */

/** Everything in its order; @p only_its leaves the SMMU's part out. */
void replay_timeline(struct replay_player *player, bool only_its);

/** Every snapshot's mappings. The rig may have been used before. */
void replay_snapshots(struct replay_player *player);

/** The ITS's final routes, behind the last command. */
void replay_routes(struct replay_player *player);

#ifdef __cplusplus
}
#endif

#endif
