/* SPDX-License-Identifier: Apache-2.0 */
/* /dev/kfd without ROCm: one program on a machine with a GPU, for tests/e2e/kfd_test.sh. It says what is not as it should
 * be, and at the end how many checks there were. The queue's packets are those of HSA; the device answers them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "abi/linux/kfd.h"

enum {
    PAGE = 4096,
    RING_BYTES = 4096,
    DOORBELL_BYTES = 8192,
    EVENT_PAGE_BYTES = 32768,
    PACKET_BYTES = 64,
    BARRIER_HEADER = 3 | 2 << 9 | 2 << 11, /* barrier-and; everybody sees it */
};
#define FLAG(name) LINUX_KFD_IOC_ALLOC_MEM_FLAGS_##name

static int kfd, render;
static uint32_t gpu;
static unsigned checks, failures;

static void check(bool is_right, const char *what)
{
    checks++;
    if (is_right) return;
    failures++;
    printf("wrong: %s (errno %d)\n", what, errno);
}

/* The result, or a negated errno. */
static int request(uint32_t number, void *arguments, size_t bytes)
{
    int result = ioctl(kfd, 3u << 30 | (uint32_t)bytes << 16 | 'K' << 8 | number, arguments);
    return result < 0 ? -errno : result;
}
#define REQUEST(number, arguments) request((number), &(arguments), sizeof(arguments))

static void open_all(void)
{
    struct linux_kfd_process_device_apertures apertures[8];
    struct linux_kfd_get_process_apertures_new_args a = { (uint64_t)apertures, 8, 0 };
    kfd = open("/dev/kfd", O_RDWR | O_CLOEXEC);
    render = open("/dev/dri/renderD128", O_RDWR | O_CLOEXEC);
    check(kfd >= 0 && render >= 0, "both files open");
    check(REQUEST(0x14, a) == 0 && a.num_of_nodes == 1, "there is one GPU");
    gpu = apertures[0].gpu_id;
    struct linux_kfd_acquire_vm_args vm = { (uint32_t)render, gpu };
    check(REQUEST(0x15, vm) == 0, "its address space is acquired");
}

/* ---- memory ---- */

struct buffer {
    uint64_t handle, bytes, offset;
    uint8_t *at; /* of the program's, and the GPU's */
};

/* At an address that is reserved first, as ROCm does; `backed` by the program's own pages for USERPTR. */
static bool make_buffer(struct buffer *b, uint32_t flags, uint64_t bytes)
{
    bool is_own = flags & FLAG(USERPTR);
    b->at =
        mmap(NULL, bytes, is_own ? PROT_READ | PROT_WRITE : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    b->bytes = bytes;
    struct linux_kfd_alloc_memory_of_gpu_args a = { (uint64_t)b->at, bytes, 0,
                                                    (uint64_t)b->at, gpu,   flags | FLAG(WRITABLE) };
    if (REQUEST(0x16, a) != 0) return false;
    b->handle = a.handle;
    b->offset = a.mmap_offset;
    struct linux_kfd_map_memory_to_gpu_args m = { b->handle, (uint64_t)&gpu, 1, 0 };
    if (REQUEST(0x18, m) != 0) return false;
    if (is_own) return true;
    int fd = flags & (FLAG(DOORBELL) | FLAG(MMIO_REMAP)) ? kfd : render;
    return mmap(b->at, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, (off_t)b->offset) == b->at;
}

static int free_buffer(const struct buffer *b, bool unmaps)
{
    struct linux_kfd_unmap_memory_from_gpu_args u = { b->handle, (uint64_t)&gpu, 1, 0 };
    if (unmaps) check(REQUEST(0x19, u) == 0, "memory is unmapped");
    struct linux_kfd_free_memory_of_gpu_args f = { b->handle };
    return REQUEST(0x17, f);
}

static uint64_t free_vram(void)
{
    struct linux_kfd_get_available_memory_args a = { .gpu_id = gpu };
    check(REQUEST(0x23, a) == 0, "free memory is told");
    return a.available;
}

static bool is_zero(const uint8_t *at, uint64_t bytes)
{
    return at[0] == 0 && !memcmp(at, at + 1, bytes - 1);
}

static void test_memory(void)
{
    const uint64_t bytes = 8 << 20;
    struct buffer vram, gtt;
    uint64_t before = free_vram();
    check(make_buffer(&vram, FLAG(VRAM), bytes), "memory of the GPU");
    check(free_vram() == before - bytes, "it is taken");
    check(is_zero(vram.at, bytes), "it is zero");
    memset(vram.at, 0x5a, bytes);
    uint8_t *second = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, render, (off_t)(vram.offset + bytes - PAGE));
    check(second != MAP_FAILED && second[PAGE - 1] == 0x5a, "a second mapping shows the same");
    check(free_buffer(&vram, false) == -EBUSY, "memory in use is not freed");
    check(free_buffer(&vram, true) == 0 && free_buffer(&vram, false) == -EINVAL, "it is freed once");
    check(second[0] == 0x5a && free_vram() < before, "what is mapped stays");
    munmap(vram.at, bytes);
    munmap(second, PAGE);
    check(free_vram() == before, "and goes with the mapping");
    check(make_buffer(&gtt, FLAG(GTT), 2 << 20) && is_zero(gtt.at, 2 << 20), "memory of the machine");
    gtt.at[12345] = 1;
    check(mmap(gtt.at, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, render, (off_t)gtt.offset) == MAP_FAILED,
          "no private copies");
    uint8_t *reserved = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE, render, (off_t)gtt.offset);
    check(reserved != MAP_FAILED, "but a private map without access");
    check(mprotect(reserved, PAGE, PROT_READ | PROT_WRITE) == -1 && errno == EACCES,
          "which gets none for writing");
}

/* ---- children ---- */

static int status_of(pid_t pid)
{
    int status = -1;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    return status;
}

/* Fills all of the GPU's memory that it can get, and leaves it to the kernel. */
static void fill_vram(void)
{
    struct buffer b;
    open_all();
    unsigned count = 0;
    for (; make_buffer(&b, FLAG(VRAM), 4 << 20); count++) {
        if (!is_zero(b.at, b.bytes)) check(false, "what another process had is zero");
        memset(b.at, 0xc3, b.bytes);
    }
    check(count > 4, "there was some memory");
}

static void test_children(void)
{
    struct buffer bell;
    uint64_t before = free_vram();
    check(make_buffer(&bell, FLAG(DOORBELL), DOORBELL_BYTES), "doorbells");
    pid_t child = fork();
    if (child == 0) {
        struct linux_kfd_get_version_args version;
        bool is_refused =
            REQUEST(0x01, version) == -EBADF &&
            mmap(NULL, DOORBELL_BYTES, PROT_READ, MAP_SHARED, kfd, (off_t)bell.offset) == MAP_FAILED;
        if (!is_refused) _exit(1);
        signal(SIGSEGV, SIG_DFL);
        *(volatile uint64_t *)bell.at = 0; /* not the child's */
        _exit(2);
    }
    int status = status_of(child);
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "a child has nothing of its parent's");
    for (int i = 0; i < 2; i++) {
        child = fork();
        if (child == 0) {
            failures = 0;
            fill_vram();
            if (i == 0) kill(getpid(), SIGKILL);
            _exit(failures != 0);
        }
        status = status_of(child);
        check(i == 0 ? WIFSIGNALED(status) : status == 0, "a child uses the GPU by itself");
    }
    check(free_vram() == before, "what children had comes back");
}

/* ---- events ---- */

static uint32_t make_event(uint64_t page)
{
    struct linux_kfd_create_event_args a = { .event_page_offset = page, .auto_reset = 1 };
    check(REQUEST(0x08, a) == 0, "an event");
    return a.event_id;
}

static int wait_for(uint32_t event, uint32_t timeout_ms, uint32_t *result)
{
    struct linux_kfd_event_data data = { .event_id = event };
    struct linux_kfd_wait_events_args a = { (uint64_t)&data, 1, 0, timeout_ms, 77 };
    int e = REQUEST(0x0c, a);
    *result = a.wait_result;
    return e;
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

static volatile unsigned alarms;
static void on_alarm(int number)
{
    (void)number;
    alarms++;
}

static void set_alarm(int flags)
{
    struct sigaction action = { .sa_handler = on_alarm, .sa_flags = flags };
    struct itimerval soon = { .it_value = { 0, 100000 } };
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
}

static void test_signals(uint32_t event)
{
    uint32_t result;
    int64_t start = now_ms();
    set_alarm(0);
    check(wait_for(event, 10000, &result) == -EINTR && now_ms() - start < 9000, "a signal interrupts a wait");
    start = now_ms();
    set_alarm(SA_RESTART);
    check(wait_for(event, 600, &result) == 0 && result == 1, "or the wait goes on");
    int64_t passed = now_ms() - start;
    check(passed >= 590 && alarms == 2, "for the time that was left");
}

static uint32_t raised_by_thread;
static void *raise_event(void *argument)
{
    struct linux_kfd_set_event_args a = { raised_by_thread, 0 };
    usleep(50000);
    check(REQUEST(0x0a, a) == 0, "a thread raises an event");
    return argument;
}

static void test_threads(uint32_t event)
{
    pthread_t thread;
    uint32_t result;
    raised_by_thread = event;
    pthread_create(&thread, NULL, raise_event, NULL);
    check(wait_for(event, UINT32_MAX, &result) == 0 && result == 0, "another thread wakes a wait");
    pthread_join(thread, NULL);
}

/* ---- a queue ---- */

struct amd_signal { /* [HSA runtime's amd_hsa_signal.h, as docs/kfd-clients.md tells it] */
    int64_t kind, value;
    uint64_t mailbox;
    uint32_t event, pad;
    uint64_t start, end, queue, reserved[2];
};

static struct {
    struct buffer ring, pages, bell;
    volatile uint64_t *doorbell, *write_index;
    uint32_t id;
} queue;

static bool make_queue(void)
{
    struct linux_kfd_create_queue_args a = {
        .ring_size = RING_BYTES,
        .gpu_id = gpu,
        .queue_type = LINUX_KFD_IOC_QUEUE_TYPE_COMPUTE_AQL,
        .queue_percentage = 100,
        .queue_priority = 7,
    };
    if (!make_buffer(&queue.ring, FLAG(USERPTR) | FLAG(COHERENT), RING_BYTES)) return false;
    if (!make_buffer(&queue.pages, FLAG(USERPTR) | FLAG(COHERENT), PAGE)) return false;
    if (!make_buffer(&queue.bell, FLAG(DOORBELL), DOORBELL_BYTES)) return false;
    for (unsigned i = 0; i < RING_BYTES; i += PACKET_BYTES) queue.ring.at[i] = 1; /* not written yet */
    a.ring_base_address = (uint64_t)queue.ring.at;
    a.write_pointer_address = (uint64_t)queue.pages.at + 56;
    a.read_pointer_address = (uint64_t)queue.pages.at + 128;
    if (REQUEST(0x02, a) != 0) return false;
    queue.id = a.queue_id;
    queue.write_index = (uint64_t *)(queue.pages.at + 56);
    queue.doorbell = (uint64_t *)(queue.bell.at + (a.doorbell_offset & (DOORBELL_BYTES - 1)));
    return true;
}

/* A packet that does nothing but tell that it was there. */
static void submit(struct amd_signal *completion)
{
    uint64_t index = (*queue.write_index)++;
    uint8_t *packet = queue.ring.at + index % (RING_BYTES / PACKET_BYTES) * PACKET_BYTES;
    memset(packet + 2, 0, PACKET_BYTES - 2);
    memcpy(packet + 56, &completion, sizeof(completion));
    __atomic_store_n((uint16_t *)packet, BARRIER_HEADER, __ATOMIC_RELEASE);
    __atomic_store_n(queue.doorbell, index, __ATOMIC_RELEASE);
}

static void test_queue(const struct buffer *page)
{
    enum { PACKETS = 200 };
    struct buffer signals;
    check(make_queue(), "a queue");
    check(make_buffer(&signals, FLAG(USERPTR) | FLAG(COHERENT), PAGE), "a page of signals");
    uint32_t event = make_event(0), result = 77;
    struct amd_signal *s = (struct amd_signal *)signals.at;
    *s = (struct amd_signal){ .kind = 1, .mailbox = (uint64_t)page->at + event * 8, .event = event };
    unsigned slept = 0;
    for (int i = 0; i < PACKETS; i++) {
        s->value = 1;
        if (i % 10 == 0) usleep(20000); /* the device has gone to sleep by then */
        submit(s);
        while (__atomic_load_n(&s->value, __ATOMIC_ACQUIRE) == 1) {
            if (wait_for(event, 5000, &result) != 0 || result != 0) break;
            slept++;
        }
        if (s->value != 0) break;
    }
    check(s->value == 0, "every packet is told");
    check(slept > 0, "to a thread that sleeps");
    check(((uint64_t *)page->at)[event] == event, "and by the mailbox");
    struct linux_kfd_destroy_queue_args d = { queue.id, 0 };
    check(REQUEST(0x03, d) == 0 && REQUEST(0x03, d) == -EINVAL, "the queue ends once");
}

/* Dies with a queue that has work, in the middle of a wait. */
static void die_with_a_queue(void)
{
    struct buffer signals;
    open_all();
    if (!make_queue() || !make_buffer(&signals, FLAG(USERPTR), PAGE)) _exit(1);
    struct amd_signal *s = (struct amd_signal *)signals.at;
    *s = (struct amd_signal){ .kind = 1, .value = 1000000 };
    for (int i = 0; i < 60; i++) submit(s);
    kill(getpid(), SIGKILL);
}

static void test_death(void)
{
    for (int i = 0; i < 5; i++) {
        pid_t child = fork();
        if (child == 0) die_with_a_queue();
        int status = status_of(child);
        check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "a child dies with its queue");
    }
}

int main(void)
{
    struct buffer page;
    open_all();
    test_memory();
    test_children();
    check(make_buffer(&page, FLAG(GTT), EVENT_PAGE_BYTES), "a page for events");
    uint32_t event = make_event(page.handle);
    test_signals(event);
    test_threads(event);
    test_queue(&page);
    test_death();
    test_queue(&page);
    printf("%u checks, %u wrong\n", checks, failures);
    return failures != 0;
}
