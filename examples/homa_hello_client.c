// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * homa_hello_client - be greeted by homa_hello_server
 *
 *    homa_hello_client 10.0.0.2 Ada
 */
#include <homa/homa.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	struct sockaddr_storage server;
	struct homa_msg *response;
	struct homa *homa;
	socklen_t bytes;
	int ret;

	if (argc != 3) {
		fprintf(stderr, "usage: homa_hello_client ADDRESS NAME\n");
		return 2;
	}
	if (homa_address(argv[1], 4000, AF_INET6, &server, &bytes) ||
	    homa_open(&homa, AF_INET6, NULL)) {
		fprintf(stderr, "%s: %s\n", argv[1], homa_explain());
		return 2;
	}
	ret = homa_call(homa, (struct sockaddr *)&server, bytes, argv[2], strlen(argv[2]),
			1000000000, &response);
	if (ret) {
		fprintf(stderr, "%s: %s (%s)\n", argv[1], homa_explain(), strerror(-ret));
		return 1;
	}
	/* Up to 65536 bytes lie in one piece. */
	printf("%.*s\n", (int)homa_msg_length(response), (char *)homa_msg_data(response));
	homa_msg_free(response);
	homa_close(homa);
	return 0;
}
