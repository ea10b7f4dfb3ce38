/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Objects of the kernel module and what its files offer each other.
 *
 * The objects come first, each with the lock that guards its members; then the
 * functions, grouped by the file that owns them.  docs/locking.md explains the
 * order of the locks and the one pattern: lock, ask core/, copy what is to be
 * done, unlock, do it.
 *
 *	homa_net    everything of one network namespace
 *	homa_sock   one socket: a port, a receive pool, its RPCs
 *	homa_rpc    one RPC: protocol state, outgoing data, incoming packets
 *	homa_peer   one remote host: route, cutoffs, acks to be sent
 */
#ifndef HOMA_KMOD_H
#define HOMA_KMOD_H

#include <linux/hrtimer.h>
#include <linux/ipv6.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/siphash.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <net/inet_sock.h>
#include <net/sock.h>
#include <uapi/linux/homa.h>
#include "compat/compat.h"
#include "../core/config.h"
#include "../core/dedup.h"
#include "../core/early.h"
#include "../core/grant.h"
#include "../core/meter.h"
#include "../core/pace.h"
#include "../core/prio.h"
#include "../core/reason.h"
#include "../core/rpc.h"
#include "../core/share.h"
#include "../core/srpt.h"
#include "../core/tune.h"
#include "../core/wire.h"
#include "early.h"
#include "mib.h"
#include "msgout.h"
#include "wheel.h"

/* Why an RPC ended: for the tracepoint homa_rpc_end. */
#define HOMA_ENDS(X)							\
	X(DELIVERED)	/* client: the response reached the application */ \
	X(FAILED)	/* client: the application was told an error */	\
	X(ACKED)	/* server: the client has the response */	\
	X(UNKNOWN)	/* server: the client does not know it */	\
	X(UNACKED)	/* server: the client never acknowledged */	\
	X(EVICTED)	/* server: it made room for another one */	\
	X(ERROR)	/* server: it cannot be served any more */	\
	X(NOT_SENT)	/* server: its response could not be sent */	\
	X(NOT_READ)	/* the application could not be given the message */ \
	X(ABORTED)	/* HOMAIOCABORT without an error */		\
	X(SHUTDOWN)	/* its socket was shut down or closed */

enum homa_end {
#define HOMA_END_ENUM(name) HOMA_END_##name,
	HOMA_ENDS(HOMA_END_ENUM)
#undef HOMA_END_ENUM
};

struct homa_more_acks;
struct homa_net;
struct homa_peer;
struct homa_pool;
struct homa_region;
struct homa_rpc;
struct homa_sock;
struct homa_todo;

/* Sizes of the hash tables of a namespace, powers of two. */
#define HOMA_PORT_BUCKETS	1024

/* 32-bit words that the RPC hash takes: an id and an address. */
#define HOMA_RPC_HASH_WORDS	6

/**
 * struct homa_bucket - RPCs whose ids hash alike
 * @lock: L2; guards @rpcs, @young, @dedup and the protocol state of each RPC in it
 * @rpcs: linked by homa_rpc.hash
 * @young: those that the timer has not seen yet, oldest first
 * @dedup: requests executed here whose RPCs are gone
 */
struct homa_bucket {
	spinlock_t lock;	/* L2 */
	struct hlist_head rpcs;
	struct list_head young;
	struct homa_dedup dedup;
} ____cacheline_aligned_in_smp;

/**
 * struct homa_tables - hash tables of a namespace that uses Homa
 * @ports: sockets by port; written under homa_net.port_lock, read under RCU
 * @buckets: RPCs by id and peer address
 * @sizes: lengths of incoming messages
 * @young: buckets with RPCs that the timer has not seen yet
 *
 * Allocated with the first socket: a namespace without one costs little.
 */
struct homa_tables {
	struct hlist_head ports[HOMA_PORT_BUCKETS];
	struct homa_bucket buckets[HOMA_RPC_BUCKETS];
	struct homa_sizes __percpu *sizes;
	struct homa_young __percpu *young;
};

/**
 * struct homa_link - a network device as a way out, and messages held back there
 * @node: in homa_net.links; changed under RTNL, read under RCU
 * @dev: RCU; NULL when the device is gone, and in homa_net.link0
 * @hn: namespace
 * @ifindex: of the device
 * @refs: one for the device, one for each route, RPC and socket that refers to it
 * @dev_mbps: speed that the device reports, 0 = unknown; no lock
 * @no_queue: the device has no queue of its own (veth, bridge, loopback ...)
 * @lock: L3 (the "tx lock"); guards @srpt
 * @srpt: waiting messages
 * @idle_until_ns: when the link will have sent what it was given (pace.h)
 * @qdisc_idle_ns: the same as the queueing discipline sees it, which gives others'
 *	packets to the device, too
 * @queued_bytes: of buffers of long messages that have not left the device
 * @resume_bytes: with so few of them the pacer goes on; no lock
 * @full: the pacer waits for the device; no lock
 * @pacer: sends from @srpt when the link has room again
 * @given_bytes: given to the device by the pacer, ever; only for the pacer
 * @meter: how fast the device's queue drains; changed by the pacer alone
 * @busy_since: homa_cycles() when @srpt was last empty; @lock
 * @arrival: how fast data comes in by it; homa_net.grant_lock
 * @rcu: for freeing
 */
struct homa_link {
	struct hlist_node node;
	struct net_device __rcu *dev;
	struct homa_net *hn;
	int ifindex;
	refcount_t refs;
	u32 dev_mbps;
	bool no_queue;
	spinlock_t lock;	/* L3 */
	struct homa_srpt srpt;
	atomic64_t idle_until_ns;
	atomic64_t qdisc_idle_ns;
	atomic_t queued_bytes;
	int resume_bytes;
	bool full;
	struct hrtimer pacer;
	u64 given_bytes;
	struct homa_meter meter;
	u64 busy_since;
	struct homa_arrival arrival;
	struct rcu_head rcu;
};

/* Slots of homa_net.links, a power of two. */
#define HOMA_LINK_BUCKETS	16

/* Links of a socket whose buffers are counted until they leave the device. */
#define HOMA_BULK_LINKS		2

/**
 * struct homa_settings - snapshot of what can be set in a namespace
 * @core: what the core's decisions use
 * @cutoffs: our own table, published to peers
 * @priority_map: level to TOS bits
 * @wmem_max: send buffer limit of new sockets, bytes
 * @rpc_sock_max: RPCs of a socket above which no request is accepted
 * @rpc_net_max: RPCs of the namespace above which none is made
 * @peer_max: hosts remembered at most
 * @peer_idle_secs: hosts used so recently are kept, unless there is no room
 * @peer_idle_max_secs: hosts unused for so long are forgotten
 * @peer_gc_threshold: with so many hosts or fewer none is forgotten
 * @poll_usecs: how long a receiver looks for a message before it sleeps
 * @cutoffs_pinned: @cutoffs do not follow the traffic
 * @privileged_ports: low ports need CAP_NET_BIND_SERVICE
 * @throttle: pace outgoing data
 * @tune_windows: what may be under way follows the network (tune.c)
 * @unsched_bytes_set: somebody set core.unsched_bytes: it does not follow
 * @link_mbps_set: somebody set core.link_mbps: devices without a queue have it, too
 * @homa_share: of the link, in percent, beside others (qdisc.c)
 * @max_link_usage: of the link, in percent (qdisc.c)
 * @max_nic_queue_usecs: how much a driver may have (qdisc.c)
 * @rcu: for freeing
 */
struct homa_settings {
	struct homa_config core;
	struct homa_cutoffs cutoffs;
	u8 priority_map[HOMA_PRIORITIES_MAX];
	u32 wmem_max;
	u32 rpc_sock_max;
	u32 rpc_net_max;
	u32 peer_max;
	u32 peer_gc_threshold;
	u32 peer_idle_secs;
	u32 peer_idle_max_secs;
	u32 poll_usecs;
	u8 cutoffs_pinned;
	u8 privileged_ports;
	bool throttle;
	bool link_mbps_set;
	bool tune_windows;
	bool unsched_bytes_set;
	u32 homa_share;
	u32 max_link_usage;
	u32 max_nic_queue_usecs;
	struct rcu_head rcu;
};

/**
 * struct homa_net - Homa's part of a network namespace
 * @net: the namespace
 * @tables: hash tables, NULL before the first socket; never changes after
 * @setup_lock: L0; serialises creation of @tables
 * @port_lock: L3; guards the port table and the next two
 * @next_port: next automatic port to try
 * @num_auto_ports: automatic ports in use
 * @hash_key: secret key of the RPC hash
 * @next_id: next client id; starts at a random even value
 * @peers: hosts by address
 * @peer_count: entries in @peers
 * @peer_secret: key of homa_peer.secret
 * @stranger_count: those of them that never showed that they hear us
 * @rpc_count: RPCs alive or still referenced
 * @rcu_used: a route or a host was given to RCU to free
 * @peer_gc: forgets idle hosts while there are many
 * @grant_lock: L3 (the "grantor lock"); guards the next four
 * @grantor: incoming messages that need grants
 * @num_grantable: how many of them it knows
 * @max_grantable: most of that there were
 * @grantable_since: homa_cycles() of the last change of @num_grantable
 * @evict_lock: L3; guards the next one and homa_sock.evictable
 * @evictable: server RPCs of strangers
 * @links: devices, by ifindex
 * @link0: what cannot be said to leave by one of them
 * @link_ask: asks devices for their speed
 * @wheel: timers
 * @settings: RCU; replaced under @settings_lock
 * @settings_lock: L0
 * @settings_raw: what sysctl writes to, see sysctl.c
 * @adapt: makes cutoffs from message lengths
 * @adapt_seen: lengths that were used for that; only for the work
 * @sysctl: registration
 * @sysctl_inert: values of settings without effect
 * @mib: counters
 */
struct homa_net {
	struct net *net;
	struct homa_tables *tables;
	struct mutex setup_lock;	/* L0 */
	spinlock_t port_lock;		/* L3 */
	u16 next_port;
	u32 num_auto_ports;
	u32 hash_key[HOMA_RPC_HASH_WORDS];
	atomic64_t next_id;
	struct rhashtable peers;
	atomic_t peer_count;
	atomic_t stranger_count;
	siphash_key_t peer_secret;
	atomic_t rpc_count;
	bool rcu_used;
	struct delayed_work peer_gc;
	spinlock_t grant_lock;		/* L3 */
	struct homa_grantor grantor;
	u32 num_grantable;
	u32 max_grantable;
	u64 grantable_since;
	spinlock_t evict_lock;		/* L3 */
	struct list_head evictable;
	struct hlist_head links[HOMA_LINK_BUCKETS];
	struct homa_link link0;
	struct work_struct link_ask;
	struct homa_wheel wheel;
	struct homa_settings __rcu *settings;
	struct mutex settings_lock;	/* L0 */
	struct homa_settings settings_raw;
	struct delayed_work adapt;
	struct homa_size_histogram adapt_seen;
	struct ctl_table_header *sysctl;
	int *sysctl_inert;
	struct homa_mib __percpu *mib;
};

/**
 * struct homa_peer_key - names a host
 * @addr: IPv6 or v4-mapped address
 * @scope: interface of a link-local address, else 0
 */
struct homa_peer_key {
	struct in6_addr addr;
	u32 scope;
};

/**
 * struct homa_route - a route to a peer; constant once published
 * @dst: referenced
 * @link: its device, referenced
 * @cookie: its generation
 * @saddr: source address that it was looked up with or chose
 * @uid: whose route it is; rules for routing may depend on it
 * @rcu: for freeing
 */
struct homa_route {
	struct dst_entry *dst;
	struct homa_link *link;
	u32 cookie;
	struct in6_addr saddr;
	kuid_t uid;
	struct rcu_head rcu;
};

/**
 * struct homa_way - a route in use, inside one RCU read-side section
 * @dst: route
 * @held: it is referenced; a cached one needs no reference for so short a time
 */
struct homa_way {
	struct dst_entry *dst;
	bool held;
};

/**
 * struct homa_peer - a remote host; there may be many, so it has 256 bytes at most
 * @node: in homa_net.peers
 * @key: address
 * @refs: one for the table, one for each RPC and each user
 * @secret: keys what is remembered of the host's finished requests; nobody else
 *	can know it
 * @server_rpcs: server RPCs with this host that are alive
 * @cutoffs_sent: jiffies of the last CUTOFFS sent to it, no lock
 * @used: jiffies of the last look-up, no lock
 * @lock: L3; guards the members up to @route
 * @num_acks: finished RPCs that the host has not been told of (acklist.c)
 * @known: not a stranger: it received something from us, or a process sent to
 *	it; set once, no lock
 * @ack_ports: ports of the servers of the first of them
 * @ack_ids: their ids
 * @more_acks: the rest, or NULL
 * @cutoffs: the host's table for what is sent to it
 * @temp: not in the table; never changes
 * @rtt: round-trip time to it
 * @route: RCU; cached route, replaced under @lock
 * @grant: guarded by homa_net.grant_lock
 * @hn: namespace
 * @rcu: for freeing
 */
struct homa_peer {
	struct rhash_head node;
	struct homa_peer_key key;
	refcount_t refs;
	u64 secret;
	atomic_t server_rpcs;
	u32 cutoffs_sent;
	unsigned long used;
	spinlock_t lock;	/* L3 */
	u8 num_acks;
	bool known;
	u16 ack_ports[HOMA_ACKS_MAX];
	u64 ack_ids[HOMA_ACKS_MAX];
	struct homa_more_acks *more_acks;
	struct homa_cutoffs cutoffs;
	bool temp;
	struct homa_rtt rtt;
	struct homa_route __rcu *route;
	struct homa_grant_peer grant;
	struct homa_net *hn;
	struct rcu_head rcu;
};

/**
 * struct homa_rpc - one RPC
 * @hash: in homa_bucket.rpcs while alive
 * @bucket: never changes; its lock is "the RPC lock"
 * @refs: one for being alive (and thereby linked anywhere), one per user
 * @hsk: socket, referenced
 * @hn: its namespace
 * @peer: remote host, referenced
 * @saddr: our address in packets; RPC lock until first use, then constant
 * @sport: our port
 * @dport: the peer's port
 * @private: response only for a receiver that names the id
 * @rx_charged: its memory is charged as received
 * @waited: a thread waits for this private RPC; RPC lock
 * @responding: a thread is about to send the response; RPC lock
 * @copying: a thread copies what is here of the incoming message: only it uses
 *	@bpages and @early, and takes packets out of @rxq; RPC lock
 * @early_wanted: the thread of @waited should do that; set under RPC lock
 * @early_offered: bytes received when that was last offered; RPC lock
 * @early: what was copied so; RPC lock, or @copying
 * @deferred_to: the link in whose srpt it is, referenced: only that one's pacer
 *	sends; or NULL; RPC lock
 * @cookie: opaque, for the client
 * @birth_ns: creation
 * @sock_link: in homa_sock.rpcs; homa_sock.ready_lock
 * @ready_link: in homa_sock.ready; homa_sock.ready_lock
 * @early_link: in homa_sock.early; homa_sock.ready_lock
 * @young_link: in homa_bucket.young; RPC lock
 * @wheel_link: in a slot of the timer wheel; homa_wheel.lock
 * @evict_link: in homa_net.evictable; homa_net.evict_lock
 * @evict_sock_link: in homa_sock.evictable; homa_net.evict_lock
 * @wheel_tick: which slot; written under the RPC lock and homa_wheel.lock
 * @stall_node: in homa_pool.waiting while rx_stalled; homa_pool.lock
 * @stall_len: key there
 * @grantee: homa_net.grant_lock; its @quiet is read under the RPC lock, because
 *	only events of this RPC change it
 * @srpt: homa_link.lock of @deferred_to
 * @wait: where the thread of @waited sleeps
 * @msgout: outgoing message
 * @rxq: packets whose bytes were taken; RPC lock
 * @num_bpages: valid entries in @bpages; RPC lock
 * @bpages: where the incoming message will be put; RPC lock
 * @core: protocol state; RPC lock.  Its gaps are not cleared
 * @tiny: bytes of a short outgoing message; as constant as @msgout
 */
struct homa_rpc {
	/* Left behind as they were found: see construct() in rpc.c. */
	struct hlist_node hash;
	struct list_head sock_link;
	struct list_head ready_link;
	struct list_head early_link;
	struct list_head young_link;
	struct list_head wheel_link;
	struct list_head evict_link;
	struct list_head evict_sock_link;
	struct rb_node stall_node;
	wait_queue_head_t wait;
	struct sk_buff_head rxq;
	struct homa_grantee grantee;
	struct homa_srpt_entry srpt;

	/* Zeroed for each RPC, up to the gaps in core. */
	struct homa_bucket *bucket;
	refcount_t refs;
	u16 sport;
	u16 dport;
	bool private;
	bool rx_charged;
	bool waited;
	bool responding;
	bool copying;
	bool early_wanted;
	u32 early_offered;
	struct homa_early early;
	struct homa_link *deferred_to;
	struct homa_sock *hsk;
	struct homa_net *hn;
	struct homa_peer *peer;
	struct in6_addr saddr;
	u64 cookie;
	u64 birth_ns;
	u64 wheel_tick;
	u32 stall_len;
	u32 num_bpages;
	struct homa_msgout msgout;
	struct homa_rpc_core core;

	/* Written before they are read. */
	u32 bpages[HOMA_MAX_BPAGES];
	u8 tiny[HOMA_TINY_BYTES];
};

/**
 * struct homa_sock - a Homa socket
 * @inet: the generic part; must be first
 * @hn: its namespace
 * @port_link: in homa_tables.ports; homa_net.port_lock, RCU
 * @port: own port, host order; written under lock_sock() and port_lock
 * @server: accepts requests
 * @shutdown: no new RPCs; set under @ready_lock
 * @ready_lock: L3; guards the lists
 * @rpcs: all RPCs, oldest first
 * @ready: RPCs with something for a receiver that names no id, oldest first
 * @early: RPCs whose message could be copied in part, oldest first
 * @evictable: server RPCs of strangers, oldest first; homa_net.evict_lock
 * @num_rpcs: entries in @rpcs
 * @num_clients: of these, our own requests; written under @ready_lock
 * @peak_clients: most of them of late (incast.h); @ready_lock
 * @num_ready: entries in @ready
 * @tx_mem: memory of outgoing messages not yet released, bytes
 * @mem_lock: L3; guards the next two and sk_forward_alloc
 * @rx_reserved: what sk_rmem_alloc may grow to without asking (mem.c), bytes
 * @tx_reserved: what tx_mem may grow to without asking, bytes
 * @tx_blocked: a sender waits, or poll() reported not writable
 * @bulk_links: whose queued_bytes its buffers are counted in, referenced; set once
 * @pool: receive region; set once under lock_sock()
 * @spare: pages for long messages
 * @poll_credit: how many waits in a row polling would have shortened, up to what
 *	makes it poll; no lock
 * @error_text: why the last failing call failed, a literal; no lock
 */
struct homa_sock {
	struct inet_sock inet;
	struct homa_net *hn;
	struct hlist_node port_link;
	u16 port;
	bool server;
	bool shutdown;
	bool tx_blocked;
	spinlock_t ready_lock;	/* L3 */
	struct list_head rpcs;
	struct list_head ready;
	struct list_head early;
	struct list_head evictable;
	u32 num_rpcs;
	u32 num_clients;
	u32 peak_clients;
	u32 num_ready;
	atomic_long_t tx_mem;
	spinlock_t mem_lock;	/* L3 */
	u32 rx_reserved;
	u64 tx_reserved;
	struct homa_link *bulk_links[HOMA_BULK_LINKS];
	struct homa_pool *pool;
	struct homa_spare spare;
	u8 poll_credit;
	const char *error_text;
};

/* An AF_INET6 socket; @inet6 must be last (see compat.h). */
struct homa6_sock {
	struct homa_sock homa;
	struct ipv6_pinfo inet6;
};

/* Packet data in homa_rpc.rxq: message bytes [start, end) lie at data_offset
 * in the sk_buff.
 */
struct homa_skb_cb {
	u32 start;
	u32 end;
	u32 data_offset;
};

#define HOMA_SKB_CB(skb) ((struct homa_skb_cb *)&(skb)->cb[0])

/**
 * struct homa_addr - where a packet goes to or came from
 * @peer: remote host
 * @saddr: our address; unspecified: chosen by the route
 * @sport: our port
 * @dport: remote port
 */
struct homa_addr {
	struct homa_peer *peer;
	struct in6_addr saddr;
	u16 sport;
	u16 dport;
};

static inline struct homa_sock *homa_sk(const struct sock *sk)
{
	return (struct homa_sock *)sk;
}

static inline struct sock *homa_sock_sk(struct homa_sock *hsk)
{
	return &hsk->inet.sk;
}

/* The receive region; NULL before SO_HOMA_RCVBUF, which may come at any time. */
static inline struct homa_pool *homa_sock_pool(const struct homa_sock *hsk)
{
	/* Pairs with the release in SO_HOMA_RCVBUF. */
	return smp_load_acquire(&hsk->pool);
}

/* ---- main.c: protocol registration ---- */
extern struct proto homa_prot;
extern struct proto homav6_prot;

/* ---- netns.c: namespace state, settings ---- */
int homa_netns_init(void);
void homa_netns_exit(void);
struct homa_net *homa_net(const struct net *net);
int homa_net_setup_tables(struct homa_net *hn);

/* ---- mem.c: memory that sockets hold ---- */
extern long homa_mem_limits[3];
int homa_mem_init(void);
void homa_mem_exit(void);
long homa_mem_pages(void);
void homa_mem_sock_init(struct homa_sock *hsk);
void homa_mem_sock_exit(struct homa_sock *hsk);
bool homa_mem_rx_charge(struct homa_sock *hsk, u32 bytes);
void homa_mem_rx_uncharge(struct homa_sock *hsk, u32 bytes);
void homa_mem_rx_own(struct homa_sock *hsk, struct sk_buff *skb);
bool homa_mem_tx_charge(struct homa_sock *hsk, u32 bytes);
void homa_mem_tx_uncharge(struct homa_sock *hsk, u32 bytes);
bool homa_mem_pressure(void);
struct mem_cgroup *homa_mem_account(struct homa_sock *hsk);
void homa_mem_unaccount(struct mem_cgroup *before);

/* ---- sysctl.c: net.homa.* ---- */
void homa_settings_init(struct homa_settings *s);
int homa_settings_publish(struct homa_net *hn);
int homa_sysctl_init(struct homa_net *hn);
void homa_sysctl_exit(struct homa_net *hn);

/**
 * struct homa_param - a setting, as netlink shows it
 * @name: as under net.homa
 * @count: valid entries in @values
 * @min: smallest value
 * @max: largest
 * @read_only: derived from others
 * @values: one, or one for each level
 */
struct homa_param {
	const char *name;
	u32 count;
	s32 min;
	s32 max;
	bool read_only;
	s32 values[HOMA_PRIORITIES_MAX];
};

bool homa_param_get(struct homa_net *hn, u32 index, struct homa_param *p);
int homa_param_set(struct homa_net *hn, u32 index, const s32 *values);

/* ---- sysctl_inert.c: names without effect ---- */
u32 homa_sysctl_inert_count(void);
int *homa_sysctl_inert(struct ctl_table *table);

/* Copies the settings that core needs. */
static inline void homa_config_get(struct homa_net *hn,
				   struct homa_config *cfg)
{
	rcu_read_lock();
	*cfg = rcu_dereference(hn->settings)->core;
	rcu_read_unlock();
}

/* ---- proc.c: /proc/net/homa_metrics ---- */
int homa_proc_init(struct homa_net *hn);
void homa_proc_exit(struct homa_net *hn);

/* ---- adapt.c: lengths of incoming messages, cutoffs made of them ---- */
int homa_sizes_init(struct homa_tables *t);
void homa_sizes_exit(struct homa_tables *t);
void homa_sizes_count(struct homa_net *hn, u32 len, u32 unsched);
void homa_adapt_init(struct homa_net *hn);
void homa_adapt_exit(struct homa_net *hn);

/* ---- mib.c: the counters as one list ---- */
#define HOMA_MIB_NAME_MAX 32
u32 homa_mib_count(void);
const char *homa_mib_name(u32 i, char *name);
u64 homa_mib_read(struct homa_net *hn, u32 i, int cpu);
u64 homa_mib_sum(struct homa_net *hn, u32 i);

/* ---- netlink.c: the generic-netlink family ---- */
int homa_netlink_init(void);
void homa_netlink_exit(void);

/* ---- ports.c: ports of a namespace ---- */
int homa_port_assign(struct homa_sock *hsk);
int homa_port_bind(struct homa_sock *hsk, u16 port,
		   const struct in6_addr *addr);
void homa_port_release(struct homa_sock *hsk);
struct homa_sock *homa_port_find_rcu(struct homa_net *hn, u16 port);
struct homa_sock *homa_port_next_rcu(struct homa_net *hn, u32 *next);

/* ---- bind.c: addresses of a socket ---- */
int homa_bind(struct socket *sock, struct sockaddr_unsized *addr, int addr_len);
void homa_bind_set_addr(struct sock *sk, const struct in6_addr *addr);
int homa_bind_pre_connect(struct sock *sk, struct sockaddr_unsized *addr,
			  int addr_len);
int homa_bind_connect6(struct sock *sk, struct sockaddr_unsized *addr,
		       int addr_len);
int homa_bind_disconnect(struct sock *sk, int flags);
bool homa_bind_peer(struct sock *sk, struct homa_peer_key *key, u16 *port);
int homa_bind_source(struct sock *sk, const struct in6_addr *daddr,
		     struct in6_addr *saddr);
bool homa_bind_owns(struct homa_sock *hsk, const struct in6_addr *addr);
bool homa_bind_hears(struct homa_sock *hsk, const struct sk_buff *skb,
		     const struct in6_addr *daddr);
bool homa_bind_admits(struct homa_sock *hsk, const struct in6_addr *addr,
		      u16 port);

/* ---- sock.c: socket calls but messages ---- */
extern const struct proto_ops homa_inet_ops;
int homa_sock_init(struct sock *sk);
void homa_sock_close(struct sock *sk, long timeout);
void homa_sock_unhash(struct sock *sk);
int homa_sock_destroy(struct sock *sk, int err);
void homa_sock_down(struct homa_sock *hsk);
struct homa_rpc *homa_sock_next_rpc(struct homa_sock *hsk,
				    struct homa_rpc *at);
int homa_sock_fail_rpcs(struct homa_sock *hsk, const struct in6_addr *addr,
			u16 dport, bool clients_only, int error, u32 visits);
int homa_sock_wait_room(struct homa_sock *hsk, long timeo);
bool homa_sock_writable(struct homa_sock *hsk);
void homa_sock_wake_senders(struct homa_sock *hsk);
void homa_sock_uncharge(struct homa_sock *hsk, u32 bytes);
void homa_sock_explain(struct homa_sock *hsk, const char *text);

/* ---- sockopt.c: options ---- */
int homa_sockopt_set(struct sock *sk, int level, int optname, sockptr_t optval,
		     unsigned int optlen);
int homa_sockopt_get(struct sock *sk, int level, int optname,
		     char __user *optval, int __user *optlen);

/* ---- ioctl.c: HOMAIOC* ---- */
int homa_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg);
#ifdef CONFIG_COMPAT
int homa_compat_ioctl(struct socket *sock, unsigned int cmd,
		      unsigned long arg);
#endif

/* ---- addr.c: socket addresses ---- */
int homa_addr_from_user(struct sock *sk, const struct msghdr *msg,
			struct homa_peer_key *key, u16 *port);
int homa_addr_to_sockaddr(const struct sock *sk,
			  const struct homa_peer_key *key, u16 port,
			  struct sockaddr *out);
void homa_addr_from_skb(const struct sk_buff *skb, struct in6_addr *saddr,
			struct in6_addr *daddr);
u32 homa_addr_scope(const struct sk_buff *skb, const struct in6_addr *addr);

/* ---- msgout.c: memory of outgoing messages ---- */
int homa_msgout_fill(struct homa_rpc *rpc, struct iov_iter *iter, u32 len,
		     u32 extra);
void homa_msgout_free(struct homa_sock *hsk, struct homa_msgout *out);
void homa_msgout_copy(const struct homa_msgout *out, u8 *to, u32 start,
		      u32 end);
u32 homa_msgout_reach(const struct homa_msgout *out, u32 start);
int homa_msgout_attach(const struct homa_msgout *out, struct sk_buff *skb,
		       u32 start, u32 end);

/* ---- zerocopy.c: MSG_ZEROCOPY ---- */
int homa_zerocopy_fill(struct homa_rpc *rpc, struct iov_iter *iter, u32 len,
		       u32 extra);
void homa_zerocopy_abort(struct homa_msgout *out);
int homa_zerocopy_skip(struct homa_sock *hsk);

/* ---- spare.c: pages used again ---- */
void homa_spare_init(struct homa_spare *spare);
void homa_spare_exit(struct homa_spare *spare);
u32 homa_spare_take(struct homa_spare *spare, struct page **pages, u32 max);
void homa_spare_put(struct homa_spare *spare, struct homa_frag *frags, u32 num);

/* ---- ready.c: what there is to receive ---- */
void homa_ready_add_locked(struct homa_rpc *rpc, struct homa_todo *todo);
struct homa_rpc *homa_ready_wait(struct homa_sock *hsk, u32 room, long timeo);
struct homa_rpc *homa_ready_wait_private(struct homa_sock *hsk, u64 id, u32 room,
					 long timeo);
bool homa_ready_pending(struct homa_sock *hsk);

/*
 * ---- The RPC lock, L2 (docs/locking.md) ----
 *
 * Look-ups return an RPC with its lock held, or none held.  sparse cannot follow
 * that, so it does not see what these functions do; lockdep checks what really
 * happens.
 */
#ifdef __CHECKER__
void homa_bucket_lock(struct homa_bucket *bucket);
void homa_bucket_unlock(struct homa_bucket *bucket);
#else
static inline void homa_bucket_lock(struct homa_bucket *bucket)
{
	spin_lock_bh(&bucket->lock);
}

static inline void homa_bucket_unlock(struct homa_bucket *bucket)
{
	spin_unlock_bh(&bucket->lock);
}
#endif

/* ---- rpc.c: life of an RPC ---- */
int homa_rpc_cache_init(void);
void homa_rpc_cache_exit(void);
struct homa_rpc *homa_rpc_alloc(struct homa_sock *hsk, struct homa_peer *peer,
				u64 id, u16 dport, gfp_t gfp);
u64 homa_rpc_new_id(struct homa_net *hn);
bool homa_rpc_limit(struct homa_sock *hsk);
int homa_rpc_insert_locked(struct homa_rpc *rpc);
struct homa_rpc *homa_rpc_find_client(struct homa_sock *hsk, u64 id);
struct homa_rpc *homa_rpc_find(struct homa_sock *hsk, u64 id,
			       const struct homa_peer_key *key, u16 dport);
struct homa_rpc *homa_rpc_find_server(struct homa_sock *hsk, u64 id,
				      const struct homa_peer_key *key);
struct homa_rpc *homa_rpc_open_server(struct homa_sock *hsk, u64 id,
				      const struct homa_peer_key *key,
				      const struct in6_addr *saddr, u16 dport,
				      u64 now_ns, enum homa_reason *reason);
void homa_rpc_end_locked(struct homa_rpc *rpc, enum homa_end why,
			 struct homa_todo *todo);
void homa_rpc_fail_locked(struct homa_rpc *rpc, int error,
			  struct homa_todo *todo);
void homa_rpc_timeout_locked(struct homa_rpc *rpc, struct homa_todo *todo);
void homa_rpc_release_locked(struct homa_rpc *rpc, struct homa_todo *todo);
void homa_rpc_free(struct homa_rpc *rpc);

static inline void homa_rpc_lock(struct homa_rpc *rpc)
{
	homa_bucket_lock(rpc->bucket);
}

static inline void homa_rpc_unlock(struct homa_rpc *rpc)
{
	homa_bucket_unlock(rpc->bucket);
}

static inline bool homa_rpc_alive(const struct homa_rpc *rpc)
{
	lockdep_assert_held(&rpc->bucket->lock);
	return rpc->core.state != HOMA_RPC_DEAD;
}

/* Since the peer showed life, or last had no reason to, which may be just now. */
static inline u64 homa_rpc_silent_ns(const struct homa_rpc *rpc, u64 now_ns)
{
	s64 silent_ns = now_ns - rpc->core.quiet_since_ns;

	return max_t(s64, silent_ns, 0);
}

static inline void homa_rpc_hold(struct homa_rpc *rpc)
{
	refcount_inc(&rpc->refs);
}

static inline void homa_rpc_put(struct homa_rpc *rpc)
{
	if (refcount_dec_and_test(&rpc->refs))
		homa_rpc_free(rpc);
}

/* ---- offload.c: large buffers ---- */
u32 homa_gso_bytes(const struct dst_entry *dst, u32 seg);
void homa_gso_prepare(struct sk_buff *skb, u32 seg, u32 bytes, bool v4);
int homa_offload_init(void);
void homa_offload_exit(void);

/* ---- gro.c: packets become large buffers ---- */
struct sk_buff *homa_gro_receive(struct list_head *head, struct sk_buff *skb);
struct sk_buff *homa_gro_receive6(struct list_head *head, struct sk_buff *skb);
void homa_gro_completed(void);
void homa_gro_stop(void);

/* ---- evict.c: strangers make room ---- */
void homa_evict_add_locked(struct homa_rpc *rpc);
void homa_evict_remove_locked(struct homa_rpc *rpc);
bool homa_evict(struct homa_net *hn, struct homa_sock *hsk, bool host);

/* ---- region.c: where the receive region is, and for whom ---- */
struct homa_region *homa_region_new(u64 start);
void homa_region_free(struct homa_region *region);
int homa_region_start(const struct homa_region *region, u64 *start);
u64 homa_region_own(const struct homa_region *region);
u64 homa_region_where(const struct homa_region *region);

/* ---- pool.c: the receive region ---- */
struct homa_pool *homa_pool_new(struct homa_net *hn, u64 start, u64 length);
int homa_pool_replace(struct homa_pool *pool, u64 start, u64 length);
void homa_pool_forget_region(struct homa_pool *pool);
void homa_pool_delete(struct homa_pool *pool);
void homa_pool_get_region(struct homa_pool *pool, u64 *start, u64 *length);
int homa_pool_start(const struct homa_pool *pool, u64 *start);
u64 homa_pool_own(const struct homa_pool *pool, u64 *start);
bool homa_pool_alloc_locked(struct homa_rpc *rpc, u32 length);
void homa_pool_stall_locked(struct homa_rpc *rpc, u32 length);
void homa_pool_unstall_locked(struct homa_rpc *rpc);
void homa_pool_free(struct homa_pool *pool, const u32 *offsets, u32 count);
void homa_pool_deliver(struct homa_pool *pool, const u32 *offsets, u32 count);
u32 homa_pool_return(struct homa_pool *pool, const u32 *offsets, u32 count);
void homa_pool_serve(struct homa_sock *hsk);
u64 homa_pool_avail_bytes(struct homa_pool *pool);
bool homa_pool_memory_ok(struct homa_sock *hsk);
int homa_pool_copy_packet(u64 start, struct sk_buff *skb, const u32 *bpages);
int homa_pool_copy(struct homa_pool *pool, struct sk_buff_head *packets,
		   const u32 *bpages, const struct homa_early *early);
int homa_pool_copy_to(struct sk_buff_head *packets, void __user *to);

/* ---- rx.c, rx_control.c: packets in ---- */
int homa_rx(struct sk_buff *skb);
void homa_rx_control(struct homa_sock *hsk, struct sk_buff *skb,
		     const struct homa_hdr *hdr);
enum homa_reason homa_rx_permit(struct homa_sock *hsk, struct sk_buff *skb);
void homa_rx_drop(struct homa_net *hn, const struct sk_buff *skb,
		  enum homa_reason reason);

/* ---- acklist.c: acks that have to go out ---- */
bool homa_peer_add_ack(struct homa_peer *peer, const struct homa_ack *ack, u32 more);
u32 homa_peer_take_acks(struct homa_peer *peer, struct homa_ack *acks, u32 max);

/* ---- ack.c: acks in ---- */
struct homa_sock *homa_ack_sock(struct homa_sock *hsk, struct sk_buff *skb,
				const struct homa_hdr *hdr,
				const struct homa_peer_key *key,
				const struct in6_addr *daddr,
				const struct homa_ack *ack);
void homa_ack_rx(struct homa_sock *hsk, const struct homa_peer_key *key,
		 u64 client_id);

/* ---- tx.c: packets out ---- */
void homa_tx_xmit(struct homa_rpc *rpc);
void homa_tx_xmit_unlock(struct homa_rpc *rpc, u64 now_ns);
void homa_tx_first_unlock(struct homa_rpc *rpc, const struct homa_way *way,
			  u64 now_ns);
void homa_tx_retransmit(struct homa_rpc *rpc, u32 start, u32 end,
			u8 priority);
void homa_tx_range(struct homa_rpc *rpc, u32 start, u32 end, u8 priority,
		   bool retransmit, u32 incoming);
void homa_tx_control(struct homa_sock *hsk, const struct homa_addr *to,
		     struct homa_hdr *hdr);
void homa_tx_rpc_control(struct homa_rpc *rpc, struct homa_hdr *hdr);
void homa_tx_resends(struct homa_rpc *rpc, u8 priority);
u8 homa_tx_unsched_priority(struct homa_rpc *rpc);

/* ---- route.c: the way to a peer ---- */
int homa_route_rcu(struct homa_sock *hsk, struct homa_peer *peer,
		   struct in6_addr *saddr, struct homa_way *way);
bool homa_route_unresolved(struct homa_rpc *rpc);
int homa_route_way(struct homa_rpc *rpc, struct homa_way *way);
void homa_route_free(struct homa_route *route);
void homa_route_drop(struct homa_peer *peer);

/* Message bytes that fit in a packet; 0: too few. */
static inline u32 homa_route_fits(const struct homa_way *way, bool v4)
{
	return homa_wire_seg_bytes(min_t(u32, dst_mtu(way->dst), IP_MAX_MTU),
				   v4 ? sizeof(struct iphdr) :
					sizeof(struct ipv6hdr));
}

/* The way is not used, or any more. */
static inline void homa_route_put(const struct homa_way *way)
{
	if (way->held)
		dst_release(way->dst);
}

/* ---- peer.c: remote hosts ---- */
int homa_peers_init(struct homa_net *hn);
void homa_peers_drop_routes(struct homa_net *hn);
void homa_peers_exit(struct homa_net *hn);
struct homa_peer *homa_peer_get(struct homa_sock *hsk,
				const struct homa_peer_key *key, gfp_t gfp);
struct homa_peer *homa_peer_temp(struct homa_sock *hsk,
				 const struct homa_peer_key *key);
void homa_peer_set_known(struct homa_peer *peer);
struct homa_peer *homa_peer_find(struct homa_net *hn,
				 const struct homa_peer_key *key);
u64 homa_peer_secret(const struct homa_net *hn,
		     const struct homa_peer_key *key);
void homa_peer_put(struct homa_peer *peer);
bool homa_peer_cutoffs_due(struct homa_peer *peer);
void homa_peer_set_cutoffs(struct homa_peer *peer, const struct homa_hdr *hdr);

/* ---- grant.c: grants out ---- */
void homa_grant_update_locked(struct homa_rpc *rpc, struct homa_todo *todo);
void homa_grant_remove_locked(struct homa_rpc *rpc, struct homa_todo *todo);

/* ---- timer.c: the wheel ---- */
void homa_timer_init(struct homa_net *hn);
void homa_timer_exit(struct homa_net *hn);
void homa_timer_arm_locked(struct homa_rpc *rpc, u64 when_ns);
void homa_timer_start_locked(struct homa_rpc *rpc);
void homa_timer_disarm_locked(struct homa_rpc *rpc);

/* ---- icmp.c: errors in ---- */
int homa_icmp_err_v4(struct sk_buff *skb, u32 info);
int homa_icmp_err_v6(struct sk_buff *skb, struct inet6_skb_parm *opt, u8 type,
		     u8 code, int offset, __be32 info);

#include "link.h"
#include "messages.h"
#include "todo.h"
#include "tune.h"

#endif /* HOMA_KMOD_H */
