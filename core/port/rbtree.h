/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Twin of the kernel's red-black tree, with the part of its interface that
 * the core uses.
 *
 * As in the kernel the caller walks down with its own comparison, links the
 * node and asks for rebalancing.  Nodes are red or black; a red node has no
 * red child; every path from the root down has the same number of black ones.
 */
#ifndef HOMA_CORE_PORT_RBTREE_H
#define HOMA_CORE_PORT_RBTREE_H

#include "types.h"

struct rb_node {
	struct rb_node *rb_up;		/* itself: in no tree */
	struct rb_node *rb_right;
	struct rb_node *rb_left;
	bool rb_red;
};

struct rb_root {
	struct rb_node *rb_node;
};

struct rb_root_cached {
	struct rb_root rb_root;
	struct rb_node *rb_leftmost;
};

#define RB_ROOT			((struct rb_root) { NULL })
#define RB_ROOT_CACHED		((struct rb_root_cached) { { NULL }, NULL })
#define RB_EMPTY_ROOT(root)	(!(root)->rb_node)
#define RB_EMPTY_NODE(node)	((node)->rb_up == (node))
#define RB_CLEAR_NODE(node)	((void)((node)->rb_up = (node)))

#define rb_parent(node)		((node)->rb_up)
#define rb_entry(ptr, type, member)	container_of(ptr, type, member)

#define rb_entry_safe(ptr, type, member) ({				\
	__typeof__(ptr) safe_ptr = (ptr);				\
	safe_ptr ? rb_entry(safe_ptr, type, member) : NULL;		\
})

#define rb_first_cached(root)	((root)->rb_leftmost)

static inline struct rb_node *rb_first(const struct rb_root *root)
{
	struct rb_node *n = root->rb_node;

	while (n && n->rb_left)
		n = n->rb_left;
	return n;
}

static inline struct rb_node *rb_last(const struct rb_root *root)
{
	struct rb_node *n = root->rb_node;

	while (n && n->rb_right)
		n = n->rb_right;
	return n;
}

static inline struct rb_node *rb_next(const struct rb_node *node)
{
	struct rb_node *n = node->rb_right;

	if (RB_EMPTY_NODE(node))
		return NULL;
	if (n) {
		while (n->rb_left)
			n = n->rb_left;
		return n;
	}
	for (n = node->rb_up; n && n->rb_right == node; n = n->rb_up)
		node = n;
	return n;
}

static inline struct rb_node *rb_prev(const struct rb_node *node)
{
	struct rb_node *n = node->rb_left;

	if (RB_EMPTY_NODE(node))
		return NULL;
	if (n) {
		while (n->rb_right)
			n = n->rb_right;
		return n;
	}
	for (n = node->rb_up; n && n->rb_left == node; n = n->rb_up)
		node = n;
	return n;
}

static inline void rb_link_node(struct rb_node *node, struct rb_node *parent,
				struct rb_node **link)
{
	node->rb_up = parent;
	node->rb_left = NULL;
	node->rb_right = NULL;
	node->rb_red = true;
	*link = node;
}

static inline bool homa_port_rb_is_red(const struct rb_node *n)
{
	return n && n->rb_red;
}

/* Put @new (or nothing) where @old hangs under @up. */
static inline void homa_port_rb_rehang(struct rb_root *root,
				       struct rb_node *up, struct rb_node *old,
				       struct rb_node *new)
{
	if (!up)
		root->rb_node = new;
	else if (up->rb_left == old)
		up->rb_left = new;
	else
		up->rb_right = new;
	if (new)
		new->rb_up = up;
}

/* @top sinks to its left, its right child takes its place. */
static inline void homa_port_rb_turn_left(struct rb_root *root,
					  struct rb_node *top)
{
	struct rb_node *child = top->rb_right;

	homa_port_rb_rehang(root, top->rb_up, top, child);
	top->rb_right = child->rb_left;
	if (top->rb_right)
		top->rb_right->rb_up = top;
	child->rb_left = top;
	top->rb_up = child;
}

/* @top sinks to its right, its left child takes its place. */
static inline void homa_port_rb_turn_right(struct rb_root *root,
					   struct rb_node *top)
{
	struct rb_node *child = top->rb_left;

	homa_port_rb_rehang(root, top->rb_up, top, child);
	top->rb_left = child->rb_right;
	if (top->rb_left)
		top->rb_left->rb_up = top;
	child->rb_right = top;
	top->rb_up = child;
}

static inline void rb_insert_color(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *up, *top, *uncle;
	bool left;

	while (homa_port_rb_is_red(node->rb_up)) {
		up = node->rb_up;
		top = up->rb_up;	/* exists: the root is black */
		left = up == top->rb_left;
		uncle = left ? top->rb_right : top->rb_left;
		if (homa_port_rb_is_red(uncle)) {
			up->rb_red = false;
			uncle->rb_red = false;
			top->rb_red = true;
			node = top;
			continue;
		}
		/* An inner grandchild becomes an outer one first. */
		if (left && node == up->rb_right) {
			homa_port_rb_turn_left(root, up);
			up = node;
		} else if (!left && node == up->rb_left) {
			homa_port_rb_turn_right(root, up);
			up = node;
		}
		up->rb_red = false;
		top->rb_red = true;
		if (left)
			homa_port_rb_turn_right(root, top);
		else
			homa_port_rb_turn_left(root, top);
		break;
	}
	root->rb_node->rb_red = false;
}

/* The paths through @node (may be NULL) under @up lack one black node. */
static inline void homa_port_rb_refill(struct rb_root *root,
				       struct rb_node *node,
				       struct rb_node *up)
{
	struct rb_node *sib, *inner, *outer;
	bool left;

	while (up && !homa_port_rb_is_red(node)) {
		left = node == up->rb_left;
		sib = left ? up->rb_right : up->rb_left;
		if (sib->rb_red) {
			sib->rb_red = false;
			up->rb_red = true;
			if (left)
				homa_port_rb_turn_left(root, up);
			else
				homa_port_rb_turn_right(root, up);
			sib = left ? up->rb_right : up->rb_left;
		}
		inner = left ? sib->rb_left : sib->rb_right;
		outer = left ? sib->rb_right : sib->rb_left;
		if (!homa_port_rb_is_red(inner) &&
		    !homa_port_rb_is_red(outer)) {
			sib->rb_red = true;
			node = up;
			up = node->rb_up;
			continue;
		}
		if (!homa_port_rb_is_red(outer)) {
			/* Only the inner nephew is red: lift it. */
			if (left)
				homa_port_rb_turn_right(root, sib);
			else
				homa_port_rb_turn_left(root, sib);
			sib->rb_red = true;
			outer = sib;
			sib = inner;
		}
		sib->rb_red = up->rb_red;
		up->rb_red = false;
		outer->rb_red = false;
		if (left)
			homa_port_rb_turn_left(root, up);
		else
			homa_port_rb_turn_right(root, up);
		return;
	}
	if (node)
		node->rb_red = false;
}

static inline void rb_erase(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *child, *next, *up;
	bool lost_red;

	if (node->rb_left && node->rb_right) {
		/* The successor takes over this node's place and colour. */
		next = rb_next(node);
		child = next->rb_right;
		lost_red = next->rb_red;
		up = next->rb_up;
		if (up == node) {
			up = next;
		} else {
			homa_port_rb_rehang(root, up, next, child);
			next->rb_right = node->rb_right;
			next->rb_right->rb_up = next;
		}
		next->rb_left = node->rb_left;
		next->rb_left->rb_up = next;
		next->rb_red = node->rb_red;
		homa_port_rb_rehang(root, node->rb_up, node, next);
	} else {
		child = node->rb_left ? node->rb_left : node->rb_right;
		lost_red = node->rb_red;
		up = node->rb_up;
		homa_port_rb_rehang(root, up, node, child);
	}
	if (!lost_red)
		homa_port_rb_refill(root, child, up);
}

static inline void rb_insert_color_cached(struct rb_node *node,
					  struct rb_root_cached *root,
					  bool leftmost)
{
	if (leftmost)
		root->rb_leftmost = node;
	rb_insert_color(node, &root->rb_root);
}

/* Return: the new leftmost node if the old one was erased, else NULL. */
static inline struct rb_node *rb_erase_cached(struct rb_node *node,
					      struct rb_root_cached *root)
{
	struct rb_node *leftmost = NULL;

	if (root->rb_leftmost == node) {
		leftmost = rb_next(node);
		root->rb_leftmost = leftmost;
	}
	rb_erase(node, &root->rb_root);
	return leftmost;
}

#endif /* HOMA_CORE_PORT_RBTREE_H */
