"""What one process of this client reaches, against one server on the same machine.

    python tests/benchmark.py [--calls 20000]

For each kind of call: calls a second, and the processor time of this process for each.
"""

import argparse
import asyncio
import resource
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from service import Service

import rostrum
from rostrum.v1 import standing_pb2, standing_pb2_grpc

PARALLEL = 32
VIEWS = 100


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def measure(name: str, calls: int, work: Awaitable[None]) -> None:
    cpu, start = cpu_seconds(), time.perf_counter()
    await work
    seconds, cpu = time.perf_counter() - start, cpu_seconds() - cpu
    print(f"{name:28}{calls / seconds:>10,.0f} calls/s{cpu / calls * 1e6:>8,.0f} µs of CPU a call")


async def in_parallel(calls: int, call: Callable[[int], Awaitable[object]]) -> None:
    numbers = iter(range(calls))

    async def some() -> None:
        for number in numbers:
            await call(number)

    await asyncio.gather(*(some() for _ in range(PARALLEL)))


async def stream_scores(client: rostrum.Client, calls: int) -> None:
    async with client.stream() as stream:
        for number in range(calls):
            await stream.ready()
            stream.submit(leaderboard_id="bench", player_id=f"p{number % 10_000}", score=number)


async def watch(client: rostrum.Client, changes: int) -> None:
    """Each change reaches each of the views; one such change is a call."""
    views = [
        client.live_view(leaderboard_id="bench-watch", await_leaderboard=True) for _ in range(VIEWS)
    ]
    await client.submit(leaderboard_id="bench-watch", player_id="p", score=-1)
    await asyncio.gather(*(view.ready() for view in views))

    last = 0

    async def follow(view: rostrum.LiveView) -> None:
        async for update in view:
            if update.revision >= last:
                return

    async def all_of_it() -> None:
        nonlocal last
        for number in range(changes):
            result = await client.submit(
                leaderboard_id="bench-watch", player_id=f"p{number % 10}", score=number
            )
            last = result.revision
            await asyncio.gather(*(follow(view) for view in views))

    await measure(f"changes in {VIEWS} live views", changes * VIEWS, all_of_it())
    for view in views:
        await view.aclose()


def unary_with_threads(client: rostrum.sync.Client, calls: int) -> None:
    for number in range(calls):
        client.submit(leaderboard_id="bench", player_id=f"p{number % 10_000}", score=number)


async def main(service: Service, calls: int) -> None:
    started = service.ask("start")
    directory = Path(started["certificates"])
    tls = rostrum.Tls(
        ca=directory / "ca.crt", cert=directory / "writer.crt", key=directory / "writer.key"
    )
    async with rostrum.connect(started["address"], tls=tls) as client:

        async def submit(number: int) -> None:
            await client.submit(leaderboard_id="bench", player_id=f"p{number % 10_000}", score=number)

        stub = client.stub(standing_pb2_grpc.StandingServiceStub)
        request = standing_pb2.GetStandingRequest(leaderboard_id="bench", player_id="p1")
        await in_parallel(1_000, submit)
        await measure(f"submissions, {PARALLEL} at a time", calls, in_parallel(calls, submit))
        await measure("streamed submissions", calls, stream_scores(client, calls))
        reads = in_parallel(calls, lambda _: stub.GetStanding(request))
        await measure(f"reads, {PARALLEL} at a time", calls, reads)
        await watch(client, calls // VIEWS)
    with rostrum.sync.connect(started["address"], tls=tls) as blocking:
        alone = asyncio.to_thread(unary_with_threads, blocking, calls // 10)
        await measure("synchronous, one at a time", calls // 10, alone)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=20_000)
    options = parser.parse_args()
    service = Service()
    try:
        asyncio.run(main(service, options.calls))
    finally:
        service.end()
