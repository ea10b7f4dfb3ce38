// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* libhoma's header for C++: handles, messages, exceptions, servers. */
#include <cstdio>
#include <cstdlib>
#include <homa/homa.hpp>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

static int failed;

static void expect(bool ok, const char *what)
{
	if (ok)
		return;
	std::printf("FAILED: %s\n", what);
	failed++;
}

/* The error that @function throws. */
template <typename Function>
static int error_of(Function function)
{
	try {
		function();
	} catch (const libhoma::error &e) {
		expect(*e.what(), "an exception explains");
		return e.code().value();
	}
	return 0;
}

static void test_calls(libhoma::socket &client, const libhoma::address &server)
{
	const std::string long_text(300000, 'x');
	libhoma::message response = client.call(server, "hello");
	libhoma::message moved;

	expect(response && response.size() == 5 && response.str() == "hello", "echo");
	expect(response.contents() && response.peer()->sa_family == AF_INET6, "data and peer");
	moved = std::move(response);
	expect(!response && moved.str() == "hello", "a message moves");
	moved = client.call(server, {"12345", 3});
	expect(moved.str() == "123", "address and length");
	moved = client.call(server, long_text, std::chrono::seconds(20));
	expect(moved.str() == long_text, "echo of many pages");
	expect(error_of([&] { client.call(server, "never", std::chrono::milliseconds(20)); }) ==
	       ETIME, "deadline");
	expect(error_of([&] { client.call(libhoma::address("[::1]:4711"), "x"); }) == ENOTCONN,
	       "nobody there");
	expect(error_of([] { libhoma::address("nonsense", AF_UNSPEC, 1); }) == EINVAL, "address");
	expect(error_of([] { libhoma::socket wrong(AF_UNIX); }) == EAFNOSUPPORT, "family");
}

static void test_async(libhoma::socket &client, const libhoma::address &server)
{
	std::set<uint64_t> cookies;
	libhoma::completion done;
	uint64_t rpc;

	for (uint64_t i = 0; i < 20; i++)
		client.start(server, std::to_string(i), 0, i);
	while (cookies.size() < 20 && client.complete(done, std::chrono::seconds(20))) {
		expect(!done.error && done.response.str() == std::to_string(done.cookie),
		       "completion");
		cookies.insert(done.cookie);
	}
	expect(cookies.size() == 20, "every completion once");
	expect(!client.complete(done, libhoma::duration(0)), "no more completions");
	rpc = client.start(server, "private", HOMA_PRIVATE);
	expect(client.wait(rpc).str() == "private", "private");
	rpc = client.start(server, "never", HOMA_PRIVATE);
	expect(!client.wait(rpc, std::chrono::milliseconds(1)), "nothing yet");
	expect(client.cancel(rpc) && !client.cancel(rpc), "cancel");
}

/* An exception in a handler ends the server and arrives there. */
static void test_exception(libhoma::socket &client)
{
	libhoma::socket server(AF_INET6);
	bool caught = false;
	std::thread caller;

	server.bind(libhoma::address("[::]:101"));
	expect(server.port() == 101 && server.fd() >= 0, "port and fd");
	caller = std::thread([&] {
		expect(error_of([&] { client.call(libhoma::address("[::1]:101"), "x",
						  std::chrono::seconds(2)); }) != 0,
		       "no answer");
	});
	try {
		server.serve(3, [](libhoma::message) { throw std::runtime_error("handler"); });
	} catch (const std::runtime_error &e) {
		caught = std::string(e.what()) == "handler";
	}
	expect(caught, "exception of a handler");
	expect(error_of([&] { server.recv(); }) == ESHUTDOWN, "stopped");
	caller.join();
}

int main()
{
	libhoma::socket server(AF_INET6), client(AF_INET6);
	libhoma::address addr("[::1]:100");
	std::thread serving;

	server.bind(libhoma::address("[::]:100"));
	serving = std::thread([&] {
		server.serve(2, [](libhoma::message request) {
			const iovec *iov;
			int count = request.pieces(iov);

			if (request.str() != "never")
				request.reply(iov, count);
		});
	});
	test_calls(client, addr);
	test_async(client, addr);
	test_exception(client);
	server.stop();
	serving.join();
	std::printf("t_lib_cpp: %d failed\n", failed);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
