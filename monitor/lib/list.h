/* SPDX-License-Identifier: BSD-2-Clause */
/* A doubly linked list of nodes embedded in structs; an empty list points to itself. */
#ifndef LIB_LIST_H
#define LIB_LIST_H

#include "lib/types.h"

struct list {
	struct list *next;
	struct list *prev;
};

static inline void list_init(struct list *l)
{
	l->next = l;
	l->prev = l;
}
static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}
static inline void list_insert_before(struct list *at, struct list *n)
{
	n->next = at;
	n->prev = at->prev;
	at->prev->next = n;
	at->prev = n;
}
static inline void list_push_back(struct list *head, struct list *n)
{
	list_insert_before(head, n);
}
static inline void list_push_front(struct list *head, struct list *n)
{
	list_insert_before(head->next, n);
}
/* Takes n out and leaves it as an empty list, so that it may be taken out again. */
static inline void list_remove(struct list *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	list_init(n);
}
/* The first node, taken out, or NULL. */
static inline struct list *list_pop(struct list *head)
{
	struct list *n = head->next;
	if (n == head)
		return NULL;
	list_remove(n);
	return n;
}

#define list_entry(n, type, member) container_of(n, type, member)
#define list_for_each(n, head) \
	for (struct list *n = (head)->next; n != (head); n = n->next)
/* `n` may be removed in the body. */
#define list_for_each_safe(n, after, head)                                       \
	for (struct list *n = (head)->next, *after = n->next; n != (head); \
	     n = after, after = n->next)

#endif
