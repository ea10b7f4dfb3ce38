// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The twins of the kernel's containers and division against arrays and the
 * compiler's own arithmetic.
 */
#include "prop.h"

#define STEPS	600
#define ITEMS	200

struct item {
	u32 key;
	bool in_tree;
	bool in_list;
	struct rb_node node;
	struct list_head link;
};

struct world {
	struct item items[ITEMS];
	struct rb_root_cached tree;
	struct item *sorted[ITEMS];	/* model of the tree */
	u32 num_sorted;
	struct list_head list;
	struct item *row[ITEMS];	/* model of the list */
	u32 num_row;
};

static void insert_at(struct item **array, u32 *num, u32 at, struct item *item)
{
	memmove(array + at + 1, array + at, (*num - at) * sizeof(*array));
	array[at] = item;
	(*num)++;
}

static void remove_from(struct item **array, u32 *num, struct item *item)
{
	u32 at = 0;

	while (array[at] != item)
		at++;
	(*num)--;
	memmove(array + at, array + at + 1, (*num - at) * sizeof(*array));
}

/* Equal keys keep their order of insertion, as the core's trees do. */
static void tree_insert(struct world *w, struct item *item)
{
	struct rb_node **link = &w->tree.rb_root.rb_node;
	struct rb_node *parent = NULL;
	bool leftmost = true;
	u32 at = 0;

	while (*link) {
		parent = *link;
		if (item->key < rb_entry(parent, struct item, node)->key) {
			link = &parent->rb_left;
		} else {
			link = &parent->rb_right;
			leftmost = false;
		}
	}
	rb_link_node(&item->node, parent, link);
	rb_insert_color_cached(&item->node, &w->tree, leftmost);
	item->in_tree = true;

	while (at < w->num_sorted && w->sorted[at]->key <= item->key)
		at++;
	insert_at(w->sorted, &w->num_sorted, at, item);
}

static void tree_erase(struct world *w, struct item *item)
{
	struct rb_node *first = rb_first_cached(&w->tree);
	struct rb_node *next = rb_next(&item->node);
	struct rb_node *got = rb_erase_cached(&item->node, &w->tree);

	PROP_CHECK(got == (first == &item->node ? next : NULL));
	RB_CLEAR_NODE(&item->node);
	PROP_CHECK(RB_EMPTY_NODE(&item->node));
	item->in_tree = false;
	remove_from(w->sorted, &w->num_sorted, item);
}

/* Return: black nodes on each path down from @n. */
static u32 black_height(const struct rb_node *n)
{
	u32 left, right;

	if (!n)
		return 0;
	PROP_CHECK(!n->rb_left || n->rb_left->rb_up == n);
	PROP_CHECK(!n->rb_right || n->rb_right->rb_up == n);
	PROP_CHECK(!n->rb_red || !homa_port_rb_is_red(n->rb_left));
	PROP_CHECK(!n->rb_red || !homa_port_rb_is_red(n->rb_right));
	left = black_height(n->rb_left);
	right = black_height(n->rb_right);
	PROP_CHECK(left == right);
	return left + !n->rb_red;
}

static void tree_check(const struct world *w)
{
	const struct rb_root *root = &w->tree.rb_root;
	struct rb_node *n = rb_first_cached(&w->tree);
	u32 i;

	PROP_CHECK(!root->rb_node || !root->rb_node->rb_red);
	PROP_CHECK(!root->rb_node || !root->rb_node->rb_up);
	black_height(root->rb_node);
	PROP_CHECK(n == rb_first(root));
	PROP_CHECK(RB_EMPTY_ROOT(root) == !w->num_sorted);
	for (i = 0; i < w->num_sorted; i++, n = rb_next(n)) {
		PROP_CHECK(n == &w->sorted[i]->node);
		PROP_CHECK(!RB_EMPTY_NODE(n));
	}
	PROP_CHECK(!n);
	n = rb_last(root);
	while (i--) {
		PROP_CHECK(n == &w->sorted[i]->node);
		n = rb_prev(n);
	}
	PROP_CHECK(!n);
}

static void list_step(struct prop *p, struct world *w, struct item *item)
{
	bool was_in = item->in_list;
	bool front = prop_one_in(p, 2);

	if (was_in) {
		remove_from(w->row, &w->num_row, item);
		if (prop_one_in(p, 2)) {
			list_del_init(&item->link);
			PROP_CHECK(list_empty(&item->link));
			item->in_list = false;
			return;
		}
	}
	insert_at(w->row, &w->num_row, front ? 0 : w->num_row, item);
	item->in_list = true;
	if (was_in && front)
		list_move(&item->link, &w->list);
	else if (was_in)
		list_move_tail(&item->link, &w->list);
	else if (front)
		list_add(&item->link, &w->list);
	else
		list_add_tail(&item->link, &w->list);
}

static void list_check(const struct world *w)
{
	struct item *pos;
	u32 i = 0;

	PROP_CHECK(list_empty(&w->list) == !w->num_row);
	list_for_each_entry(pos, &w->list, link)
		PROP_CHECK(pos == w->row[i++]);
	PROP_CHECK(i == w->num_row);
	list_for_each_entry_reverse(pos, &w->list, link)
		PROP_CHECK(pos == w->row[--i]);
	PROP_CHECK(!i);
}

static void check_division(struct prop *p)
{
	u64 dividend = prop_u64(p) >> prop_below(p, 64);
	u32 divisor = (u32)(prop_u64(p) >> (32 + prop_below(p, 32))) | 1;

	PROP_CHECK(div_u64(dividend, divisor) == dividend / divisor);
	PROP_CHECK(homa_port_long_div(dividend, divisor) ==
		   dividend / divisor);
}

void prop_run(struct prop *p)
{
	static struct world w;
	u32 keys = prop_length(p, 1000);
	u32 fill = prop_range(p, 1, ITEMS);
	u32 i;

	memset(&w, 0, sizeof(w));
	INIT_LIST_HEAD(&w.list);
	for (i = 0; i < ITEMS; i++)
		RB_CLEAR_NODE(&w.items[i].node);

	while (prop_step(p, STEPS)) {
		struct item *item = &w.items[prop_below(p, fill)];

		if (item->in_tree) {
			tree_erase(&w, item);
		} else {
			item->key = prop_below(p, keys);
			tree_insert(&w, item);
		}
		tree_check(&w);
		list_step(p, &w, &w.items[prop_below(p, fill)]);
		list_check(&w);
		check_division(p);
	}
	while (w.num_sorted) {
		tree_erase(&w, w.sorted[prop_below(p, w.num_sorted)]);
		tree_check(&w);
	}
}
