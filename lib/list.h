/* SPDX-License-Identifier: Apache-2.0 */
/* A circular doubly linked list whose nodes live inside their owners. No locking: the owner of the
 * head says which lock guards it. */
#pragma once
#include "lib/base.h"

struct list {
    struct list *next, *prev;
};

#define LIST_INIT(head) { &(head), &(head) }

static inline void list_init(struct list *head) { head->next = head->prev = head; }
static inline bool list_is_empty(const struct list *head) { return head->next == head; }

static inline void list_insert_between(struct list *node, struct list *prev, struct list *next)
{
    node->prev = prev;
    node->next = next;
    prev->next = node;
    next->prev = node;
}

static inline void list_push_front(struct list *head, struct list *node)
{
    list_insert_between(node, head, head->next);
}

static inline void list_push_back(struct list *head, struct list *node)
{
    list_insert_between(node, head->prev, head);
}

/* The node becomes a list of its own, so removing it twice is harmless. */
static inline void list_remove(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

#define LIST_ENTRY(node, type, member) CONTAINER_OF(node, type, member)
#define LIST_FOR_EACH(node, head)      for (struct list *node = (head)->next; node != (head); node = node->next)
/* The current node may be removed inside the loop. */
#define LIST_FOR_EACH_SAFE(node, head)                                                \
    for (struct list *node = (head)->next, *node##_next = node->next; node != (head); \
         node = node##_next, node##_next = node->next)
