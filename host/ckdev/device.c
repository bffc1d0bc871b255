/* SPDX-License-Identifier: Apache-2.0 */
/* The dispatcher: serves commands, watches doorbells, tells events; and sleeps when there is nothing of these.
 *
 * A program rings by a store, which wakes nobody. So before it sleeps for long, the device asks the kernel to make
 * doorbells trap (GPU_EVENT_ARM); until it hears that they do, it looks at them again and again, with naps that grow.
 * Whatever may wake it is looked at once more after is_sleeping is set: who rings later sees that, and kicks. */
#define _GNU_SOURCE
#include "host/ckdev/device_internal.h"

#include "host/ckdev/log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

enum {
    SPIN_NS = 50000,    /* after the last work: the next is likely soon */
    AWAKE_NS = 1000000, /* then naps are short */
    NAP_SHORT_NS = 20000,
    NAP_BUSY_NS = 50000, /* while workers work: they need the processors */
    NAP_LONG_NS = 500000,
    ARM_PATIENCE_NS = 100000000, /* then the kernel is asked again */
};

uint64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void fail_locked(struct device *device, const char *format, va_list values)
{
    char text[200];
    vsnprintf(text, sizeof text, format, values);
    log_line("the kernel breaks the protocol: %s", text);
    device->failure = GPU_FAILURE_PROTOCOL;
    __atomic_store_n(&device->is_stopping, true, __ATOMIC_RELEASE);
}

void device_fail_locked(struct device *device, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    fail_locked(device, format, values);
    va_end(values);
}

void device_fail(struct device *device, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    pthread_mutex_lock(&device->lock);
    fail_locked(device, format, values);
    pthread_mutex_unlock(&device->lock);
    va_end(values);
}

/* ---- one look at everything ---- */

static bool look(struct device *device, bool *busy)
{
    bool is_new = commands_serve(device);
    pthread_mutex_lock(&device->lock);
    events_flush_locked(device);
    is_new |= queues_watch_locked(device, busy);
    *busy |= device->events.is_waiting;
    pthread_mutex_unlock(&device->lock);
    return is_new;
}

/* ---- sleeping ---- */

struct sleeper {
    uint32_t request; /* the latest for arming; 0: it is of no use any more */
    uint64_t asked_ns;
    uint64_t last_ns; /* when there was work */
};

/* True when doorbells trap, or there are none. */
static bool is_armed(struct device *device, const struct sleeper *sleeper)
{
    if (!device->active_count) return true;
    uint32_t armed = __atomic_load_n(&device->registers->armed, __ATOMIC_SEQ_CST);
    return sleeper->request && armed == sleeper->request;
}

static void ask(struct device *device, struct sleeper *sleeper, uint32_t *last_request, uint64_t now)
{
    *last_request += 1 + (*last_request == UINT32_MAX);
    sleeper->request = *last_request;
    sleeper->asked_ns = now;
    __atomic_store_n(&device->registers->arm_request, sleeper->request, __ATOMIC_RELEASE);
    pthread_mutex_lock(&device->lock);
    events_arm_locked(device, sleeper->request);
    pthread_mutex_unlock(&device->lock);
}

/* Sleep until a kick, or for `nap_ns`; 0: as long as it takes. The kernel kicks whoever says that it sleeps, so
 * commands do not wait for the end of a nap. */
static void sleep_until_kicked(struct device *device, struct sleeper *sleeper, uint64_t nap_ns)
{
    struct gpu_registers *registers = device->registers;
    bool busy = false;
    __atomic_store_n(&registers->is_sleeping, 1, __ATOMIC_SEQ_CST);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    bool must_stay = commands_are_waiting(device) || (!nap_ns && !is_armed(device, sleeper));
    pthread_mutex_lock(&device->lock);
    must_stay |= queues_watch_locked(device, &busy) || (!nap_ns && busy) || device->is_stopping;
    pthread_mutex_unlock(&device->lock);
    if (!must_stay) {
        struct pollfd kick = { .fd = device->config.kick_fd, .events = POLLIN };
        struct timespec nap = { .tv_nsec = (long)nap_ns };
        eventfd_t count;
        if (ppoll(&kick, 1, nap_ns ? &nap : NULL, NULL) > 0) {
            (void)eventfd_read(device->config.kick_fd, &count);
            /* The store that trapped is made again in a moment; arming at once would only trap it once more. */
            sleeper->last_ns = clock_ns();
        }
    }
    __atomic_store_n(&registers->is_sleeping, 0, __ATOMIC_SEQ_CST);
}

static void rest(struct device *device, struct sleeper *sleeper, uint32_t *last_request, bool is_busy)
{
    uint64_t now = clock_ns(), idle_ns = now - sleeper->last_ns;
    if (is_busy) {
        sleeper->last_ns = now;
        sleep_until_kicked(device, sleeper, NAP_BUSY_NS);
    } else if (idle_ns < SPIN_NS) {
        __builtin_ia32_pause();
    } else if (idle_ns < AWAKE_NS) {
        sleep_until_kicked(device, sleeper, NAP_SHORT_NS);
    } else if (is_armed(device, sleeper)) {
        sleep_until_kicked(device, sleeper, 0);
    } else {
        if (!sleeper->request || now - sleeper->asked_ns > ARM_PATIENCE_NS)
            ask(device, sleeper, last_request, now);
        sleep_until_kicked(device, sleeper, NAP_LONG_NS);
    }
}

enum gpu_failure device_run(struct device *device)
{
    struct sleeper sleeper = { .last_ns = clock_ns() };
    uint32_t last_request = 0;
    while (!__atomic_load_n(&device->is_stopping, __ATOMIC_ACQUIRE)) {
        bool is_busy = false;
        if (look(device, &is_busy)) {
            sleeper.last_ns = clock_ns();
            /* A doorbell may have been rung, which disarms; an answer to this request would come too late. */
            sleeper.request = is_armed(device, &sleeper) ? sleeper.request : 0;
            continue;
        }
        rest(device, &sleeper, &last_request, is_busy);
    }
    return device->failure;
}

/* ---- beginning and end ---- */

struct device *device_create(const struct device_config *config)
{
    struct device *device = calloc(1, sizeof *device);
    struct gpu_identity identity;
    if (!device || !window_identity("gfx900", &identity)) goto out_of_memory;
    device->config = *config;
    device->registers = (struct gpu_registers *)config->window;
    window_lay_out(&device->layout, &identity, config->memory.vram_bytes);
    pthread_mutex_init(&device->lock, NULL);
    pthread_cond_init(&device->work, NULL);
    pthread_cond_init(&device->answers, NULL);
    pthread_cond_init(&device->idle, NULL);
    for (uint32_t i = 0; i < MIN(config->threads, (uint32_t)DEVICE_THREADS_MAX); i++) {
        struct worker *worker = &device->workers[i];
        worker->device = device;
        worker->number = i;
        worker->seen = WORKER_OFFLINE;
        worker->engine = gfx9_worker_create();
        if (!worker->engine) goto stop_workers;
        if (pthread_create(&worker->thread, NULL, worker_main, worker) != 0) {
            gfx9_worker_destroy(worker->engine);
            goto stop_workers;
        }
        device->worker_count++;
    }
    return device;

stop_workers:
    device_stop(device);
    device_destroy(device);
    return NULL;
out_of_memory:
    free(device);
    return NULL;
}

void device_stop(struct device *device)
{
    pthread_mutex_lock(&device->lock);
    __atomic_store_n(&device->is_stopping, true, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&device->lock);
    (void)eventfd_write(device->config.kick_fd, 1);
}

void device_destroy(struct device *device)
{
    pthread_mutex_lock(&device->lock);
    __atomic_store_n(&device->is_stopping, true, __ATOMIC_RELEASE);
    for (uint32_t i = 0; i < device->active_count; i++)
        __atomic_store_n(&device->queues[device->active[i]]->is_halted, true, __ATOMIC_RELAXED);
    pthread_cond_broadcast(&device->work);
    pthread_cond_broadcast(&device->answers);
    pthread_mutex_unlock(&device->lock);
    for (uint32_t i = 0; i < device->worker_count; i++) {
        pthread_join(device->workers[i].thread, NULL);
        gfx9_worker_destroy(device->workers[i].engine);
    }
    pthread_mutex_lock(&device->lock);
    while (device->active_count) queue_destroy_locked(device, device->queues[device->active[0]]);
    pthread_mutex_unlock(&device->lock);
    pthread_mutex_destroy(&device->lock);
    pthread_cond_destroy(&device->work);
    pthread_cond_destroy(&device->answers);
    pthread_cond_destroy(&device->idle);
    free(device);
}
