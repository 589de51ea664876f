"""A server on uvloop's transports and protocols."""

import asyncio
import sys

import uvloop

REQUEST = 64
ANSWER = b"x" * REQUEST
TIMES = {"pipelined": 1, "sends": 32}


class Echo(asyncio.Protocol):
    """What comes goes back."""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


class Answers(Echo):
    """Answers of 64 B to each request of 64 B."""

    partial = 0

    def data_received(self, data):
        self.partial += len(data)
        while self.partial >= REQUEST:
            self.partial -= REQUEST
            for _ in range(TIMES[sys.argv[1]]):
                self.transport.write(ANSWER)


async def serve():
    protocol = Echo if sys.argv[1] == "echo" else Answers
    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0, backlog=1024)
    print("address 127.0.0.1:%d" % server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


uvloop.install()
asyncio.run(serve())
