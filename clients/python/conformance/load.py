"""The load of one process of the client, for `npm run clients -- python load`.

It calls a server as fast as it answers, and prints a line of JSON for each kind of call.
"""

import asyncio
import json
import os
import resource
import time
from collections.abc import Awaitable, Callable

import rostrum
from rostrum.v1 import standing_pb2, standing_pb2_grpc

WARM_UP_SECONDS = 1.0
CALLERS = 64
VIEWS = 100


class Progress:
    """Counts the calls of a load until it is over."""

    calls = 0
    over = False


Load = Callable[[rostrum.Client, Progress], Awaitable[None]]


async def together(progress: Progress, call: Callable[[], Awaitable[object]]) -> None:
    """Calls with many calls under way, until it is over."""

    async def caller() -> None:
        while not progress.over:
            await call()
            progress.calls += 1

    await asyncio.gather(*(caller() for _ in range(CALLERS)))


async def submit(client: rostrum.Client, progress: Progress) -> None:
    number = 0

    async def call() -> None:
        nonlocal number
        number += 1
        await client.submit(leaderboard_id="load", player_id=f"p{number % 10_000}", score=number)

    await together(progress, call)


async def stream(client: rostrum.Client, progress: Progress) -> None:
    def count(_: object) -> None:
        progress.calls += 1

    async with client.stream() as opened:
        number = 0
        while not progress.over:
            await opened.ready()
            number += 1
            score = opened.submit(leaderboard_id="load", player_id=f"p{number % 10_000}", score=number)
            score.add_done_callback(count)


async def read(client: rostrum.Client, progress: Progress) -> None:
    stub = client.stub(standing_pb2_grpc.StandingServiceStub)
    request = standing_pb2.GetStandingRequest(leaderboard_id="load", player_id="p1")
    await together(progress, lambda: stub.GetStanding(request))


async def watch(client: rostrum.Client, progress: Progress) -> None:
    """Submits one score after the other, and waits each time until every view has it."""
    views = [
        client.live_view(leaderboard_id="load-watch", min_interval=0.01, await_leaderboard=True)
        for _ in range(VIEWS)
    ]
    updates = [aiter(view) for view in views]
    wanted = 0

    async def follow(at: int) -> None:
        while views[at].revision < wanted:
            await anext(updates[at])

    number = 0
    while not progress.over:
        number += 1
        result = await client.submit(
            leaderboard_id="load-watch", player_id=f"p{number % 10}", score=number
        )
        wanted = result.revision
        await asyncio.gather(*(follow(at) for at in range(VIEWS)))
        progress.calls += VIEWS
    for view in views:
        await view.aclose()


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def measure(client: rostrum.Client, load: Load, seconds: float) -> dict[str, float]:
    """What the load reaches after the warm-up."""
    progress = Progress()
    running = asyncio.ensure_future(load(client, progress))

    async def go_on(period: float) -> None:
        await asyncio.wait([running], timeout=period)
        if running.done():
            await running
            raise RuntimeError("the load ended too early")

    await go_on(WARM_UP_SECONDS)
    begin, cpu, before = time.perf_counter(), cpu_seconds(), progress.calls
    await go_on(seconds)
    measured = {
        "calls": progress.calls - before,
        "seconds": time.perf_counter() - begin,
        "cpuSeconds": cpu_seconds() - cpu,
    }
    progress.over = True
    await running
    return measured


async def main() -> None:
    seconds = float(os.environ.get("ROSTRUM_LOAD_SECONDS", "5"))
    loads = {"submit": submit, "stream": stream, "read": read, "watch": watch}
    async with rostrum.connect() as client:
        for name, load in loads.items():
            print(json.dumps({"load": name, **await measure(client, load, seconds)}), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
