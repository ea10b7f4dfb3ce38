// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * homa_ask_many - the same request to many servers, all at once
 *
 *    homa_ask_many TEXT 10.0.0.2 10.0.0.3:4001 ...
 *
 * Prints each response when it comes. The exit status is 0 if all came in two
 * seconds.
 */
#include <homa/homa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_NS 2000000000LL

int main(int argc, char **argv)
{
	struct sockaddr_storage server;
	struct homa_completion done;
	int i, answers = 0, started = 0;
	struct homa *homa;
	socklen_t bytes;

	if (argc < 3) {
		fprintf(stderr, "usage: homa_ask_many TEXT ADDRESS...\n");
		return 2;
	}
	if (homa_open(&homa, AF_INET6, NULL)) {
		fprintf(stderr, "%s\n", homa_explain());
		return 2;
	}
	/* The cookie tells later whose response it is. */
	for (i = 2; i < argc; i++) {
		if (homa_address(argv[i], 4000, AF_INET6, &server, &bytes) ||
		    homa_start(homa, (struct sockaddr *)&server, bytes, argv[1], strlen(argv[1]), 0,
			       (uint64_t)i, NULL))
			fprintf(stderr, "%s: %s\n", argv[i], homa_explain());
		else
			started++;
	}
	while (started && homa_complete(homa, TIMEOUT_NS, &done) == 0) {
		started--;
		if (done.error) {
			printf("%s: %s\n", argv[done.cookie], homa_explain());
			continue;
		}
		answers++;
		printf("%s: %.*s\n", argv[done.cookie], (int)homa_msg_length(done.response),
		       (char *)homa_msg_data(done.response));
		homa_msg_free(done.response);
	}
	homa_close(homa);
	return answers == argc - 2 ? EXIT_SUCCESS : EXIT_FAILURE;
}
