/*
 * Lines of the host's cache, fetched before they are needed.
 *
 * With thousands of components in a simulation, what each of them knows has left the cache when its next packet comes,
 * and then one access after another waits for memory. Whoever can tell what an evaluation is going to look at may have
 * all of it fetched at once. That changes nothing but time: any address will do, even one where nothing is.
 */
#ifndef DOORBELL_SIM_FETCH_H
#define DOORBELL_SIM_FETCH_H

#ifdef __cplusplus
extern "C" {
#endif

/** For functions that do nothing but fetch: gcc takes calls of them for calls without effect, and leaves them out. */
#define SIM_FETCHES static inline __attribute__((always_inline))

/** Fetches the line of an address that is going to be read, or read and written. */
SIM_FETCHES void sim_fetch(const void *address)
{
    __builtin_prefetch(address);
}

/** Fetches the line of an address that is going to be written. */
SIM_FETCHES void sim_fetch_to_write(const void *address)
{
    __builtin_prefetch(address, 1);
}

#ifdef __cplusplus
}
#endif

#endif
