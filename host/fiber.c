/*
 * POSIX contexts. The sanitizers must be told of every change of stack; elsewhere those calls are nothing.
 */
#define _GNU_SOURCE

#include "host/fiber.h"

#include "sim/allocate.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define FIBER_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIBER_ADDRESS_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define FIBER_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FIBER_THREAD_SANITIZER 1
#endif
#endif

#ifdef FIBER_ADDRESS_SANITIZER
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef FIBER_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#endif

struct fiber {
    ucontext_t own;
    ucontext_t resumer;
    void (*run)(void *context);
    void *context;
    unsigned char *memory; /**< a page that cannot be touched, then the stack, which grows towards it */
    size_t memory_bytes;
    size_t stack_bytes;
    bool ended;
    void *own_fake;     /**< address sanitizer's note about the fiber's stack, while it does not run */
    void *resumer_fake; /**< and about the resumer's */
    const void *resumer_stack;
    size_t resumer_bytes;
    void *own_thread; /**< thread sanitizer's name for the fiber */
    void *resumer_thread;
};

static size_t page_bytes(void)
{
    long page = sysconf(_SC_PAGESIZE);

    return page > 0 ? (size_t)page : 4096;
}

/* ---- What the sanitizers are told ---- */

static void leave_resumer(struct fiber *fiber)
{
#ifdef FIBER_ADDRESS_SANITIZER
    __sanitizer_start_switch_fiber(&fiber->resumer_fake, fiber->memory + page_bytes(), fiber->stack_bytes);
#endif
#ifdef FIBER_THREAD_SANITIZER
    fiber->resumer_thread = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(fiber->own_thread, 0);
#endif
    (void)fiber;
}

static void come_back_to_resumer(struct fiber *fiber)
{
#ifdef FIBER_ADDRESS_SANITIZER
    __sanitizer_finish_switch_fiber(fiber->resumer_fake, NULL, NULL);
#endif
    (void)fiber;
}

static void enter(struct fiber *fiber)
{
#ifdef FIBER_ADDRESS_SANITIZER
    __sanitizer_finish_switch_fiber(fiber->own_fake, &fiber->resumer_stack, &fiber->resumer_bytes);
#endif
    (void)fiber;
}

static void leave(struct fiber *fiber)
{
#ifdef FIBER_ADDRESS_SANITIZER
    __sanitizer_start_switch_fiber(fiber->ended ? NULL : &fiber->own_fake, fiber->resumer_stack, fiber->resumer_bytes);
#endif
#ifdef FIBER_THREAD_SANITIZER
    __tsan_switch_to_fiber(fiber->resumer_thread, 0);
#endif
    (void)fiber;
}

/* ---- The fiber ---- */

/** makecontext() hands over ints only, so the pointer comes in two halves. */
static void begin(unsigned high, unsigned low)
{
    struct fiber *fiber = (struct fiber *)(uintptr_t)((uint64_t)high << 32 | low);

    enter(fiber);
    fiber->run(fiber->context);
    fiber->ended = true;
    leave(fiber);
    setcontext(&fiber->resumer);
}

struct fiber *fiber_create(size_t stack_bytes, void (*run)(void *context), void *context)
{
    struct fiber *fiber = sim_allocate(1, sizeof(*fiber));
    size_t page = page_bytes();
    uint64_t address = (uint64_t)(uintptr_t)fiber;

    fiber->run = run;
    fiber->context = context;
    fiber->stack_bytes = (stack_bytes + page - 1) / page * page;
    fiber->memory_bytes = fiber->stack_bytes + page;
    fiber->memory =
        mmap(NULL, fiber->memory_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (fiber->memory == MAP_FAILED || mprotect(fiber->memory, page, PROT_NONE) != 0 || getcontext(&fiber->own) != 0) {
        fputs("doorbell: no memory for a stack\n", stderr);
        abort();
    }
    fiber->own.uc_stack.ss_sp = fiber->memory + page;
    fiber->own.uc_stack.ss_size = fiber->stack_bytes;
    fiber->own.uc_link = NULL;
    makecontext(&fiber->own, (void (*)(void))begin, 2, (unsigned)(address >> 32), (unsigned)address);
#ifdef FIBER_THREAD_SANITIZER
    fiber->own_thread = __tsan_create_fiber(0);
#endif
    return fiber;
}

void fiber_destroy(struct fiber *fiber)
{
    if (fiber == NULL) {
        return;
    }
#ifdef FIBER_THREAD_SANITIZER
    __tsan_destroy_fiber(fiber->own_thread);
#endif
    munmap(fiber->memory, fiber->memory_bytes);
    free(fiber);
}

bool fiber_resume(struct fiber *fiber)
{
    leave_resumer(fiber);
    swapcontext(&fiber->resumer, &fiber->own);
    come_back_to_resumer(fiber);
    return !fiber->ended;
}

void fiber_yield(struct fiber *fiber)
{
    leave(fiber);
    swapcontext(&fiber->own, &fiber->resumer);
    enter(fiber);
}
