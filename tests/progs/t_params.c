// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * t_params - write all kinds of values to every net.homa parameter
 *
 * Each value must be refused, and then the old one stays, or taken, and then it
 * is what reading yields. With the smallest and the largest value taken a few
 * RPCs are tried; nothing is asked of them but that they end. In the end all
 * parameters are as before and RPCs work.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "t.h"

#define DIR_NAME "/proc/sys/net/homa"
#define PORT 4001

static const char *const wrong[] = {
	"-1", "-2147483648", "2147483648", "4294967295", "4294967297", "9223372036854775808",
	"99999999999999999999", "word", "0x", "1e3", "--1", "1-",
};

/* In the order in which they are tried, until one is taken. */
static const char *const smallest[] = { "0", "1", "2", "3", "4", "6", "16", "4096" };
static const char *const largest[] = {
	"2147483647", "1073741824", "16777216", "4194304", "1000000", "100000", "86400", "4000",
	"1000", "500", "8", "2", "1", "0",
};

/* Without effect, with values below 0; or written while there are no RPCs. */
static const char *const loose[] = { "temp", "gen3_softirq_cores", "next_id" };

static struct t_sock server, client;
static struct t_addr addr;
static struct t_msg request, response;
static unsigned int names, tried;

static int parameter(const char *name, int flags)
{
	char path[300];

	snprintf(path, sizeof(path), DIR_NAME "/%s", name);
	return open(path, flags | O_CLOEXEC);
}

static void get(const char *name, char *value, size_t bytes)
{
	int fd = parameter(name, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, value, bytes - 1);

	if (n <= 0)
		t_die("reading %s", name);
	close(fd);
	value[n] = 0;
	value[strcspn(value, "\n")] = 0;
}

static bool set(const char *name, const char *value)
{
	int fd = parameter(name, O_WRONLY);
	ssize_t n = fd < 0 ? -1 : write(fd, value, strlen(value));

	if (fd >= 0)
		close(fd);
	return n == (ssize_t)strlen(value);
}

/* One RPC; true if it was answered. It may time out with odd settings. */
static bool rpc(size_t bytes)
{
	struct homa_sendmsg_args args = { .completion_cookie = 1 };
	static unsigned char body[20000];
	int ret;

	ret = t_sendmsg(&client, &addr, body, bytes, &args, 0);
	if (ret)
		return false;
	ret = t_recv(&server, &request, 0, 0);
	if (ret > 0)
		ret = t_respond(&server, &request, bytes, 1);
	if (ret < 0)
		return false;
	return t_recv(&client, &response, 0, 0) == (ssize_t)bytes;
}

static bool rpcs(void)
{
	return rpc(100) && rpc(20000);
}

static void try_first(const char *name, const char *const *values, unsigned int count)
{
	char now[256];
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (!set(name, values[i]))
			continue;
		get(name, now, sizeof(now));
		if (!T_OK(!strcmp(now, values[i])))
			printf("%s is %s after %s was written\n", name, now, values[i]);
		rpcs();
		tried++;
		return;
	}
	T_OK(false);
}

static void one(const char *name)
{
	char before[256], now[256];
	unsigned int i;

	t_case("%s", name);
	get(name, before, sizeof(before));
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (!T_OK(!set(name, wrong[i])))
			printf("%s takes %s\n", name, wrong[i]);
		get(name, now, sizeof(now));
		T_OK(!strcmp(now, before));
	}
	names++;
	if (!strchr(before, '\t')) {
		try_first(name, smallest, sizeof(smallest) / sizeof(smallest[0]));
		try_first(name, largest, sizeof(largest) / sizeof(largest[0]));
	} else {
		/* Lists: one for each priority level. */
		T_OK(!set(name, "0 0 0 0 0 0 0 -1"));
		T_OK(!set(name, "0 0 0 0 0 0 0 2147483648"));
		get(name, now, sizeof(now));
		T_OK(!strcmp(now, before));
		T_OK(set(name, "0 0 0 0 0 0 0 0"));
		rpcs();
		tried++;
	}
	T_OK(set(name, before));
	get(name, now, sizeof(now));
	T_OK(!strcmp(now, before));
}

/* Whatever they make of it. */
static void one_loose(const char *name)
{
	unsigned int i;

	t_case("%s", name);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		set(name, wrong[i]);
	set(name, "2147483646");
	T_OK(rpcs());
}

static bool is_loose(const char *name)
{
	unsigned int i;

	for (i = 0; i < sizeof(loose) / sizeof(loose[0]); i++)
		if (!strcmp(name, loose[i]))
			return true;
	return false;
}

static void all(void)
{
	struct dirent *entry;
	char path[300];
	struct stat st;
	DIR *dir;

	dir = opendir(DIR_NAME);
	if (!dir)
		t_die(DIR_NAME);
	while ((entry = readdir(dir))) {
		snprintf(path, sizeof(path), DIR_NAME "/%s", entry->d_name);
		if (stat(path, &st) || !S_ISREG(st.st_mode) || !(st.st_mode & 0222))
			continue;
		if (is_loose(entry->d_name))
			one_loose(entry->d_name);
		else
			one(entry->d_name);
	}
	closedir(dir);
}

int main(void)
{
	struct timeval limit = { .tv_usec = 500000 };

	t_begin("t_params", 500);
	t_open(&server, AF_INET, PORT);
	t_open(&client, AF_INET, 0);
	addr = t_loopback(AF_INET, PORT);
	setsockopt(server.fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(client.fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	t_case("defaults");
	T_OK(rpcs());
	all();
	t_case("after all");
	/* Requests and responses of RPCs that were given up above. */
	t_close(&client);
	t_close(&server);
	request = response = (struct t_msg){};
	t_open(&server, AF_INET, PORT);
	t_open(&client, AF_INET, 0);
	T_OK(rpcs());
	T_OK(names >= 20);
	T_OK(tried >= names);
	printf("%u values tried of %u parameters\n", tried, names);
	return t_end();
}
