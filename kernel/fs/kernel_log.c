/* SPDX-License-Identifier: Apache-2.0 */
/* /dev/kmsg, and how readers of the log sleep.
 *
 * Lines are logged in any context, under any lock, so nobody can be woken from there. While somebody has the log open
 * or waits for a line, a timer looks every CONFIG_LOG_LOOK_MS whether there is a new one; a line that a program wrote
 * is told of at once. */
#include "fs/kernel_log.h"

#include "abi/linux/fcntl.h"
#include "abi/linux/poll.h"
#include "config.h"
#include "core/log_records.h"
#include "core/time.h"
#include "fs/devfs.h"
#include "fs/kernel_log_internal.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "sched/mutex.h"
#include "sched/timer.h"

enum {
    KMSG_DEVICE = 0x10b,
    FACILITY_USER = 1, /* of what programs write, who cannot be the kernel */
    LEVEL_DEFAULT = 4, /* warning */
    PRIORITY_MASK = 0x7ff,
    HEADER_MAX = 64,   /* of a record's numbers */
    ESCAPED_BYTES = 4, /* "\x1b" */
};
#define NS_PER_MS 1000000ull

static void look(struct timer *timer);

static struct wait_queue queue = WAIT_QUEUE_INIT(queue); /* who waits for a line */
static struct readiness readiness = READINESS_INIT(readiness);
static struct timer timer = { .fire = look };     /* under queue.lock, as are: */
static uint32_t readers GUARDED_BY(queue.lock);   /* who wants the timer */
static uint64_t told_next GUARDED_BY(queue.lock); /* the record that nobody was told of */

/* ---- who is told of new lines ---- */

static void tell_locked(void) REQUIRES(queue.lock)
{
    told_next = log_record_next();
    wait_wake_all_locked(&queue);
}

static void tell(void)
{
    spin_lock(&queue.lock);
    tell_locked();
    spin_unlock(&queue.lock);
    readiness_changed(&readiness, LINUX_POLLIN | LINUX_POLLRDNORM);
}

static void arm_locked(void) REQUIRES(queue.lock)
{
    timer_arm(&timer, time_now_ns() + CONFIG_LOG_LOOK_MS * NS_PER_MS);
}

static void look(struct timer *fired UNUSED)
{
    spin_lock(&queue.lock);
    bool is_new = told_next != log_record_next();
    if (is_new) tell_locked();
    if (readers) arm_locked();
    spin_unlock(&queue.lock);
    if (is_new) readiness_changed(&readiness, LINUX_POLLIN | LINUX_POLLRDNORM);
}

void kernel_log_add_reader(void)
{
    spin_lock(&queue.lock);
    if (readers++ == 0) arm_locked();
    spin_unlock(&queue.lock);
}

void kernel_log_remove_reader(void)
{
    spin_lock(&queue.lock);
    if (--readers == 0) timer_disarm(&timer);
    spin_unlock(&queue.lock);
}

err_t kernel_log_wait(uint64_t number)
{
    err_t e = OK;
    spin_lock(&queue.lock);
    while (log_record_next() <= number && !failed(e)) e = wait_sleep_interruptible_locked(&queue, UINT64_MAX);
    spin_unlock(&queue.lock);
    return e;
}

/* ---- /dev/kmsg ---- */

struct reader {
    struct mutex mutex;
    uint64_t next; /* record; atomic for poll, written under the mutex */
    char text[LOG_TEXT_MAX];
    char line[HEADER_MAX + LOG_TEXT_MAX * ESCAPED_BYTES + 1];
};

/* "6,0,1234567,-;text\n", in which what is not printable, and a backslash, is "\x1b". */
static size_t write_record(struct reader *r, const struct log_record *record)
{
    size_t length = format_string(r->line, HEADER_MAX, "%u,%llu,%llu,-;", record->priority,
                                  (unsigned long long)record->number, (unsigned long long)record->time_us);
    for (uint32_t i = 0; i < record->bytes; i++) {
        uint8_t byte = (uint8_t)r->text[i];
        if (byte >= ' ' && byte < 127 && byte != '\\')
            r->line[length++] = (char)byte;
        else
            length += format_string(r->line + length, ESCAPED_BYTES + 1, "\\x%02x", byte);
    }
    r->line[length++] = '\n';
    return length;
}

/* TRY_AGAIN: there is none yet. */
static int64_t read_record(struct reader *r, struct io_buffer *to) REQUIRES(r->mutex)
{
    struct log_record record;
    if (!log_record_read(r->next, &record, r->text)) return ERR_TRY_AGAIN.code;
    bool is_first_lost = record.number != r->next;
    __atomic_store_n(&r->next, record.number + !is_first_lost, __ATOMIC_RELAXED);
    if (is_first_lost) return ERR_BROKEN_PIPE.code; /* and the next read gives what is left */
    size_t bytes = write_record(r, &record);
    if (bytes > to->left) return ERR_INVALID.code;
    return io_put(to, r->line, bytes) == bytes ? (int64_t)bytes : ERR_FAULT.code;
}

static int64_t kmsg_read(struct file *file, struct io_buffer *to, uint64_t *position UNUSED)
{
    struct reader *r = file->context;
    for (;;) {
        mutex_lock(&r->mutex);
        int64_t result = read_record(r, to);
        uint64_t next = r->next;
        mutex_unlock(&r->mutex);
        if (result != ERR_TRY_AGAIN.code || file->flags & LINUX_O_NONBLOCK) return result;
        err_t e = kernel_log_wait(next);
        if (failed(e)) return e.code;
    }
}

/* "<N>" before a text: N is its level and facility, but never the kernel's. */
static uint32_t take_priority(const char **text, size_t *bytes)
{
    const uint32_t user = FACILITY_USER << LOG_FACILITY_SHIFT;
    const char *at = *text, *end = at + *bytes;
    uint32_t number = 0;
    if (at == end || *at++ != '<') return user | LEVEL_DEFAULT;
    while (at < end && *at >= '0' && *at <= '9') number = number * 10 + (uint32_t)(*at++ - '0');
    if (at == end || *at != '>') return user | LEVEL_DEFAULT;
    *text = at + 1;
    *bytes = (size_t)(end - *text);
    number &= PRIORITY_MASK;
    return number >> LOG_FACILITY_SHIFT ? number : number | user;
}

static int64_t kmsg_write(struct file *file UNUSED, struct io_buffer *from, uint64_t *position UNUSED)
{
    char buffer[LOG_TEXT_MAX];
    const char *text = buffer;
    size_t all = from->left, bytes = all;
    if (all > sizeof(buffer)) return ERR_INVALID.code;
    if (io_take(from, buffer, all) != all) return ERR_FAULT.code;
    uint32_t priority = take_priority(&text, &bytes);
    bytes = strnlen(text, bytes);
    if (bytes && text[bytes - 1] == '\n') bytes--;
    log_write_text(priority, text, bytes);
    tell();
    return (int64_t)all;
}

static err_t kmsg_seek(struct file *file, int64_t offset, uint32_t whence, uint64_t *position)
{
    struct reader *r = file->context;
    uint64_t next;
    if (!r) return ERR_BAD_FD;
    if (offset) return ERR_SEEK_PIPE;
    switch (whence) {
    case LINUX_SEEK_SET: next = log_record_first(); break;
    case LINUX_SEEK_DATA: next = kernel_log_cleared(); break;
    case LINUX_SEEK_END: next = log_record_next(); break;
    default: return ERR_INVALID;
    }
    mutex_lock(&r->mutex);
    __atomic_store_n(&r->next, next, __ATOMIC_RELAXED);
    mutex_unlock(&r->mutex);
    *position = 0;
    return OK;
}

static uint32_t kmsg_poll(struct file *file)
{
    struct reader *r = file->context;
    if (!r) return LINUX_POLLERR | LINUX_POLLNVAL;
    uint64_t next = __atomic_load_n(&r->next, __ATOMIC_RELAXED);
    if (next >= log_record_next()) return 0;
    uint32_t lost = next < log_record_first() ? LINUX_POLLERR | LINUX_POLLPRI : 0;
    return LINUX_POLLIN | LINUX_POLLRDNORM | lost;
}

static struct readiness *kmsg_readiness(struct file *file UNUSED) { return &readiness; }

static err_t kmsg_open(struct file *file, uint32_t flags)
{
    if ((flags & LINUX_O_ACCMODE) == LINUX_O_WRONLY) return OK;
    struct reader *r = heap_alloc(sizeof(*r));
    if (!r) return ERR_NO_MEMORY;
    mutex_init(&r->mutex);
    r->next = log_record_first();
    file->context = r;
    kernel_log_add_reader();
    return OK;
}

static void kmsg_release(struct file *file)
{
    if (!file->context) return;
    kernel_log_remove_reader();
    heap_free(file->context);
}

static const struct file_ops kmsg_ops = {
    .name = "kmsg",
    .read = kmsg_read,
    .write = kmsg_write,
    .seek = kmsg_seek,
    .poll = kmsg_poll,
    .readiness = kmsg_readiness,
    .open = kmsg_open,
    .release = kmsg_release,
};
static const struct char_device kmsg = {
    .name = "kmsg", .number = KMSG_DEVICE, .permissions = 0644, .ops = &kmsg_ops
};

void kernel_log_init(void) { devfs_add(&kmsg); }
