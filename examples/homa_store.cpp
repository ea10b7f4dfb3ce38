// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * homa_store - a store of named values of any size, in C++
 *
 *    homa_store serve                         on port 4000, until Ctrl-C
 *    homa_store 10.0.0.2 put NAME <FILE
 *    homa_store 10.0.0.2 get NAME >FILE
 *
 * A request is "pNAME\nVALUE" or "gNAME"; the first byte of a response is '+' or
 * '-', the rest a value or a complaint.
 */
#include <csignal>
#include <homa/homa.hpp>
#include <iostream>
#include <iterator>
#include <map>
#include <mutex>

static libhoma::socket *to_stop;

static void serve()
{
	homa_options options = HOMA_OPTIONS_INIT;
	std::map<std::string, std::string> values;
	std::mutex lock;

	options.flags = HOMA_LARGE;
	libhoma::socket server(AF_INET6, &options);
	server.bind(libhoma::address("[::]:4000"));
	to_stop = &server;
	std::signal(SIGINT, [](int) { to_stop->stop(); });
	std::signal(SIGTERM, [](int) { to_stop->stop(); });
	std::cout << "ready" << std::endl;
	server.serve(4, [&](libhoma::message request) {
		const std::string text = request.str();
		const size_t end = text.find('\n');
		std::string answer = "-this is no request";

		request.release();
		if (text[0] == 'p' && end != std::string::npos) {
			std::lock_guard<std::mutex> guard(lock);

			values[text.substr(1, end - 1)] = text.substr(end + 1);
			answer = "+";
		} else if (text[0] == 'g') {
			std::lock_guard<std::mutex> guard(lock);
			auto found = values.find(text.substr(1));

			answer = found == values.end() ? "-there is no such value" :
							 "+" + found->second;
		}
		try {
			request.reply(answer);
		} catch (const libhoma::error &e) {
			std::cerr << "a reply was lost: " << e.what() << '\n';
		}
	});
}

static int ask(const std::string &server, const std::string &request)
{
	homa_options options = HOMA_OPTIONS_INIT;

	options.flags = HOMA_LARGE;
	libhoma::socket client(AF_INET6, &options);
	const std::string answer = client.call(libhoma::address(server, AF_INET6, 4000), request,
					       std::chrono::seconds(60), HOMA_LARGE_REPLY).str();

	if (answer[0] == '+') {
		std::cout << answer.substr(1);
		return 0;
	}
	std::cerr << answer.substr(1) << '\n';
	return 1;
}

int main(int argc, char **argv)
{
	const std::string what = argc > 2 ? argv[2] : argc > 1 ? argv[1] : "";

	try {
		if (argc == 2 && what == "serve")
			return serve(), 0;
		if (argc == 4 && what == "get")
			return ask(argv[1], std::string("g") + argv[3]);
		if (argc == 4 && what == "put")
			return ask(argv[1], std::string("p") + argv[3] + "\n" +
				   std::string(std::istreambuf_iterator<char>(std::cin), {}));
	} catch (const libhoma::error &e) {
		std::cerr << "homa_store: " << e.what() << '\n';
		return 1;
	}
	std::cerr << "usage: homa_store serve | ADDRESS put NAME | ADDRESS get NAME\n";
	return 2;
}
