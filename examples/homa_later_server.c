// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * homa_later_server - threads that receive, and one that answers later
 *
 *    homa_later_server [PORT]         default 4000; SIGTERM or Ctrl-C ends it
 *
 * A request is a number of milliseconds. It is answered with "done" when they
 * are over. No thread waits for a single request: they stand in a list, and the
 * memory of their contents is given back at once.
 */
#include <homa/homa.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct entry {
	struct entry *next;
	struct homa_msg *request;
	uint64_t due_ms;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry *entries;
static struct homa *homa;

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void answer(struct homa_msg *request, const char *text, size_t bytes)
{
	if (homa_reply(request, text, bytes, 0))
		fprintf(stderr, "a reply was lost: %s\n", homa_explain());
	homa_msg_free(request);
}

/* Called by several threads at once. */
static void handle(struct homa_msg *request, void *arg)
{
	struct entry *entry = malloc(sizeof(*entry));
	char text[16] = "";

	(void)arg;
	homa_msg_copy(request, 0, text, sizeof(text) - 1);
	if (!entry) {
		answer(request, "busy", 4);
		return;
	}
	homa_msg_release(request);
	entry->request = request;
	entry->due_ms = now_ms() + strtoul(text, NULL, 10);
	pthread_mutex_lock(&lock);
	entry->next = entries;
	entries = entry;
	pthread_mutex_unlock(&lock);
}

/* Take one entry that is due, or any if @all. */
static struct entry *take(int all)
{
	struct entry **at = &entries, *entry;

	pthread_mutex_lock(&lock);
	while (*at && !all && (*at)->due_ms > now_ms())
		at = &(*at)->next;
	entry = *at;
	if (entry)
		*at = entry->next;
	pthread_mutex_unlock(&lock);
	return entry;
}

static void *answer_later(void *arg)
{
	struct timespec moment = { .tv_nsec = 1000000 };
	volatile sig_atomic_t *end = arg;
	struct entry *entry;

	while (!*end) {
		while ((entry = take(0))) {
			answer(entry->request, "done", 4);
			free(entry);
		}
		nanosleep(&moment, NULL);
	}
	return NULL;
}

static void on_signal(int sig)
{
	(void)sig;
	homa_stop(homa);
}

int main(int argc, char **argv)
{
	struct sockaddr_storage addr;
	volatile sig_atomic_t end = 0;
	struct entry *entry;
	pthread_t thread;
	socklen_t bytes;
	int ret;

	if (homa_open(&homa, AF_INET6, NULL) ||
	    homa_address("::", (uint16_t)(argc > 1 ? atoi(argv[1]) : 4000), AF_INET6, &addr,
			 &bytes) ||
	    homa_bind(homa, (struct sockaddr *)&addr, bytes)) {
		fprintf(stderr, "cannot serve: %s\n", homa_explain());
		return 1;
	}
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	if (pthread_create(&thread, NULL, answer_later, (void *)&end))
		return 1;
	printf("ready\n");
	fflush(stdout);
	ret = homa_serve(homa, 3, handle, NULL);
	if (ret)
		fprintf(stderr, "%s\n", homa_explain());
	/* Who still waits is told, before the socket goes. */
	end = 1;
	pthread_join(thread, NULL);
	while ((entry = take(1))) {
		answer(entry->request, "server ends", 11);
		free(entry);
	}
	homa_close(homa);
	return ret ? 1 : 0;
}
