/* SPDX-License-Identifier: Apache-2.0 */
/* The executor of one CPU, for executor.c and its test. */
#pragma once
#include "config.h"
#include "sched/executor.h"
#include "sched/task_queue.h"
#include "sched/wait.h"

struct ALIGNED(64) executor {
    struct task_queue queue;
    struct task_link *batch; /* taken from the queue and not polled yet, oldest first; its thread's own */
    struct wait_queue idle;  /* its thread, while the queue says that it sleeps */
    struct wait_queue ended; /* threads that join its tasks; guards task.is_ended and task.joiner */
    bool is_stopping;        /* under idle.lock */
    struct thread *thread;   /* NULL while not started */
};

extern struct executor executors[CONFIG_CPUS_MAX];

/* Polls at most CONFIG_EXECUTOR_TURN tasks. False when there was none. */
bool executor_turn(struct executor *executor);
/* Sleeps until something is queued. False when the executor is to stop instead. */
bool executor_sleep(struct executor *executor);
