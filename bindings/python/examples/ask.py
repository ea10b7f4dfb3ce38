#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Send the same text to several servers at once, and print what they say.

    ask.py TEXT ADDRESS:PORT...
"""
import asyncio
import sys

import homa


async def ask(client, server, text):
    try:
        with await client.call(server, text.encode(), timeout=2.0) as response:
            print(f"{server}: {bytes(response).decode(errors='replace')}")
            return True
    except homa.Error as error:
        print(f"{server}: {error}")
        return False


async def main(text, servers):
    async with homa.AsyncSocket() as client:
        return all(await asyncio.gather(*(ask(client, server, text) for server in servers)))


if len(sys.argv) < 3:
    sys.exit(__doc__)
sys.exit(0 if asyncio.run(main(sys.argv[1], sys.argv[2:])) else 1)
