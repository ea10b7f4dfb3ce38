#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""libhoma from Python: the module homa against the kernel, over loopback."""
import asyncio
import errno
import gc
import os
import select
import signal
import socket
import threading
import unittest

import homa

SERVER = "[::1]:99"


def handle(request):
    """What the server of these tests does: see the first byte."""
    contents = bytes(request)
    if contents[:1] == b"n":
        return None
    if contents[:1] == b"s":
        return b"x" * int(contents[1:])
    return contents


class Calls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = homa.Socket(large=True)
        cls.server.bind(99)
        cls.thread = threading.Thread(target=cls.server.serve, args=(handle, 3))
        cls.thread.start()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.thread.join()
        cls.server.close()

    def setUp(self):
        self.client = homa.Socket()

    def tearDown(self):
        self.client.close()

    def assert_errno(self, number, function, *arguments, **named):
        with self.assertRaises(homa.Error) as caught:
            function(*arguments, **named)
        self.assertEqual(caught.exception.errno, number)
        self.assertTrue(caught.exception.strerror)

    def test_sizes(self):
        for size in 1, 100, 65536, 65537, 1000000:
            data = os.urandom(size - 1)
            with self.client.call(SERVER, b"e" + data) as response:
                self.assertEqual(len(response), size)
                self.assertEqual(bytes(response), b"e" + data)
                self.assertEqual(response.peer, ("::1", 99))
                if size <= 65536:
                    self.assertEqual(response.view()[1:], data)
            with self.assertRaises(ValueError):
                bytes(response)

    def test_buffers(self):
        for data in bytearray(b"earray"), memoryview(b"ew"), memoryview(bytearray(b"e123"))[:2]:
            with self.client.call(("::1", 99), data) as response:
                self.assertEqual(bytes(response), bytes(data))

    def test_many(self):
        for cookie in range(100):
            self.client.start(SERVER, b"e%d" % cookie, cookie)
        seen = set()
        for _ in range(100):
            done = self.client.complete(20)
            self.assertIsNone(done.error)
            with done.response as response:
                self.assertEqual(bytes(response), b"e%d" % done.cookie)
            seen.add(done.cookie)
        self.assertEqual(len(seen), 100)
        self.assertIsNone(self.client.complete(0))

    def test_private(self):
        rpc = self.client.start(SERVER, b"eprivate", flags=homa.PRIVATE)
        self.assertIsNone(self.client.complete(0.01))
        self.assertEqual(bytes(self.client.wait(rpc)), b"eprivate")
        rpc = self.client.start(SERVER, b"n", flags=homa.PRIVATE)
        self.assertIsNone(self.client.wait(rpc, 0.01))
        self.assertTrue(self.client.cancel(rpc))
        self.assertFalse(self.client.cancel(rpc))
        self.assert_errno(errno.ENOENT, self.client.wait, rpc)

    def test_errors(self):
        self.assert_errno(errno.ETIME, self.client.call, SERVER, b"n", timeout=0.05)
        self.assert_errno(errno.ENOTCONN, self.client.call, "[::1]:4711", b"e")
        self.assert_errno(errno.EINVAL, self.client.call, "example", b"e")
        self.assert_errno(errno.ERANGE, self.client.call, "::1", b"e")
        self.assert_errno(errno.EINVAL, self.client.call, SERVER, b"")
        self.assert_errno(errno.EMSGSIZE, self.client.call, SERVER, b"e" * 1000001)
        self.assert_errno(errno.EADDRINUSE, self.client.bind, 99)
        self.assert_errno(errno.EAFNOSUPPORT, homa.Socket, socket.AF_UNIX)
        with self.assertRaises(ValueError):
            self.client.call(SERVER, b"e", timeout=0)
        self.client.start("[::1]:4711", b"e", 5)
        done = self.client.complete(20)
        self.assertEqual((done.cookie, done.error.errno, done.response), (5, errno.ENOTCONN, None))
        closed = homa.Socket()
        closed.close()
        with self.assertRaises(ValueError):
            closed.call(SERVER, b"e")

    def test_large(self):
        data = b"e" + os.urandom(3000000)
        with homa.Socket(large=True) as client:
            with client.call(SERVER, data) as response:
                self.assertEqual(bytes(response), data)
                self.assertEqual(response.view()[:100], data[:100])
            with client.call(SERVER, b"s2500000", flags=homa.LARGE_REPLY) as response:
                self.assertEqual(len(response), 2500000)
            client.start(SERVER, data, 9)
            self.assertEqual(bytes(client.complete(20).response), data)

    def test_ipv4(self):
        with homa.Socket(socket.AF_INET) as client:
            with client.call(("127.0.0.1", 99), b"e4") as response:
                self.assertEqual(response.peer, ("127.0.0.1", 99))

    def test_by_hand(self):
        with homa.Socket() as server:
            server.bind("[::]:100")
            self.assertEqual(server.port, 100)
            self.assertIsNone(server.recv(0))
            self.client.start("[::1]:100", b"question", 1)
            self.assertEqual(len(select.select([server], [], [], 20)[0]), 1)
            request = server.recv(0)
            self.assertEqual(request.peer, ("::1", self.client.port))
            contents = bytes(request)
            request.release()
            request.reply(contents + b"!")
            self.assert_errno(errno.EALREADY, request.reply, b"again")
            self.assertEqual(bytes(self.client.complete(20).response), b"question!")
            server.stop()
            self.assert_errno(errno.ESHUTDOWN, server.recv)
        # The message is older than the socket, and frees what is left of it.
        del request
        gc.collect()

    def test_exception_of_handler(self):
        with homa.Socket() as server:
            server.bind(101)
            self.client.start("[::1]:101", b"e")
            with self.assertRaises(ZeroDivisionError):
                server.serve(lambda request: 1 / 0, 3)

    def test_signal(self):
        def interrupt(*_):
            raise InterruptedError("signal")

        signal.signal(signal.SIGALRM, interrupt)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with self.assertRaises(InterruptedError):
            self.client.call(SERVER, b"n")

    def test_threads(self):
        def work(number):
            for i in range(30):
                data = b"e%d %d" % (number, i)
                with self.client.call(SERVER, data, timeout=20) as response:
                    results.append(bytes(response) == data)

        results = []
        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(results, [True] * 120)


class Async(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.server = homa.AsyncSocket(large=True)
        self.server.bind(102)
        self.serving = asyncio.create_task(self.server.serve(self.handle))
        self.client = homa.AsyncSocket(large=True)

    async def asyncTearDown(self):
        self.serving.cancel()
        await asyncio.gather(self.serving, return_exceptions=True)
        self.server.close()
        self.client.close()

    async def handle(self, request):
        contents = bytes(request)
        if contents[:1] == b"d":
            await asyncio.sleep(0.02)
        if contents[:1] == b"n":
            request.free()
            return None
        return contents

    async def test_calls(self):
        data = [b"%s%d" % (b"d" if i % 3 else b"e", i) for i in range(60)]
        responses = await asyncio.gather(*(self.client.call("[::1]:102", item) for item in data))
        self.assertEqual([bytes(response) for response in responses], data)

    async def test_large(self):
        data = b"e" + os.urandom(2500000)
        with await self.client.call("[::1]:102", data, 60) as response:
            self.assertEqual(bytes(response), data)

    async def test_errors(self):
        with self.assertRaises(homa.Error) as caught:
            await self.client.call("[::1]:102", b"n", timeout=0.05)
        self.assertEqual(caught.exception.errno, errno.ETIME)
        with self.assertRaises(homa.Error) as caught:
            await self.client.call("[::1]:4711", b"e")
        self.assertEqual(caught.exception.errno, errno.ENOTCONN)
        task = asyncio.create_task(self.client.call("[::1]:102", b"n"))
        await asyncio.sleep(0.01)
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        self.assertEqual(bytes(await self.client.call("[::1]:102", b"e")), b"e")

    async def test_stop(self):
        waiting = asyncio.create_task(self.client.recv())
        async with homa.AsyncSocket() as other:
            other.bind(103)

            async def last(request):
                self.server.stop()
                await asyncio.sleep(0.02)
                return b"last"

            serving = asyncio.create_task(other.serve(last))
            call = asyncio.create_task(self.client.call("[::1]:103", b"x"))
            await asyncio.wait_for(self.serving, 10)        # ends by itself
            other.stop()
            await asyncio.wait_for(serving, 10)             # and when its request is answered
            self.assertEqual(bytes(await call), b"last")
            with self.assertRaises(homa.Error) as caught:
                await other.recv()
            self.assertEqual(caught.exception.errno, errno.ESHUTDOWN)
            self.assertIn("stopped", str(caught.exception))
        with self.assertRaisesRegex(ValueError, "closed"):
            await other.recv()
        # Who waits when it is stopped, or closed, is told. Calls go on.
        self.client.stop()
        with self.assertRaises(homa.Error) as caught:
            await asyncio.wait_for(waiting, 10)
        self.assertEqual(caught.exception.errno, errno.ESHUTDOWN)
        async with homa.AsyncSocket() as server:
            server.bind(104)
            serving = asyncio.create_task(server.serve(self.handle))
            for data in (b"e", b"d", b"e" * 100000):
                self.assertEqual(bytes(await self.client.call("[::1]:104", data)), data)
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            waiting = asyncio.create_task(server.recv())
            await asyncio.sleep(0)
        with self.assertRaises(asyncio.CancelledError):
            await waiting


if __name__ == "__main__":
    print("libhoma", homa.version())
    unittest.main(verbosity=2)
