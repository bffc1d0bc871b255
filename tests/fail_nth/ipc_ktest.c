/* SPDX-License-Identifier: Apache-2.0 */
/* System V IPC: sets of semaphores, queues of messages and segments by a few keys, made, used, attached and removed. A
 * call that fails has done nothing. */
#include "abi/linux/ipc.h"
#include "ipc/message_queue.h"
#include "ipc/semaphore_set.h"
#include "ipc/shared_memory.h"
#include "lib/string.h"
#include "syscall/sys_core.h"
#include "syscall/sys_ipc.h"
#include "tests/fail_nth/fail_nth.h"
#include "tests/harness/test.h"
#include "vm/usercopy.h"

enum {
    KEYS = 4,
    SEMAPHORES = 6, /* of a set at most */
    PLACES = 6,     /* where segments are attached */
    PLACE_BYTES = 4 * PAGE_BYTES,
    WINDOW = 0x40000000,
    CREATE = LINUX_IPC_CREAT | 0600,
};

static uint32_t now; /* the step */
static uint64_t choose(uint32_t which, uint64_t below) { return fail_nth_random(now, which, below); }
static uint64_t choose_key(uint32_t which) { return 1 + choose(which, KEYS); }
static uint64_t choose_place(uint32_t which) { return WINDOW + choose(which, PLACES) * PLACE_BYTES; }

/* Numbers of objects are other ones in each run. */
static int64_t without_number(int64_t result) { return MIN(result, 0l); }
static uint64_t set_of(uint64_t key) { return (uint64_t)sys_semget(key, 0, 0); }
static uint64_t queue_of(uint64_t key) { return (uint64_t)sys_msgget(key, 0); }
static uint64_t segment_of(uint64_t key) { return (uint64_t)sys_shmget(key, 0, 0); }

/* ---- the picture ---- */

static uint32_t look_at_set(uint64_t key)
{
    uint32_t cell = 0;
    for (uint64_t i = 0; i < SEMAPHORES; i++)
        cell = cell_mix(cell, (uint64_t)sys_semctl(set_of(key), i, LINUX_SEM_GETVAL, 0));
    return cell;
}

static uint32_t look_at_queue(uint64_t key)
{
    struct linux_msqid_ds queue;
    if (sys_msgctl(queue_of(key), LINUX_IPC_STAT, scratch_at(3))) return 0;
    EXPECT_OK(user_copy_in(&queue, UADDR(scratch_at(3)), sizeof(queue)));
    return cell_mix(cell_mix(1, queue.bytes), queue.messages);
}

static uint32_t look_at_segment(uint64_t key)
{
    struct linux_shmid_ds segment;
    if (sys_shmctl(segment_of(key), LINUX_IPC_STAT, scratch_at(3))) return 0;
    EXPECT_OK(user_copy_in(&segment, UADDR(scratch_at(3)), sizeof(segment)));
    return cell_mix(cell_mix(cell_mix(1, segment.bytes), segment.attached), segment.perm.mode);
}

static uint32_t look_at_place(uint64_t place)
{
    uint64_t word;
    err_t e = user_copy_in(&word, UADDR(WINDOW + place * PLACE_BYTES), sizeof(word));
    return failed(e) ? 0 : cell_mix(1, word);
}

static void look(uint32_t *cells)
{
    for (uint64_t key = 1; key <= KEYS; key++) {
        *cells++ = look_at_set(key);
        *cells++ = look_at_queue(key);
        *cells++ = look_at_segment(key);
    }
    for (uint64_t place = 0; place < PLACES; place++) *cells++ = look_at_place(place);
}

/* ---- steps. Whatever might wait is asked not to ---- */

static int64_t operate(void)
{
    struct linux_sembuf steps[3];
    uint64_t count = 1 + choose(0, ARRAY_LENGTH(steps));
    for (uint32_t i = 0; i < count; i++)
        steps[i] = (struct linux_sembuf){
            .number = (uint16_t)choose(4 * i + 1, SEMAPHORES),
            .change = (int16_t)((int16_t)choose(4 * i + 2, 6) - 2),
            .flags = (int16_t)(LINUX_IPC_NOWAIT | (choose(4 * i + 3, 2) ? LINUX_SEM_UNDO : 0)),
        };
    return sys_semop(set_of(choose_key(20)), scratch_put(2, steps, sizeof(steps)), count);
}

static int64_t send(void)
{
    int64_t type = 1 + (int64_t)choose(0, 3);
    return sys_msgsnd(queue_of(choose_key(1)), scratch_put(2, &type, sizeof(type)), choose(2, 3000),
                      LINUX_IPC_NOWAIT);
}

static int64_t receive(void)
{
    uint64_t flags = LINUX_IPC_NOWAIT | (choose(3, 2) ? LINUX_MSG_NOERROR : 0);
    return sys_msgrcv(queue_of(choose_key(0)), scratch_at(3), choose(1, 3000), choose(2, 4), flags);
}

static int64_t attach(void)
{
    uint64_t flags = choose(2, 4) ? 0 : LINUX_SHM_RDONLY;
    return without_number(sys_shmat(segment_of(choose_key(0)), choose_place(1), flags));
}

static int64_t write_attached(void)
{
    uint64_t value = 1 + now;
    return user_copy_out(UADDR(choose_place(0)), &value, sizeof(value)).code;
}

static int64_t remove_one(void)
{
    uint64_t key = choose_key(0);
    switch (choose(1, 3)) {
    case 0: return sys_semctl(set_of(key), 0, LINUX_IPC_RMID, 0);
    case 1: return sys_msgctl(queue_of(key), LINUX_IPC_RMID, 0);
    default: return sys_shmctl(segment_of(key), LINUX_IPC_RMID, 0);
    }
}

static int64_t step(uint32_t i)
{
    now = i;
    switch (choose(50, 24)) {
    case 0 ... 1: return without_number(sys_semget(choose_key(0), 1 + choose(1, SEMAPHORES), CREATE));
    case 2 ... 3: return without_number(sys_msgget(choose_key(0), CREATE));
    case 4 ... 5: return without_number(sys_shmget(choose_key(0), 1 + choose(1, PLACE_BYTES), CREATE));
    case 6: return without_number(sys_semget(LINUX_IPC_PRIVATE, 1 + choose(0, 100), CREATE));
    case 7 ... 11: return operate();
    case 12 ... 14: return send();
    case 15 ... 16: return receive();
    case 17 ... 18: return attach();
    case 19: return sys_shmdt(choose_place(0));
    case 20 ... 22: return write_attached();
    default: return remove_one();
    }
}

static void remove_all(void)
{
    EXPECT_EQ(sys_munmap(WINDOW, PLACES * PLACE_BYTES), 0);
    semaphore_set_fini();
    message_queue_fini();
    shared_memory_fini();
}

static const struct workload storm = {
    .name = "IPC storm",
    .steps = 250,
    .cells = 3 * KEYS + PLACES,
    .is_atomic = true,
    .step = step,
    .look = look,
    .close = remove_all,
};

TEST(every_allocation_can_fail_in_an_ipc_storm) { fail_nth(&storm); }
TEST(campaign_in_an_ipc_storm) { fail_nth_campaign(&storm); }
