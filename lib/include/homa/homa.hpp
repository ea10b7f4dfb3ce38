/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * libhoma for C++11 and later: handles and messages that free themselves, errors
 * as exceptions. It is a header only; link with -lhoma. The manual of the C
 * functions holds, and so does what it says about threads.
 *
 *    libhoma::socket client(AF_INET6);
 *    libhoma::address server("10.0.0.2:4000", AF_INET6);
 *    libhoma::message response = client.call(server, "hello", std::chrono::seconds(1));
 *
 * Functions that can wait take a std::chrono duration, or libhoma::forever. Those
 * that return an empty message have found nothing in time.
 */
#ifndef HOMA_HOMA_HPP
#define HOMA_HOMA_HPP

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <exception>
#include <functional>
#include <string>
#include <system_error>
#include <utility>

#include <homa/homa.h>

namespace libhoma {

/* What failed: code() is the errno value, what() has the explanation. */
class error : public std::system_error {
public:
	explicit error(int ret) : error(ret, homa_explain()) {}
	error(int ret, const std::string &why) :
		std::system_error(-ret, std::system_category(), why) {}
};

/* Throw if @ret is an error; else return it. */
inline int check(int ret)
{
	if (ret < 0)
		throw error(ret);
	return ret;
}

using duration = std::chrono::nanoseconds;
constexpr duration forever(HOMA_FOREVER);

/* The address of a peer. */
class address {
public:
	explicit address(const std::string &text, int family = AF_UNSPEC, uint16_t port = 0)
	{
		check(homa_address(text.c_str(), port, family, &storage_, &bytes_));
	}

	const sockaddr *get() const
	{
		return reinterpret_cast<const sockaddr *>(&storage_);
	}

	socklen_t bytes() const
	{
		return bytes_;
	}

private:
	sockaddr_storage storage_;
	socklen_t bytes_;
};

/* Contents to send, of somebody else: text, or {address, length}. */
class data {
public:
	data(const void *at, size_t bytes) : at_(at), bytes_(bytes) {}
	data(const std::string &text) : at_(text.data()), bytes_(text.size()) {}
	data(const char *text) : at_(text), bytes_(std::strlen(text)) {}

	const void *at() const
	{
		return at_;
	}

	size_t bytes() const
	{
		return bytes_;
	}

private:
	const void *at_;
	size_t bytes_;
};

/* A message that was received, or none. It frees itself. */
class message {
public:
	message() = default;
	explicit message(homa_msg *msg) : msg_(msg) {}
	message(message &&other) noexcept : msg_(other.release_pointer()) {}
	message(const message &) = delete;
	message &operator=(const message &) = delete;

	message &operator=(message &&other) noexcept
	{
		if (this != &other) {
			homa_msg_free(msg_);
			msg_ = other.release_pointer();
		}
		return *this;
	}

	~message()
	{
		homa_msg_free(msg_);
	}

	explicit operator bool() const
	{
		return msg_;
	}

	size_t size() const
	{
		return homa_msg_length(msg_);
	}

	/* In one piece, or nullptr: then pieces(), copy() or str(). */
	const char *contents() const
	{
		return static_cast<const char *>(homa_msg_data(msg_));
	}

	int pieces(const iovec *&iov) const
	{
		return homa_msg_iov(msg_, &iov);
	}

	size_t copy(size_t offset, void *to, size_t bytes) const
	{
		return homa_msg_copy(msg_, offset, to, bytes);
	}

	/* A copy of all of it. */
	std::string str() const
	{
		std::string text(size(), '\0');

		copy(0, &text[0], text.size());
		return text;
	}

	const sockaddr *peer(socklen_t *bytes = nullptr) const
	{
		return homa_msg_peer(msg_, bytes);
	}

	/* Answer a request. */
	void reply(data contents, uint32_t flags = 0)
	{
		check(homa_reply(msg_, contents.at(), contents.bytes(), flags));
	}

	void reply(const iovec *iov, int count, uint32_t flags = 0)
	{
		check(homa_replyv(msg_, iov, count, flags));
	}

	/* Give the memory of the contents back; a request can still be answered. */
	void release()
	{
		homa_msg_release(msg_);
	}

	homa_msg *get() const
	{
		return msg_;
	}

	/* The caller frees it. */
	homa_msg *release_pointer()
	{
		homa_msg *msg = msg_;

		msg_ = nullptr;
		return msg;
	}

private:
	homa_msg *msg_ = nullptr;
};

/* An asynchronous RPC that has ended. */
struct completion {
	uint64_t rpc = 0;
	uint64_t cookie = 0;
	int error = 0;		/* 0 or -errno */
	message response;
};

/* A Homa socket with all that belongs to it. It closes itself. */
class socket {
public:
	explicit socket(int family, const homa_options *options = nullptr)
	{
		check(homa_open(&homa_, family, options));
	}

	socket(socket &&other) noexcept : homa_(other.homa_)
	{
		other.homa_ = nullptr;
	}

	socket(const socket &) = delete;
	socket &operator=(const socket &) = delete;

	socket &operator=(socket &&other) noexcept
	{
		std::swap(homa_, other.homa_);
		return *this;
	}

	~socket()
	{
		homa_close(homa_);
	}

	void bind(const address &addr)
	{
		check(homa_bind(homa_, addr.get(), addr.bytes()));
	}

	int port()
	{
		return check(homa_port(homa_));
	}

	/* To poll, see homa_fd(3). */
	int fd()
	{
		return check(homa_fd(homa_));
	}

	message call(const address &to, data contents, duration timeout = forever,
		     uint32_t flags = 0)
	{
		iovec piece = { const_cast<void *>(contents.at()), contents.bytes() };
		homa_msg *response;

		check(homa_callv(homa_, to.get(), to.bytes(), &piece, 1, flags, timeout.count(),
				 &response));
		return message(response);
	}

	/* Returns the number of the RPC. */
	uint64_t start(const address &to, data contents, uint32_t flags = 0, uint64_t cookie = 0)
	{
		uint64_t rpc;

		check(homa_start(homa_, to.get(), to.bytes(), contents.at(), contents.bytes(), flags,
				 cookie, &rpc));
		return rpc;
	}

	/* The response of a private RPC, or empty. */
	message wait(uint64_t rpc, duration timeout = forever)
	{
		homa_msg *response;
		int ret = homa_wait(homa_, rpc, timeout.count(), &response);

		return ret == -EAGAIN ? message() : (check(ret), message(response));
	}

	/* False: nothing ended in time. An error of the RPC is in @done. */
	bool complete(completion &done, duration timeout = forever)
	{
		homa_completion ended;
		int ret = homa_complete(homa_, timeout.count(), &ended);

		if (ret == -EAGAIN)
			return false;
		check(ret);
		done.rpc = ended.rpc;
		done.cookie = ended.cookie;
		done.error = ended.error;
		done.response = message(ended.response);
		return true;
	}

	/* False: there is no such RPC any more. */
	bool cancel(uint64_t rpc)
	{
		int ret = homa_cancel(homa_, rpc);

		return ret == -ENOENT ? false : check(ret) == 0;
	}

	/* The next request, or empty. After stop() it throws error, ESHUTDOWN. */
	message recv(duration timeout = forever)
	{
		homa_msg *request;
		int ret = homa_recv(homa_, timeout.count(), &request);

		return ret == -EAGAIN ? message() : (check(ret), message(request));
	}

	/* Serve until stop(). The first exception of a handler ends it, and is thrown here. */
	void serve(unsigned int threads, std::function<void(message)> handler)
	{
		struct serving state = { this, std::move(handler), nullptr, false };
		int ret = homa_serve(homa_, threads, handle, &state);

		if (state.failure)
			std::rethrow_exception(state.failure);
		check(ret);
	}

	void stop()
	{
		homa_stop(homa_);
	}

	::homa *get() const
	{
		return homa_;
	}

private:
	struct serving {
		socket *self;
		std::function<void(message)> handler;
		std::exception_ptr failure;
		bool failed;
	};

	static void handle(homa_msg *request, void *arg)
	{
		serving *state = static_cast<serving *>(arg);

		try {
			state->handler(message(request));
		} catch (...) {
			if (!__atomic_test_and_set(&state->failed, __ATOMIC_SEQ_CST))
				state->failure = std::current_exception();
			state->self->stop();
		}
	}

	::homa *homa_ = nullptr;
};

} /* namespace libhoma */

#endif /* HOMA_HOMA_HPP */
