// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * homa_hello_server - greet everybody who calls
 *
 *    homa_hello_server            on port 4000, until it is interrupted
 */
#include <homa/homa.h>
#include <stdio.h>

int main(void)
{
	struct sockaddr_storage addr;
	struct homa_msg *request;
	char name[64], text[80];
	struct homa *homa;
	socklen_t bytes;
	size_t length;

	if (homa_open(&homa, AF_INET6, NULL) ||
	    homa_address("[::]:4000", 0, AF_INET6, &addr, &bytes) ||
	    homa_bind(homa, (struct sockaddr *)&addr, bytes)) {
		fprintf(stderr, "cannot serve: %s\n", homa_explain());
		return 1;
	}
	printf("ready\n");
	fflush(stdout);
	while (homa_recv(homa, HOMA_FOREVER, &request) == 0) {
		length = homa_msg_copy(request, 0, name, sizeof(name));
		length = (size_t)snprintf(text, sizeof(text), "Hello, %.*s!", (int)length, name);
		if (homa_reply(request, text, length, 0))
			fprintf(stderr, "a reply was lost: %s\n", homa_explain());
		homa_msg_free(request);
	}
	fprintf(stderr, "%s\n", homa_explain());
	homa_close(homa);
	return 1;
}
