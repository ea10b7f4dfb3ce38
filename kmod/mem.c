// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Kernel memory that sockets hold, and who pays for it (docs/memory.md).
 *
 * Two counters of a socket say what it holds: sk_rmem_alloc (packets that were
 * received, RPCs that other hosts made) and tx_mem (outgoing messages, RPCs
 * that we made).  What it may hold without asking anybody is reserved for it in
 * steps of some pages; the host-wide account net.homa.homa_mem and, for the
 * first of the two, the socket's memory cgroup are only involved when a
 * reservation grows or shrinks.  So a packet costs one atomic operation.
 */
#include <linux/mm.h>
#include <linux/percpu_counter.h>
#include <linux/sched/mm.h>
#include <linux/swap.h>
#include "homa.h"

/*
 * Step of a reservation, and what it may exceed the use by.  A socket may have
 * one step in each direction whatever happens: short answers end RPCs, and so
 * make room.
 */
#define STEP_BYTES	max_t(u32, 16384, PAGE_SIZE)
#define SLACK_BYTES	(2 * STEP_BYTES)

/*
 * A socket never holds more than this of what came from outside, whatever its
 * other limits are: sk_rmem_alloc is signed for others who read it.  As much
 * again is left for CPUs that add to it before they look.  Whole pages.
 */
#define RX_BYTES_MAX	(SZ_2G - SZ_64K)

/*
 * A socket may hold so much although the host or its memory cgroup is under
 * pressure: two large buffers in each direction and what belongs to them, or
 * long messages would come packet by packet.
 */
#define FLOOR_BYTES	SZ_256K

/* Pages that all sockets of the host have reserved. */
static atomic_long_t allocated_pages;
static DEFINE_PER_CPU(int, fw_alloc_pages);
static struct percpu_counter num_sockets;
static unsigned long under_pressure;
static int floor_bytes[3] = { FLOOR_BYTES, FLOOR_BYTES, FLOOR_BYTES };

/* net.homa.homa_mem: no pressure below, pressure above, never above; pages. */
long homa_mem_limits[3] __read_mostly;

static void enter_pressure(struct sock *sk)
{
	if (!READ_ONCE(under_pressure))
		WRITE_ONCE(under_pressure, 1);
}

static void setup_proto(struct proto *prot)
{
	prot->memory_allocated = &allocated_pages;
	prot->per_cpu_fw_alloc = &fw_alloc_pages;
	prot->sockets_allocated = &num_sockets;
	prot->memory_pressure = &under_pressure;
	prot->enter_memory_pressure = enter_pressure;
	prot->sysctl_mem = homa_mem_limits;
	prot->sysctl_rmem = floor_bytes;
	prot->sysctl_wmem = floor_bytes;
}

/**
 * homa_mem_init() - prepare the account of the host
 *
 * Has to come before the protocols are registered.  The default limits are
 * those of UDP: pressure at an eighth of the memory.
 *
 * Return: 0 or -ENOMEM.
 */
int homa_mem_init(void)
{
	unsigned long pages = max(nr_free_buffer_pages() / 8, 128UL);

	homa_mem_limits[0] = pages / 4 * 3;
	homa_mem_limits[1] = pages;
	homa_mem_limits[2] = homa_mem_limits[0] * 2;
	setup_proto(&homa_prot);
	setup_proto(&homav6_prot);
	return percpu_counter_init(&num_sockets, 0, GFP_KERNEL);
}

/**
 * homa_mem_exit() - the reverse; complains if something is still charged
 */
void homa_mem_exit(void)
{
	long pages = atomic_long_read(&allocated_pages);
	int cpu;

	for_each_possible_cpu(cpu)
		pages += per_cpu(fw_alloc_pages, cpu);
	WARN_ON_ONCE(pages);
	WARN_ON_ONCE(percpu_counter_sum(&num_sockets));
	percpu_counter_destroy(&num_sockets);
}

/**
 * homa_mem_pages() - what the sockets of the host have reserved
 *
 * Return: pages, exact to some pages for each CPU.
 */
long homa_mem_pages(void)
{
	return max(0L, atomic_long_read(&allocated_pages));
}

/**
 * homa_mem_pressure() - do sockets of the host hold so much that they should save?
 */
bool homa_mem_pressure(void)
{
	return READ_ONCE(under_pressure);
}

/**
 * homa_mem_sock_init() - a socket that holds nothing
 * @hsk: socket
 */
void homa_mem_sock_init(struct homa_sock *hsk)
{
	spin_lock_init(&hsk->mem_lock);
	hsk->rx_reserved = 0;
	hsk->tx_reserved = 0;
	atomic_long_set(&hsk->tx_mem, 0);
	sk_sockets_allocated_inc(homa_sock_sk(hsk));
}

/* Bytes to add to a reservation so that @used fits. */
static u32 step(u64 used, u64 reserved)
{
	return round_up(used - reserved + used / 8, STEP_BYTES);
}

/*
 * Bytes of a reservation that can go, whole pages.  A socket keeps some for the
 * next message, unless others need it.
 */
static u32 excess(u64 used, u64 reserved)
{
	u64 keep = READ_ONCE(under_pressure) ? 0 : STEP_BYTES + used / 8;

	if (reserved <= used + keep)
		return 0;
	return round_down(reserved - used - keep, PAGE_SIZE);
}

/* Would it be worth while to call excess()?  Cheap. */
static bool plenty(u64 used, u64 reserved)
{
	return reserved > used + used / 4 +
			  (READ_ONCE(under_pressure) ? PAGE_SIZE : SLACK_BYTES);
}

/* ---- receiving ---- */

/* Ask the host and the memory cgroup for more. */
static bool rx_reserve_locked(struct homa_sock *hsk, u32 used, u32 amount)
{
	struct sock *sk = homa_sock_sk(hsk);

	lockdep_assert_held(&hsk->mem_lock);
	/* The host's own pressure is weighed in __sk_mem_schedule(). */
	if (used > FLOOR_BYTES && !READ_ONCE(under_pressure) &&
	    sk_under_memory_pressure(sk))
		return false;
	if (!__sk_mem_schedule(sk, amount, SK_MEM_RECV))
		return false;
	sk_mem_charge(sk, amount);
	WRITE_ONCE(hsk->rx_reserved, hsk->rx_reserved + amount);
	return true;
}

static bool rx_grow(struct homa_sock *hsk, u32 bytes)
{
	struct sock *sk = homa_sock_sk(hsk);
	bool ok = true;
	u32 reserved;
	u32 used;

	/* Nobody else touches sk_forward_alloc: SO_RESERVE_MEM is for TCP. */
	spin_lock_bh(&hsk->mem_lock);
	used = atomic_read(&sk->sk_rmem_alloc);
	reserved = hsk->rx_reserved;
	if (used > RX_BYTES_MAX) {
		ok = false;
	} else if (used > reserved) {
		u32 need = round_up(used - reserved, PAGE_SIZE);
		u32 more = min_t(u32, step(used, reserved),
				 RX_BYTES_MAX - reserved);

		ok = rx_reserve_locked(hsk, used, more) ||
		     rx_reserve_locked(hsk, used, need) ||
		     used <= STEP_BYTES;
	}
	if (!ok)
		atomic_sub(bytes, &sk->sk_rmem_alloc);
	spin_unlock_bh(&hsk->mem_lock);
	if (!ok)
		HOMA_INC(hsk->hn, rx_mem_refused);
	return ok;
}

/**
 * homa_mem_rx_charge() - a socket is about to hold what came from outside
 * @hsk: socket
 * @bytes: memory that it takes
 *
 * Context: any, a Homa lock may be held; takes mem_lock.
 * Return: false if the host or the memory cgroup has no more for it, or the
 * socket holds RX_BYTES_MAX; then nothing was charged.
 */
bool homa_mem_rx_charge(struct homa_sock *hsk, u32 bytes)
{
	u32 used = atomic_add_return(bytes, &homa_sock_sk(hsk)->sk_rmem_alloc);

	return likely(used <= READ_ONCE(hsk->rx_reserved)) ||
	       rx_grow(hsk, bytes);
}

/**
 * homa_mem_rx_uncharge() - the reverse
 * @hsk: socket
 * @bytes: as charged
 *
 * Context: any; takes mem_lock.
 */
void homa_mem_rx_uncharge(struct homa_sock *hsk, u32 bytes)
{
	struct sock *sk = homa_sock_sk(hsk);
	u32 used = atomic_sub_return(bytes, &sk->sk_rmem_alloc);
	u32 less;

	if (likely(!plenty(used, READ_ONCE(hsk->rx_reserved))))
		return;
	spin_lock_bh(&hsk->mem_lock);
	less = excess(atomic_read(&sk->sk_rmem_alloc), hsk->rx_reserved);
	WRITE_ONCE(hsk->rx_reserved, hsk->rx_reserved - less);
	if (less)
		sk_mem_uncharge(sk, less);
	spin_unlock_bh(&hsk->mem_lock);
}

static void rx_free(struct sk_buff *skb)
{
	homa_mem_rx_uncharge(homa_sk(skb->sk), skb->truesize);
}

/**
 * homa_mem_rx_own() - tie a packet to what was charged for it
 * @hsk: socket; has to stay as long as it holds the packet
 * @skb: orphaned packet; skb->truesize was charged, its destructor uncharges
 */
void homa_mem_rx_own(struct homa_sock *hsk, struct sk_buff *skb)
{
	skb->sk = homa_sock_sk(hsk);
	skb->destructor = rx_free;
}

/* ---- sending ---- */

/*
 * The pages of outgoing messages are charged to the memory cgroup of the
 * sender when they are allocated, so only the account of the host is asked.
 */
static bool tx_reserve_locked(struct homa_sock *hsk, u64 used, u32 amount)
{
	long pages = amount >> PAGE_SHIFT;
	u64 sockets;
	long total;

	lockdep_assert_held(&hsk->mem_lock);
	total = atomic_long_add_return(pages, &allocated_pages);
	if (total > READ_ONCE(homa_mem_limits[1]))
		enter_pressure(homa_sock_sk(hsk));
	else if (total <= READ_ONCE(homa_mem_limits[0]) &&
		 READ_ONCE(under_pressure))
		WRITE_ONCE(under_pressure, 0);
	/* As for received packets: under pressure, the average for each. */
	sockets = percpu_counter_read_positive(&num_sockets);
	if (used > STEP_BYTES &&
	    (total > READ_ONCE(homa_mem_limits[2]) ||
	     (READ_ONCE(under_pressure) && used > FLOOR_BYTES &&
	      sockets * (used >> PAGE_SHIFT) >= READ_ONCE(homa_mem_limits[2])))) {
		atomic_long_sub(pages, &allocated_pages);
		return false;
	}
	WRITE_ONCE(hsk->tx_reserved, hsk->tx_reserved + amount);
	return true;
}

/**
 * homa_mem_tx_charge() - a socket is about to hold an outgoing message
 * @hsk: socket
 * @bytes: memory that it takes
 *
 * Context: process.  Return: false if the host has no more for it; then
 * nothing was charged.
 */
bool homa_mem_tx_charge(struct homa_sock *hsk, u32 bytes)
{
	u64 used = atomic_long_add_return(bytes, &hsk->tx_mem);
	bool ok = true;

	if (likely(used <= READ_ONCE(hsk->tx_reserved)))
		return true;
	spin_lock_bh(&hsk->mem_lock);
	used = atomic_long_read(&hsk->tx_mem);
	if (used > hsk->tx_reserved)
		ok = tx_reserve_locked(hsk, used, step(used, hsk->tx_reserved));
	if (!ok)
		atomic_long_sub(bytes, &hsk->tx_mem);
	spin_unlock_bh(&hsk->mem_lock);
	if (!ok) {
		HOMA_INC(hsk->hn, tx_mem_refused);
		homa_sock_explain(hsk, "sockets hold as much memory as net.homa.homa_mem allows");
		/* Somebody may have taken it for a full send buffer. */
		homa_sock_wake_senders(hsk);
	}
	return ok;
}

/**
 * homa_mem_tx_uncharge() - the reverse
 * @hsk: socket
 * @bytes: as charged
 *
 * Context: any; takes mem_lock.
 */
void homa_mem_tx_uncharge(struct homa_sock *hsk, u32 bytes)
{
	u64 used = atomic_long_sub_return(bytes, &hsk->tx_mem);
	u32 less;

	if (likely(!plenty(used, READ_ONCE(hsk->tx_reserved))))
		return;
	spin_lock_bh(&hsk->mem_lock);
	less = excess(atomic_long_read(&hsk->tx_mem), hsk->tx_reserved);
	WRITE_ONCE(hsk->tx_reserved, hsk->tx_reserved - less);
	spin_unlock_bh(&hsk->mem_lock);
	atomic_long_sub(less >> PAGE_SHIFT, &allocated_pages);
}

/**
 * homa_mem_sock_exit() - give back what a socket has reserved
 * @hsk: socket that holds nothing any more
 */
void homa_mem_sock_exit(struct homa_sock *hsk)
{
	WARN_ON_ONCE(atomic_long_read(&hsk->tx_mem));
	atomic_long_sub(hsk->tx_reserved >> PAGE_SHIFT, &allocated_pages);
	hsk->tx_reserved = 0;
	sk_mem_uncharge(homa_sock_sk(hsk), hsk->rx_reserved);
	hsk->rx_reserved = 0;
	sk_sockets_allocated_dec(homa_sock_sk(hsk));
}

/**
 * homa_mem_account() - charge allocations in a softirq to a socket's cgroup
 * @hsk: socket
 *
 * Those with __GFP_ACCOUNT are concerned until homa_mem_unaccount().
 *
 * Return: what to pass to homa_mem_unaccount().
 */
struct mem_cgroup *homa_mem_account(struct homa_sock *hsk)
{
#ifdef CONFIG_MEMCG
	if (mem_cgroup_sockets_enabled)
		return set_active_memcg(homa_sock_sk(hsk)->sk_memcg);
#endif
	return set_active_memcg(NULL);
}

/**
 * homa_mem_unaccount() - the end of it
 * @before: what homa_mem_account() returned
 */
void homa_mem_unaccount(struct mem_cgroup *before)
{
	set_active_memcg(before);
}
