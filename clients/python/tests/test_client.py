"""Submitting, streams, watches and errors against a real server."""

import asyncio
import math
import os
from datetime import datetime, timezone

import pytest
from conftest import Server

import rostrum
from rostrum.v1 import error_pb2, score_pb2, standing_pb2, standing_pb2_grpc


def test_reasons_are_those_of_the_contract() -> None:
    names = [name.removeprefix("ERROR_REASON_") for name in list(error_pb2.ErrorReason.keys())]
    assert names[1:] == list(rostrum.SERVICE_REASONS)


async def test_submit_and_read(client: rostrum.Client, board: str) -> None:
    result = await client.submit(leaderboard_id=board, player_id="ada", score=12)
    assert result.outcome == score_pb2.OUTCOME_APPLIED
    stub = client.stub(standing_pb2_grpc.StandingServiceStub)
    request = standing_pb2.GetStandingRequest(leaderboard_id=board, player_id="ada")
    assert (await stub.GetStanding(request)).standing.score == 12
    request.player_id = "nobody"
    with pytest.raises(rostrum.RostrumError) as raised:
        await stub.GetStanding(request)
    assert raised.value.reason == "STANDING_NOT_FOUND"
    assert raised.value.metadata["player_id"] == "nobody"


async def test_a_used_id_is_refused(client: rostrum.Client, board: str) -> None:
    await client.submit(leaderboard_id=board, player_id="ada", score=1, submission_id="m")
    again = await client.submit(leaderboard_id=board, player_id="ada", score=1, submission_id="m")
    assert again.replayed
    with pytest.raises(rostrum.RostrumError) as raised:
        await client.submit(leaderboard_id=board, player_id="ada", score=2, submission_id="m")
    assert raised.value.reason == "SUBMISSION_ID_REUSED"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("score", math.nan),
        ("score", None),
        ("score", "12"),
        ("score", 10**400),
        ("player_id", None),
        ("player_id", "\ud800"),
        ("client_time", datetime(2026, 1, 1)),
        ("display_name", "\ud800"),
        ("metadata", {"a": math.inf}),
        ("metadata", {"a": object()}),
    ],
)
async def test_bad_values(client: rostrum.Client, board: str, field: str, value: object) -> None:
    good: dict[str, object] = {"leaderboard_id": board, "player_id": "ada", "score": 1}
    with pytest.raises(rostrum.RostrumError) as raised:
        await client.submit(**{**good, field: value})  # type: ignore[arg-type]
    assert raised.value.reason == "INVALID_FIELD"
    assert raised.value.field_violations[0].field.split(".")[0] == field


async def test_a_misspelt_keyword_is_a_type_error(client: rostrum.Client) -> None:
    with pytest.raises(TypeError, match="scoer"):
        await client.submit(leaderboard_id="b", player_id="p", scoer=1)  # type: ignore[call-arg]


async def test_batch(client: rostrum.Client, board: str) -> None:
    good = rostrum.Submission(leaderboard_id=board, player_id="ada", score=1)
    bad = rostrum.Submission(leaderboard_id=board, player_id="not an id", score=1)
    none = rostrum.Submission(leaderboard_id=board, player_id="bob", score=None)  # type: ignore[arg-type]
    items = await client.submit_batch([good, none, bad])
    assert isinstance(items[0], score_pb2.ScoreResult)
    fields = [item.field_violations[0].field for item in items if isinstance(item, rostrum.RostrumError)]
    assert fields == ["submissions[1].score", "submissions[2].player_id"]


async def test_stream(client: rostrum.Client, board: str) -> None:
    async with client.stream(max_pending=3_000) as stream:
        futures = [stream.submit(leaderboard_id=board, player_id=f"p{n}", score=n) for n in range(3_000)]
        with pytest.raises(rostrum.RostrumError) as raised:
            stream.submit(leaderboard_id=board, player_id="p", score=1)
        assert raised.value.reason == "STREAM_FULL"
    results = await asyncio.gather(*futures)
    assert [result.standing.player_id for result in results] == [f"p{n}" for n in range(3_000)]


async def test_stream_tells_failures_that_nobody_saw(client: rostrum.Client, board: str) -> None:
    stream = client.stream()
    stream.submit(leaderboard_id=board, player_id="not an id", score=1)
    with pytest.raises(rostrum.RostrumError) as raised:
        await stream.end()
    assert raised.value.reason == "SUBMISSIONS_FAILED"


async def test_submit_all(client: rostrum.Client, board: str) -> None:
    each = (rostrum.Submission(leaderboard_id=board, player_id=f"p{n}", score=n) for n in range(500))
    items = [item async for item in client.submit_all(each, max_in_flight=50)]
    assert [item.submission.player_id for item in items] == [f"p{n}" for n in range(500)]
    assert all(item.result and item.submission.submission_id for item in items)


async def test_a_stream_survives_kills_of_the_server(
    server: Server, client: rostrum.Client, board: str
) -> None:
    count, kills = 6_000, 3

    async def kill() -> None:
        for _ in range(kills):
            await asyncio.sleep(0.3)
            await asyncio.to_thread(server.service.ask, "kill")
            await asyncio.to_thread(server.service.ask, "start")

    killing = asyncio.create_task(kill())
    futures: list[rostrum.ScoreFuture] = []
    async with client.stream() as stream:
        for n in range(count):
            await stream.ready()
            futures.append(stream.submit(leaderboard_id=board, player_id=f"p{n % 100}", score=n))
        await killing
    results = await asyncio.gather(*futures)
    assert len(results) == count
    stub = client.stub(standing_pb2_grpc.StandingServiceStub)
    request = standing_pb2.ListStandingsRequest(leaderboard_id=board, page_size=1_000)
    standings = (await stub.ListStandings(request)).standings
    assert sum(each.submissions for each in standings) == count


async def test_watches_resume_after_a_kill(server: Server, client: rostrum.Client, board: str) -> None:
    told: list[str] = []
    async with (
        client.live_view(
            leaderboard_id=board, top=2, await_leaderboard=True, on_state=told.append
        ) as view,
        client.watch_changes(leaderboard_id=board, await_leaderboard=True) as changes,
    ):
        await client.submit(leaderboard_id=board, player_id="ada", score=1)
        await view.ready()
        await anext(changes)
        await asyncio.to_thread(server.service.ask, "kill")
        await asyncio.to_thread(server.service.ask, "start")
        await client.submit(leaderboard_id=board, player_id="bob", score=2)
        async for update in view:
            if len(update.standings) == 2:
                break
        assert [each.player_id for each in view.standings] == ["bob", "ada"]
        players: list[str] = []
        async for message in changes:
            players += [change.player_id for change in message.changes]
            if "bob" in players:
                break
    assert told == ["live", "interrupted", "live", "closed"]


async def test_a_cancelled_wait_of_a_watch_loses_nothing(client: rostrum.Client, board: str) -> None:
    await client.submit(leaderboard_id=board, player_id="ada", score=1)
    async with client.watch_changes(leaderboard_id=board) as changes:
        await anext(changes)
        waiting = asyncio.ensure_future(anext(changes))
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError):
            await anext(changes)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await client.submit(leaderboard_id=board, player_id="bob", score=2)
        message = await anext(changes)
        assert [change.player_id for change in message.changes] == ["bob"]


async def test_close_ends_everything(server: Server, board: str) -> None:
    before = asyncio.all_tasks()
    client = rostrum.connect(server.address, tls=server.tls())
    await client.submit(leaderboard_id=board, player_id="ada", score=1)
    view = client.live_view(leaderboard_id=board)
    await view.ready()
    stream = client.stream()
    await stream.submit(leaderboard_id=board, player_id="ada", score=2)
    watch = client.watch_changes(leaderboard_id=board)
    await anext(watch)

    async def follow() -> None:
        async for _ in watch:
            pass

    waiting = asyncio.ensure_future(follow())
    await asyncio.sleep(0)
    await client.close()
    with pytest.raises(rostrum.RostrumError) as raised:
        await waiting
    assert raised.value.reason == "CLIENT_CLOSED"
    assert view.state == "closed"
    with pytest.raises(rostrum.RostrumError) as raised:
        await client.submit(leaderboard_id=board, player_id="ada", score=1)
    assert raised.value.reason == "CLIENT_CLOSED"
    with pytest.raises(rostrum.RostrumError):
        stream.submit(leaderboard_id=board, player_id="ada", score=2)
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_cancellation_is_that_of_asyncio(server: Server, board: str) -> None:
    async with rostrum.connect("127.0.0.1:1", tls=server.tls()) as client:
        task = asyncio.ensure_future(client.submit(leaderboard_id=board, player_id="a", score=1))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_nobody_listens(server: Server) -> None:
    async with rostrum.connect("127.0.0.1:1", tls=server.tls()) as client:
        with pytest.raises(rostrum.RostrumError, match="nothing listens there") as raised:
            await client.submit(leaderboard_id="b", player_id="a", score=1, timeout=0.3)
    assert raised.value.reason == "CONNECTION_FAILED"
    assert "recorded" not in raised.value.message
    assert raised.value.metadata == {}


@pytest.mark.parametrize("identity", ["foreign", "expired"])
async def test_refused_certificates(server: Server, identity: str) -> None:
    async with rostrum.connect(server.address, tls=server.tls(identity)) as client:
        with pytest.raises(rostrum.RostrumError) as raised:
            await client.wait_for_ready(timeout=8)
    assert raised.value.reason == "CERTIFICATE_REFUSED"
    if identity == "expired":
        assert "expired at" in raised.value.message


def test_missing_files(server: Server) -> None:
    tls = rostrum.Tls(ca="nowhere/ca.crt", cert=b"x", key=b"x")
    with pytest.raises(rostrum.RostrumError) as raised:
        rostrum.connect(server.address, tls=tls)
    assert raised.value.reason == "CERTIFICATE_FILE_MISSING"
    assert os.getcwd() in raised.value.message


def test_sync(server: Server, board: str) -> None:
    with rostrum.sync.connect(server.address, tls=server.tls()) as client:
        client.submit(
            leaderboard_id=board, player_id="ada", score=1, client_time=datetime.now(timezone.utc)
        )
        with client.stream() as stream:
            futures = [
                stream.submit(leaderboard_id=board, player_id=f"p{n}", score=n) for n in range(20)
            ]
        assert [future.result().standing.player_id for future in futures][-1] == "p19"
        stub = client.stub(standing_pb2_grpc.StandingServiceStub)
        request = standing_pb2.ListStandingsRequest(leaderboard_id=board)
        assert len(stub.ListStandings(request).standings) == 21
        with client.live_view(leaderboard_id=board, top=1) as view:
            view.ready()
            for update in view:
                assert update.standings[0].player_id == "p19"
                break
        for message in client.watch_standings(leaderboard_id=board, top=1):
            assert message.HasField("snapshot")
            break
    with pytest.raises(rostrum.RostrumError) as raised:
        client.submit(leaderboard_id=board, player_id="ada", score=1)
    assert raised.value.reason == "CLIENT_CLOSED"


def test_another_event_loop_and_a_fork(server: Server, board: str) -> None:
    client = rostrum.connect(server.address, tls=server.tls())

    async def submit() -> None:
        await client.submit(leaderboard_id=board, player_id="ada", score=1)

    asyncio.run(submit())
    with pytest.raises(rostrum.RostrumError) as raised:
        asyncio.run(submit())
    assert raised.value.reason == "WRONG_EVENT_LOOP"
    asyncio.run(client.close())
