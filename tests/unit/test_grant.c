// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Grants with the numbers of protocol §5; tests/prop looks at random ones.
 *
 * items: F3 F4 F5 F6 F7 F8 H6
 */
#include "unit.h"
#include "core/grant.h"

#define MSG	1000000u
#define UNSCHED	40000u
#define MSGS	20

struct world {
	struct homa_config cfg;
	struct homa_grantor gr;
	struct homa_grant_peer peer[12];
	struct homa_grantee msg[MSGS];
	struct homa_grant_cmd cmds[HOMA_GRANT_CMDS_MAX];
	u32 num;
};

static void start(struct world *w)
{
	static const struct homa_config defaults = HOMA_CONFIG_DEFAULTS;

	memset(w, 0, sizeof(*w));
	w->cfg = defaults;
	/* Looked at on its own below. */
	w->cfg.grant_fifo_fraction = 0;
	homa_grantor_init(&w->gr);
}

/* Message @m of @length from host @p arrives at time @m. */
static void add_len(struct world *w, u32 m, u32 p, u32 length)
{
	w->num = homa_grantor_add(&w->gr, &w->cfg, &w->msg[m], &w->peer[p],
				  length, 0, min(UNSCHED, length - 1), m, m,
				  w->cmds);
}

static void add(struct world *w, u32 m, u32 p)
{
	add_len(w, m, p, MSG);
}

static void progress(struct world *w, u32 m, u32 received)
{
	w->num = homa_grantor_progress(&w->gr, &w->cfg, &w->msg[m], received,
				       100, w->cmds);
}

/* Granted and not received, all messages. */
static u32 incoming(const struct world *w)
{
	u32 sum = 0;
	u32 i;

	for (i = 0; i < MSGS; i++)
		sum += w->msg[i].rec_incoming;
	return sum;
}

static void expect_cmd(const struct world *w, u32 i, u32 m, u32 offset,
		       u8 priority)
{
	assert_true(i < w->num);
	assert_ptr_equal(w->cmds[i].g, &w->msg[m]);
	assert_int_equal(w->cmds[i].offset, offset);
	assert_int_equal(w->cmds[i].priority, priority);
}

static void test_single_message(void **unused)
{
	struct world w;

	(void)unused;
	start(&w);
	add(&w, 0, 0);
	assert_int_equal(w.num, 1);
	expect_cmd(&w, 0, 0, 200000, 0);
	assert_int_equal(incoming(&w), 200000);
	/* Less than a sixteenth of the window is not worth a GRANT. */
	progress(&w, 0, 12499);
	assert_int_equal(w.num, 0);
	progress(&w, 0, 12500);
	assert_int_equal(w.num, 1);
	expect_cmd(&w, 0, 0, 212500, 0);
	/* The same again, and an older count: nothing new. */
	progress(&w, 0, 12500);
	assert_int_equal(w.num, 0);
	progress(&w, 0, 700);
	assert_int_equal(w.num, 0);
	assert_int_equal(incoming(&w), 200000);
	/* Near the end the message is the limit. */
	progress(&w, 0, 900000);
	expect_cmd(&w, 0, 0, MSG, 0);
	assert_int_equal(incoming(&w), 100000);
	progress(&w, 0, 999999);
	assert_int_equal(w.num, 0);
	assert_int_equal(w.msg[0].state, HOMA_GRANTEE_ACTIVE);
	progress(&w, 0, MSG);
	assert_int_equal(w.msg[0].state, HOMA_GRANTEE_IDLE);
	assert_int_equal(incoming(&w), 0);
	assert_int_equal(w.gr.num_active, 0);
	assert_int_equal(w.peer[0].num_active, 0);
}

static void test_not_added(void **unused)
{
	struct world w;

	(void)unused;
	start(&w);
	assert_int_equal(homa_grantor_add(&w.gr, &w.cfg, &w.msg[0], &w.peer[0],
					  500, 500, 100, 0, 0, w.cmds), 0);
	assert_int_equal(homa_grantor_add(&w.gr, &w.cfg, &w.msg[0], &w.peer[0],
					  500, 0, 500, 0, 0, w.cmds), 0);
	assert_int_equal(w.msg[0].state, HOMA_GRANTEE_IDLE);
	progress(&w, 0, 10);
	assert_int_equal(w.num, 0);
	assert_int_equal(homa_grantor_remove(&w.gr, &w.cfg, &w.msg[0], 0,
					     w.cmds), 0);
}

static void test_priorities(void **unused)
{
	struct world w;
	u32 i;

	(void)unused;
	/* Two: 1 for the shorter, 0 for the longer (F6). */
	start(&w);
	add(&w, 0, 0);
	add_len(&w, 1, 1, 500000);
	expect_cmd(&w, 0, 1, 100000, 1);
	progress(&w, 0, 100000);
	/* The shorter one first, then both to 133,333 ahead. */
	expect_cmd(&w, 0, 1, 133333, 1);
	expect_cmd(&w, 1, 0, 233333, 0);
	/* Ranks are fresh: the long one has less left now. */
	progress(&w, 0, 900000);
	expect_cmd(&w, 0, 0, MSG, 1);
	progress(&w, 1, 10000);
	expect_cmd(&w, 0, 1, 143333, 0);

	/* More messages than levels: the lowest is shared. */
	start(&w);
	w.cfg.window = 50000;
	w.cfg.max_incoming = 4000000;
	for (i = 0; i < 8; i++)
		add_len(&w, i, i, MSG - 8 + i);
	for (i = 0; i < 8; i++) {
		progress(&w, i, 4000);
		expect_cmd(&w, 0, i, 54000, i < 3 ? 3 - i : 0);
	}
}

static void test_window_shrinks(void **unused)
{
	struct world w;
	u32 i;

	(void)unused;
	start(&w);
	for (i = 0; i < 8; i++)
		add(&w, i, i);
	for (i = 0; i < 8; i++)
		progress(&w, i, 300000);
	for (i = 0; i < 8; i++)
		assert_int_equal(w.msg[i].rec_incoming, 44444);
}

static void test_needy(void **unused)
{
	struct world w;

	(void)unused;
	start(&w);
	w.cfg.window = 300000;
	/* One host has half of the room at most. */
	add_len(&w, 0, 0, MSG - 1);
	expect_cmd(&w, 0, 0, 200000, 0);
	assert_true(w.cmds[0].short_of_room);
	assert_true(w.msg[0].needy);
	/* The second one half of the rest, with the 40,000 that it announced. */
	add(&w, 1, 1);
	expect_cmd(&w, 0, 1, 100000, 0);
	assert_true(w.msg[1].needy);
	/* 10,000 more would be less than a step. */
	add(&w, 2, 2);
	assert_int_equal(w.num, 0);
	assert_true(w.msg[2].needy);
	assert_int_equal(incoming(&w), 340000);
	/* What comes in is for those who have no more than they leave. */
	progress(&w, 0, 60000);
	assert_int_equal(w.num, 1);
	expect_cmd(&w, 0, 2, 80000, 0);
	progress(&w, 1, 70000);
	assert_int_equal(w.num, 1);
	expect_cmd(&w, 0, 1, 160000, 2);
	/* The sender of the first died: its 140,000 are free, by rank. */
	w.num = homa_grantor_remove(&w.gr, &w.cfg, &w.msg[0], 5, w.cmds);
	assert_int_equal(w.num, 2);
	expect_cmd(&w, 0, 1, 230000, 1);
	expect_cmd(&w, 1, 2, 120000, 0);
	assert_int_equal(incoming(&w), 280000);
	assert_true(w.msg[1].needy);
	assert_true(w.msg[2].needy);
}

/* Hosts that take all they can get, and send nothing. */
static void test_hosts_that_keep_it(void **unused)
{
	struct world w;
	u32 i;

	(void)unused;
	start(&w);
	for (i = 0; i < 8; i++)
		add(&w, i, 0);
	assert_int_equal(w.peer[0].room, 200000);
	/* Another one is granted at once what it gets beside seven. */
	add(&w, 8, 1);
	assert_int_equal(w.num, 1);
	expect_cmd(&w, 0, 8, 44444, 0);
	/* All of it, step by step, as if they were not there. */
	for (i = 44444; i < MSG; i = w.msg[8].granted) {
		progress(&w, 8, i);
		assert_int_equal(w.num, 1);
		assert_true(w.msg[8].rec_incoming >= 44444 ||
			    w.msg[8].granted == MSG);
	}
	progress(&w, 8, MSG);

	/* Each leaves something to the next. */
	start(&w);
	for (i = 0; i < 7; i++)
		add_len(&w, i, i, MSG);
	for (; i < 12; i++) {
		add_len(&w, i, i, 500000 - i);
		assert_true(w.num == 1 || w.msg[i].rec_incoming);
		assert_int_equal(w.msg[i].state, HOMA_GRANTEE_ACTIVE);
	}
	assert_true(incoming(&w) < 400000);

	/* Neither do announcements take it. */
	start(&w);
	for (i = 0; i < 19; i++)
		add(&w, i, 0);
	assert_int_equal(w.peer[0].room, 200000);
	add(&w, 19, 1);
	expect_cmd(&w, 0, 19, 44444, 0);

	/* Nor what is granted to the oldest, whose host has more than it leaves. */
	start(&w);
	w.cfg.grant_fifo_fraction = 50;
	add(&w, 0, 0);
	add(&w, 1, 1);
	for (i = 1; i < 20; i++)
		homa_grantor_progress(&w.gr, &w.cfg, &w.msg[1], i * 40000,
				      i * 320000ull, w.cmds);
	assert_int_equal(w.peer[0].room, 200000);
}

/* One with a large window does not take everything from those without. */
static void test_tuned_and_not(void **unused)
{
	struct world w;

	(void)unused;
	start(&w);
	homa_grantee_tune(&w.msg[0], 600000);
	add_len(&w, 0, 0, MSG);
	/* Half of 1,200,000, but for what is lost in rounding. */
	expect_cmd(&w, 0, 0, 599998, 0);
	assert_int_equal(w.peer[0].room, 200000);
	add(&w, 1, 1);
	/* Half of what is left of the room: of 200,000. */
	assert_int_equal(w.num, 1);
	expect_cmd(&w, 0, 1, 100000, 0);
	assert_int_equal(incoming(&w), 699998);
}

/* Its grants take half of the room when it has no slot any more, too. */
static void test_tuned_makes_way(void **unused)
{
	struct world w;

	(void)unused;
	start(&w);
	w.cfg.max_overcommit = 1;
	homa_grantee_tune(&w.msg[0], 600000);
	add_len(&w, 0, 0, MSG);
	add_len(&w, 1, 1, 500000);
	assert_int_equal(w.msg[0].state, HOMA_GRANTEE_WAITING);
	assert_int_equal(w.msg[0].rec_incoming, 599998);
	expect_cmd(&w, 0, 1, 100000, 0);
	progress(&w, 1, 100000);
	expect_cmd(&w, 0, 1, 200000, 0);
	/* As it sends, there is more for the other one. */
	progress(&w, 0, 300000);
	expect_cmd(&w, 0, 1, 250000, 0);
	assert_int_equal(incoming(&w), 299998 + 150000);
	/* Windows do not follow the network any more: now it is too much. */
	w.cfg.max_incoming_set = true;
	progress(&w, 0, 310000);
	assert_int_equal(w.peer[0].room, 289998);
	assert_int_equal(w.num, 0);
}

/*
 * Messages with small windows divide four of them; what is left of max_incoming is for
 * those that made way and have not sent yet.
 */
static void test_small_windows(void **unused)
{
	struct world w;
	u32 i;

	(void)unused;
	start(&w);
	for (i = 0; i < 10; i++)
		homa_grantee_tune(&w.msg[i], 45000);
	for (i = 0; i < 2; i++) {
		add(&w, i, i);
		/* One and two may have all that the link carries in a round trip. */
		expect_cmd(&w, 0, i, 45000, 0);
	}
	for (; i < 8; i++)
		add_len(&w, i, i, MSG - i);
	for (i = 0; i < 8; i++)
		progress(&w, i, 45000);
	/* Of eight each a ninth of 180,000. */
	for (i = 0; i < 8; i++)
		assert_int_equal(w.msg[i].rec_incoming, 20000);
	assert_int_equal(incoming(&w), 160000);
	/* A shorter one takes a slot, and there is room for it. */
	add_len(&w, 8, 8, 500000);
	assert_int_equal(w.msg[8].state, HOMA_GRANTEE_ACTIVE);
	assert_int_equal(w.msg[8].rec_incoming, 40000);

	/* Who sets max_incoming wants it to be used. */
	start(&w);
	w.cfg.max_incoming_set = true;
	for (i = 0; i < 8; i++) {
		homa_grantee_tune(&w.msg[i], 45000);
		add(&w, i, i);
	}
	for (i = 0; i < 8; i++)
		progress(&w, i, 45000);
	for (i = 0; i < 8; i++)
		assert_true(w.msg[i].rec_incoming > 44444 - 44444 / 16 &&
			    w.msg[i].rec_incoming <= 44444);
}

static void test_overcommit(void **unused)
{
	struct world w;
	u32 i;

	(void)unused;
	start(&w);
	for (i = 0; i < 9; i++)
		add(&w, i, i);
	assert_int_equal(w.gr.num_active, 8);
	assert_int_equal(w.msg[8].state, HOMA_GRANTEE_WAITING);
	assert_int_equal(w.num, 0);
	/* Shorter than all: takes the slot of the last in rank. */
	add_len(&w, 9, 9, 50000);
	assert_int_equal(w.msg[9].state, HOMA_GRANTEE_ACTIVE);
	assert_int_equal(w.msg[7].state, HOMA_GRANTEE_WAITING);
	/* The grants that the loser got are still on their way. */
	progress(&w, 7, 30000);
	assert_int_equal(w.msg[7].state, HOMA_GRANTEE_ACTIVE);
	assert_int_equal(w.msg[6].state, HOMA_GRANTEE_WAITING);
	/* A free slot goes to the best that waits. */
	w.num = homa_grantor_remove(&w.gr, &w.cfg, &w.msg[9], 0, w.cmds);
	assert_int_equal(w.msg[6].state, HOMA_GRANTEE_ACTIVE);
	assert_int_equal(w.msg[8].state, HOMA_GRANTEE_WAITING);
	/* The limit is lowered, then raised. */
	w.cfg.max_overcommit = 2;
	progress(&w, 0, 1);
	assert_int_equal(w.gr.num_active, 2);
	w.cfg.max_overcommit = 8;
	progress(&w, 0, 2);
	assert_int_equal(w.gr.num_active, 8);
}

static void test_fair_to_hosts(void **unused)
{
	struct world w;
	u32 i;

	(void)unused;
	start(&w);
	for (i = 0; i < 8; i++)
		add_len(&w, i, 0, 500000);
	assert_int_equal(w.peer[0].num_active, 8);
	/* Longer than all of them, but of a host that has nothing. */
	add(&w, 8, 1);
	assert_int_equal(w.msg[8].state, HOMA_GRANTEE_ACTIVE);
	assert_int_equal(w.msg[7].state, HOMA_GRANTEE_WAITING);
	/* With 7 to 1 the second host gets more, until it is 4 to 4. */
	for (i = 9; i < 14; i++)
		add(&w, i, 1);
	assert_int_equal(w.peer[0].num_active, 4);
	assert_int_equal(w.peer[1].num_active, 4);
	/* A free slot: to the host with none, else to the one with fewer. */
	add(&w, 14, 2);
	assert_int_equal(w.peer[2].num_active, 1);
	w.num = homa_grantor_remove(&w.gr, &w.cfg, &w.msg[14], 0, w.cmds);
	assert_int_equal(w.peer[0].num_active, 4);
	assert_int_equal(w.peer[1].num_active, 4);
}

/*
 * One byte less than the whole message announced, and never sent: such a
 * message holds no more room than an honest one.
 */
static void test_absurd_announcement(void **unused)
{
	struct world w;
	u32 i;

	(void)unused;
	start(&w);
	for (i = 0; i < 2; i++) {
		homa_grantor_add(&w.gr, &w.cfg, &w.msg[i], &w.peer[i], MSG, 0,
				 MSG - 1, i, i, w.cmds);
		assert_true(w.msg[i].rec_incoming <= 200000);
	}
	assert_int_equal(incoming(&w), 200000 + 100000);
	add_len(&w, 2, 2, 60000);
	assert_int_equal(w.num, 1);
	expect_cmd(&w, 0, 2, 50000, 2);
}

static void test_oldest(void **unused)
{
	const u64 step = 320000;
	struct world w;
	u64 now = 0;

	(void)unused;
	start(&w);
	w.cfg.grant_fifo_fraction = 50;
	w.cfg.max_overcommit = 1;
	w.cfg.max_incoming = 1000000;
	w.cfg.window = 200000;
	/* Birth 1 waits behind a shorter one of birth 2. */
	add_len(&w, 2, 2, 500000);
	homa_grantor_add(&w.gr, &w.cfg, &w.msg[1], &w.peer[1], MSG, 0, UNSCHED,
			 1, 1, w.cmds);
	assert_int_equal(w.msg[1].state, HOMA_GRANTEE_WAITING);
	now = 2 + step;
	w.num = homa_grantor_progress(&w.gr, &w.cfg, &w.msg[2], 13000, now - 1,
				      w.cmds);
	assert_int_equal(w.num, 1);
	/* Only together with another grant. */
	w.num = homa_grantor_progress(&w.gr, &w.cfg, &w.msg[2], 13000, now,
				      w.cmds);
	assert_int_equal(w.num, 0);
	w.num = homa_grantor_progress(&w.gr, &w.cfg, &w.msg[2], 26000, now,
				      w.cmds);
	assert_int_equal(w.num, 2);
	expect_cmd(&w, 1, 1, UNSCHED + 50000, 6);
	w.num = homa_grantor_progress(&w.gr, &w.cfg, &w.msg[2], 39000,
				      now + step - 1, w.cmds);
	assert_int_equal(w.num, 1);
	w.num = homa_grantor_progress(&w.gr, &w.cfg, &w.msg[2], 52000,
				      now + step, w.cmds);
	assert_int_equal(w.num, 2);
	expect_cmd(&w, 1, 1, UNSCHED + 100000, 6);
	/* Until it has more than it may have; then the next in age. */
	for (now += 2 * step; w.msg[1].rec_incoming < 300000; now += step)
		w.num = homa_grantor_progress(&w.gr, &w.cfg, &w.msg[2],
					      w.msg[2].length -
					      w.msg[2].remaining + 13000, now,
					      w.cmds);
	w.num = homa_grantor_progress(&w.gr, &w.cfg, &w.msg[2], 150000, now,
				      w.cmds);
	assert_int_equal(w.num, 2);
	assert_ptr_equal(w.cmds[1].g, &w.msg[2]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_single_message),
		cmocka_unit_test(test_not_added),
		cmocka_unit_test(test_priorities),
		cmocka_unit_test(test_window_shrinks),
		cmocka_unit_test(test_needy),
		cmocka_unit_test(test_hosts_that_keep_it),
		cmocka_unit_test(test_tuned_and_not),
		cmocka_unit_test(test_tuned_makes_way),
		cmocka_unit_test(test_small_windows),
		cmocka_unit_test(test_overcommit),
		cmocka_unit_test(test_fair_to_hosts),
		cmocka_unit_test(test_absurd_announcement),
		cmocka_unit_test(test_oldest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
