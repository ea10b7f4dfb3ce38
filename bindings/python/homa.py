# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Remote procedure calls over Homa, through libhoma.

    with homa.Socket() as client:
        with client.call("10.0.0.2:4000", b"hello", timeout=1.0) as response:
            print(bytes(response))

Needs nothing but the standard library and libhoma.so.1. HOMA_LIBRARY in the
environment names another file.

Addresses are "10.0.0.2:4000", "[fd00::2]:4000", or a tuple of host and port as
the module socket has them; names are not looked up. Timeouts are in seconds,
None waits for ever. Errors are homa.Error, an OSError whose text is
libhoma's explanation.

Socket may be used by several threads, Message by one at a time. AsyncSocket is
for asyncio, in one event loop.
"""
import asyncio
import collections
import ctypes
import errno
import logging
import os
import socket as _socket
import threading
import time

__all__ = ["AsyncSocket", "Completion", "Error", "Message", "Socket", "version",
           "PRIVATE", "NONBLOCK", "LARGE_REPLY"]

_log = logging.getLogger("homa")

PRIVATE = 0x01
NONBLOCK = 0x02
LARGE_REPLY = 0x04
_LARGE = 0x01


class Error(OSError):
    """An operation failed: errno, and libhoma's explanation as text."""


class _Options(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint32), ("flags", ctypes.c_uint32),
                ("region_bytes", ctypes.c_uint64), ("large_memory_bytes", ctypes.c_uint64),
                ("large_expire_ns", ctypes.c_uint64)]


class _Completion(ctypes.Structure):
    _fields_ = [("rpc", ctypes.c_uint64), ("cookie", ctypes.c_uint64),
                ("response", ctypes.c_void_p), ("error", ctypes.c_int),
                ("reserved", ctypes.c_int * 5)]


class _Storage(ctypes.Structure):
    _fields_ = [("family", ctypes.c_uint16), ("rest", ctypes.c_uint8 * 126)]


def _load():
    lib = ctypes.CDLL(os.environ.get("HOMA_LIBRARY", "libhoma.so.1"))
    void, num, size, ptr = ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t, ctypes.POINTER
    u16, u32, u64, i64 = ctypes.c_uint16, ctypes.c_uint32, ctypes.c_uint64, ctypes.c_int64
    for name, result, arguments in [
            ("open", num, [ptr(void), num, ptr(_Options)]),
            ("close", None, [void]),
            ("bind", num, [void, ptr(_Storage), u32]),
            ("port", num, [void]),
            ("fd", num, [void]),
            ("socket", num, [void]),
            ("stop", None, [void]),
            ("explain", ctypes.c_char_p, []),
            ("address", num, [ctypes.c_char_p, u16, num, ptr(_Storage), ptr(u32)]),
            ("version", ctypes.c_char_p, []),
            ("start", num, [void, ptr(_Storage), u32, void, size, u32, u64, ptr(u64)]),
            ("complete", num, [void, i64, ptr(_Completion)]),
            ("wait", num, [void, u64, i64, ptr(void)]),
            ("cancel", num, [void, u64]),
            ("recv", num, [void, i64, ptr(void)]),
            ("reply", num, [void, void, size, u32]),
            ("msg_length", size, [void]),
            ("msg_data", void, [void]),
            ("msg_copy", size, [void, size, void, size]),
            ("msg_peer", void, [void, ptr(u32)]),
            ("msg_release", None, [void]),
            ("msg_free", None, [void])]:
        function = getattr(lib, "homa_" + name)
        function.restype = result
        function.argtypes = arguments
        setattr(lib, name, function)
    return lib


_lib = _load()


def version():
    """The version of libhoma."""
    return _lib.version().decode()


def _error(ret):
    text = _lib.explain().decode(errors="replace") or os.strerror(-ret)
    return Error(-ret, text)


def _check(ret):
    if ret < 0:
        raise _error(ret)
    return ret


def _timeout_ns(timeout):
    if timeout is None:
        return -1
    if timeout < 0:
        raise ValueError("a timeout is not negative")
    return int(timeout * 1e9)


def _wait(function, timeout):
    """Call function(nanoseconds) until it has something, or the time is over. In the main
    thread in short pieces: signal handlers run only between them."""
    end = None if timeout is None else time.monotonic() + timeout
    is_main = threading.current_thread() is threading.main_thread()
    while True:
        left = None if end is None else max(0.0, end - time.monotonic())
        part = left
        if is_main and (left is None or left > 0.1):
            part = 0.1
        ret = function(_timeout_ns(part))
        if ret != -errno.EAGAIN or part == left:
            return ret


def _buffer(data):
    """An address that ctypes can pass, and what keeps it alive."""
    if isinstance(data, bytes):
        return data, len(data)
    view = memoryview(data).cast("B")
    if view.readonly or not view.contiguous:
        copy = view.tobytes()
        return copy, len(copy)
    return (ctypes.c_char * len(view)).from_buffer(view), len(view)


class Message:
    """A request or response. bytes(message) copies it; free it soon, or use it in `with`."""

    def __init__(self, sock, pointer):
        self._socket = sock         # the library's handle outlives its messages
        self._pointer = pointer

    def _get(self):
        if not self._pointer:
            raise ValueError("the message was freed")
        return self._pointer

    def __len__(self):
        return _lib.msg_length(self._get())

    def __bytes__(self):
        length = len(self)
        copy = ctypes.create_string_buffer(length)
        if _lib.msg_copy(self._get(), 0, copy, length) != length:
            raise ValueError("the contents were released")
        return copy.raw

    def view(self):
        """The contents without a copy, valid until free() or release(); None if they are in
        several pieces, which only messages of 65,537 to 1,000,000 bytes can be."""
        data = _lib.msg_data(self._get())
        return data and memoryview((ctypes.c_ubyte * len(self)).from_address(data)).cast("B")

    @property
    def peer(self):
        """Host and port of the sender, as in the module socket."""
        address = _lib.msg_peer(self._get(), None)
        storage = _Storage.from_address(address)
        rest = bytes(storage.rest)
        port = int.from_bytes(rest[:2], "big")
        if storage.family == _socket.AF_INET:
            return _socket.inet_ntop(_socket.AF_INET, rest[2:6]), port
        return _socket.inet_ntop(_socket.AF_INET6, rest[6:22]), port

    def reply(self, data, flags=0):
        """Answer a request, once, at any time, from any thread."""
        buffer, length = _buffer(data)
        _check(_lib.reply(self._get(), buffer, length, flags))

    def _answer(self, answer):
        """For serve(): that one client gets no response must not end the server."""
        if answer is not None:
            try:
                self.reply(answer)
            except Error as error:
                _log.warning("a reply was lost: %s", error)
            self.free()

    def release(self):
        """Give the memory of the contents back; a request can still be answered."""
        _lib.msg_release(self._get())

    def free(self):
        """Give the message back. May be called again."""
        pointer, self._pointer = self._pointer, None
        if pointer:
            _lib.msg_free(pointer)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.free()

    def __del__(self):
        self.free()


Completion = collections.namedtuple("Completion", "rpc cookie error response")
Completion.__doc__ = "An RPC that has ended: error is None or a homa.Error, response a Message."


class Socket:
    """A Homa socket: client, and after bind() server."""

    def __init__(self, family=_socket.AF_INET6, *, large=False, region_bytes=0,
                 large_memory_bytes=0, large_expire=0):
        options = _Options(ctypes.sizeof(_Options), _LARGE if large else 0, region_bytes,
                           large_memory_bytes, int(large_expire * 1e9))
        handle = ctypes.c_void_p()
        self._handle = None
        _check(_lib.open(ctypes.byref(handle), family, ctypes.byref(options)))
        self._handle = handle
        self._family = family
        self._sent = {}             # requests that the library still reads

    def _get(self):
        if not self._handle:
            raise ValueError("the socket was closed")
        return self._handle

    def _address(self, address):
        if isinstance(address, tuple):
            host, port = address[:2]
            address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        storage, size = _Storage(), ctypes.c_uint32()
        _check(_lib.address(address.encode(), 0, self._family, ctypes.byref(storage),
                            ctypes.byref(size)))
        return storage, size

    def bind(self, address):
        """Take a port (1 to 32767) and accept requests. A number means all addresses."""
        if isinstance(address, int):
            address = ("::" if self._family == _socket.AF_INET6 else "0.0.0.0", address)
        storage, size = self._address(address)
        _check(_lib.bind(self._get(), ctypes.byref(storage), size))

    @property
    def port(self):
        return _check(_lib.port(self._get()))

    def fileno(self):
        """A descriptor for select, poll and asyncio: readable when something may be there."""
        return _check(_lib.fd(self._get()))

    def call(self, to, data, timeout=None, flags=0):
        """Send a request, wait for the response. After the timeout: Error, errno.ETIME."""
        if timeout is not None and timeout <= 0:
            raise ValueError("a call takes time")
        rpc = self.start(to, data, 0, flags | PRIVATE)
        try:
            response = self.wait(rpc, timeout)
        except BaseException:
            self.cancel(rpc)
            raise
        if response is None:
            self.cancel(rpc)
            raise Error(errno.ETIME, "no response came in time; the RPC was ended")
        return response

    def start(self, to, data, cookie=0, flags=0):
        """Send a request and do not wait. Returns the number of the RPC."""
        storage, size = self._address(to)
        buffer, length = _buffer(data)
        rpc = ctypes.c_uint64()
        _check(_lib.start(self._get(), ctypes.byref(storage), size, buffer, length, flags, cookie,
                          ctypes.byref(rpc)))
        if length > 1000000 or flags & LARGE_REPLY:
            self._sent[rpc.value] = buffer
        return rpc.value

    def complete(self, timeout=None):
        """The next RPC that has ended, as a Completion; None after the timeout."""
        done = _Completion()
        ret = _wait(lambda ns: _lib.complete(self._get(), ns, ctypes.byref(done)), timeout)
        if ret == -errno.EAGAIN:
            return None
        _check(ret)
        self._sent.pop(done.rpc, None)
        error = _error(done.error) if done.error else None
        response = Message(self, done.response) if done.response else None
        return Completion(done.rpc, done.cookie, error, response)

    def wait(self, rpc, timeout=None):
        """The response of an RPC that was started with PRIVATE; None after the timeout."""
        response = ctypes.c_void_p()
        ret = _wait(lambda ns: _lib.wait(self._get(), rpc, ns, ctypes.byref(response)), timeout)
        if ret == -errno.EAGAIN:
            return None
        if ret in (-errno.EBUSY, -errno.EINVAL):
            raise _error(ret)       # the RPC goes on, and the library reads its request
        if ret:
            error = _error(ret)
            self.cancel(rpc)        # if only the waiting has failed
            raise error
        self._sent.pop(rpc, None)
        return Message(self, response.value)

    def cancel(self, rpc):
        """End an RPC. False: it has ended before."""
        ret = _lib.cancel(self._get(), rpc)
        self._sent.pop(rpc, None)
        return ret != -errno.ENOENT and _check(ret) == 0

    def recv(self, timeout=None):
        """The next request; None after the timeout. After stop(): Error, errno.ESHUTDOWN."""
        request = ctypes.c_void_p()
        ret = _wait(lambda ns: _lib.recv(self._get(), ns, ctypes.byref(request)), timeout)
        if ret == -errno.EAGAIN:
            return None
        _check(ret)
        return Message(self, request.value)

    def serve(self, handler, threads=1):
        """Call handler(request) for each request, in several threads, until stop(). What it
        returns, unless None, is the response. An exception ends all, and is raised here; a
        response that cannot be sent is only logged."""
        failures = []

        def work():
            try:
                while True:
                    request = self.recv()
                    request._answer(handler(request))
            except Error as error:
                if error.errno != errno.ESHUTDOWN:
                    failures.append(error)
            except BaseException as error:
                failures.append(error)
            self.stop()

        others = [threading.Thread(target=work) for _ in range(threads - 1)]
        for thread in others:
            thread.start()
        work()
        for thread in others:
            thread.join()
        if failures:
            raise failures[0]

    def stop(self):
        """recv() and serve() end, for good."""
        _lib.stop(self._get())

    def close(self):
        """Close the socket. Messages stay valid until they are freed."""
        handle, self._handle = self._handle, None
        if handle:
            _lib.close(handle)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        self.close()


class AsyncSocket:
    """A Homa socket for asyncio. To be made inside of a running event loop."""

    def __init__(self, family=_socket.AF_INET6, **options):
        self.socket = Socket(family, **options)
        self._loop = asyncio.get_running_loop()
        self._calls = {}            # cookie: future
        self._next_cookie = 1
        self._requests = collections.deque()
        self._receivers = collections.deque()
        self._ended = None          # why there are no more requests
        self._reader = self.socket.fileno()
        self._loop.add_reader(self._reader, self._drain)

    def bind(self, address):
        self.socket.bind(address)

    @property
    def port(self):
        return self.socket.port

    def _drain(self):
        """Something may be there: take it all."""
        while (done := self.socket.complete(0)) is not None:
            future = self._calls.pop(done.cookie, None)
            if future is None or future.done():
                if done.response:
                    done.response.free()
            elif done.error:
                future.set_exception(done.error)
            else:
                future.set_result(done.response)
        while (request := self._next_request()) is not None:
            while self._receivers and self._receivers[0].done():
                self._receivers.popleft()
            if self._receivers:
                self._receivers.popleft().set_result(request)
            else:
                self._requests.append(request)

    def _next_request(self):
        """A request that is there, or None; after stop() it says so to those that wait."""
        try:
            return self.socket.recv(0)
        except Error as error:
            if error.errno != errno.ESHUTDOWN:
                raise
            self._end(error)
            return None

    def _end(self, error):
        """No more requests. Calls go on; their responses make the socket itself readable, while
        the other descriptor shows for ever that the socket was stopped."""
        if self._ended is not None:
            return
        self._ended = error
        self._loop.remove_reader(self._reader)
        self._reader = _check(_lib.socket(self.socket._get()))
        self._loop.add_reader(self._reader, self._drain)
        for future in self._receivers:
            if not future.done():
                future.set_exception(Error(error.errno, error.strerror))
        self._receivers.clear()

    async def call(self, to, data, timeout=None, flags=0):
        """Send a request and wait for the response. Cancelling the task ends the RPC."""
        cookie, self._next_cookie = self._next_cookie, self._next_cookie + 1
        future = self._loop.create_future()
        self._calls[cookie] = future
        try:
            rpc = self.socket.start(to, data, cookie, flags | NONBLOCK)
        except BaseException:
            del self._calls[cookie]
            raise
        try:
            return await asyncio.wait_for(future, timeout)
        except asyncio.TimeoutError:
            raise Error(errno.ETIME, "no response came in time; the RPC was ended") from None
        finally:
            if self._calls.pop(cookie, None) is not None:
                self.socket.cancel(rpc)

    async def recv(self):
        """The next request. After stop(): Error, errno.ESHUTDOWN."""
        if self._requests:
            return self._requests.popleft()
        self.socket._get()
        if self._ended is not None:
            raise Error(self._ended.errno, self._ended.strerror)
        future = self._loop.create_future()
        self._receivers.append(future)
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                self._requests.appendleft(future.result())
            raise

    async def serve(self, handler):
        """Run `await handler(request)` for each request, all at once; what it returns, unless
        None, is the response. Ends after stop(), or when the task is cancelled."""
        tasks = set()

        async def work(request):
            request._answer(await handler(request))

        try:
            while True:
                task = self._loop.create_task(work(await self.recv()))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
        except Error as error:
            if error.errno != errno.ESHUTDOWN:
                raise
            await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            for task in tasks:
                task.cancel()

    def stop(self):
        """recv() and serve() end, for good. Calls go on."""
        self.socket.stop()
        self._drain()

    def close(self):
        """Close the socket. Whoever waits in call() or recv() is cancelled."""
        if self._reader is None:
            return
        self._loop.remove_reader(self._reader)
        self._reader = None
        for future in (*self._calls.values(), *self._receivers):
            future.cancel()
        self._receivers.clear()
        while self._requests:
            self._requests.popleft().free()
        self._calls.clear()
        self.socket.close()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        self.close()
