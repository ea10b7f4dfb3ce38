/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The soak (t_soak.c): what its parts share.
 *
 * One process, the conductor, makes hosts and trouble and has no threads. The
 * processes that talk are its children, one for each number; they share a map with
 * it in which everything is noted.
 */
#ifndef SOAK_H
#define SOAK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* ---- what everybody sees ---- */

#define SOAK_NUMBERS_MAX 512
#define SOAK_REQUESTS_MAX 32768u
#define SOAK_STAYING 2	/* numbers 1 to this are of processes that are not wild */

/* What wild processes do to their own sockets. */
enum soak_deed { SOAK_CLOSED, SOAK_SHUT, SOAK_ABORTED, SOAK_DEEDS };

struct soak_process {
	int ready, done;	/* done: it has got all that it asked for */
	unsigned int requests, ended;
};

struct soak_shared {
	int begun, stopped;	/* requests may be sent; no more of them by who stays */
	unsigned int complaints;
	unsigned int deeds[SOAK_DEEDS];
	struct soak_process processes[SOAK_NUMBERS_MAX];
	/* A byte for each request: how often it was served by a process that is not
	 * wild, and how often the client was told of its end.
	 */
	uint8_t ledger[SOAK_NUMBERS_MAX][SOAK_REQUESTS_MAX];
};

/* Bits of a byte of the ledger. */
#define SOAK_SERVED 0x01	/* up to 7 times */
#define SOAK_SERVED_MASK 0x07
#define SOAK_ANSWERED 0x10
#define SOAK_ANSWERED_MASK 0x70
#define SOAK_SENT 0x80

/* ---- soak_traffic.c: a process that talks ---- */

struct soak_target {
	const char *ip;
	uint16_t port;
};

/* Be process @number, of the host that this is; does not return. Sockets serve at
 * @port and above. SIGUSR1: tell what is under way.
 */
void soak_traffic(struct soak_shared *shared, unsigned int number, uint16_t port, uint32_t seed,
		  bool wild, const struct soak_target *targets, unsigned int targets_count)
	__attribute__((noreturn));

/* ---- soak_net.c: hosts and what joins them ---- */

struct nl_sock;

struct soak_host {
	char name[8];
	unsigned int number;	/* of its addresses; 0: the switch */
	int ns_fd;		/* -1: there is no such host */
	int inet_fd;
	struct nl_sock *route;
};

void soak_net_begin(void);

/* All end the program with a message if what cannot fail fails. The others return 0
 * or an error of libnl.
 */
void soak_switch_new(struct soak_host *host);
void soak_host_new(struct soak_host *host, unsigned int number, struct soak_host *sw);
void soak_host_delete(struct soak_host *host);	/* what is in use of it stays */
void soak_unplug(struct soak_host *sw, unsigned int number);

/* How many of the hosts that were made, deleted or not, the kernel still has. */
unsigned int soak_hosts_alive(void);

void soak_enter(const struct soak_host *host);
void soak_leave(void);
void soak_write(const char *path, const char *value);

/* Homa's tracepoints, where there are some: what led to a complaint is kept (soak.sh
 * shows it).
 */
void soak_trace(bool on);

int soak_port_up(struct soak_host *sw, unsigned int number, bool up);
int soak_mtu(struct soak_host *host, unsigned int bytes);
int soak_gso(struct soak_host *host, bool on);
int soak_addresses(struct soak_host *host, bool there);
int soak_neighbours(struct soak_host *host, bool there);
int soak_route_mtu(struct soak_host *host, int family, unsigned int bytes);
int soak_unreachable(struct soak_host *host, int family, unsigned int number, bool there);

struct soak_weather {
	unsigned int loss_percent, double_percent, reorder_percent;
	unsigned int delay_us;
};
int soak_weather(struct soak_host *host, const struct soak_weather *weather); /* NULL: fair */

/* ---- soak_trouble.c: what happens to them ---- */

#define SOAK_HOSTS 3
/* Two that stay, and one that is wild on each host. */
#define SOAK_PLACES (SOAK_STAYING + SOAK_HOSTS)

struct soak_place {
	pid_t pid;		/* 0: nobody */
	unsigned int number;
};

struct soak {
	struct soak_shared *shared;
	uint32_t random;
	unsigned int numbers;	/* given to processes in this round */
	struct soak_host sw, hosts[SOAK_HOSTS];
	struct soak_place places[SOAK_PLACES];
	const char *module;	/* its file; NULL: it is part of the kernel */
};

uint32_t soak_random(struct soak *soak, uint32_t below);
void soak_start(struct soak *soak, unsigned int place);
void soak_kill(struct soak *soak, unsigned int place);	/* and do not wait */
void soak_reap(struct soak *soak, unsigned int place);

/* One trouble, which one is up to chance; it counts if it came about. */
void soak_trouble(struct soak *soak);

/* The end of a round: everything goes, in one order or another. */
void soak_end(struct soak *soak, unsigned int way);

/* What happened so far; false if something never did. */
bool soak_troubles_report(const unsigned int *deeds);

#endif /* SOAK_H */
