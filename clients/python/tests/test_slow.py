"""A reader that is slower than the server's patience."""

import asyncio

import pytest
from conftest import Server

import rostrum
from rostrum.v1 import standing_pb2, standing_pb2_grpc


@pytest.mark.slow
async def test_a_watch_that_is_not_read_misses_nothing(
    server: Server, client: rostrum.Client, board: str
) -> None:
    """The server ends it after 30 seconds, while there is more to tell than fits on the way."""
    writing = True

    async def write() -> None:
        n = 0
        async with client.stream() as stream:
            while writing:
                await stream.ready()
                stream.submit(
                    leaderboard_id=board,
                    player_id=f"p{n % 900}",
                    score=1 + n,
                    metadata={"replay": "x" * 1_000},
                )
                n += 1
                await asyncio.sleep(0.001)

    writer = asyncio.create_task(write())
    told: list[str | None] = []
    messages, last = 0, 0
    async with (
        rostrum.connect(server.address, tls=server.tls("reader")) as reader,
        reader.watch_changes(
            leaderboard_id=board,
            await_leaderboard=True,
            on_interrupted=lambda error, wait: told.append(error.reason),
        ) as changes,
    ):
        async for message in changes:
            messages += 1
            if messages == 5:
                await asyncio.sleep(45)
                writing = False
                await writer
            if messages > 5 and not message.changes:
                break
            for change in message.changes:
                assert last in (0, change.revision - 1)
                last = change.revision
    assert told == ["WATCHER_TOO_SLOW"]
    stub = client.stub(standing_pb2_grpc.StandingServiceStub)
    request = standing_pb2.ListStandingsRequest(leaderboard_id=board)
    assert (await stub.ListStandings(request)).revision == last
