"""Clients that are closed, streams that are shared, loops that are left, processes that fork."""

import asyncio
import gc
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from multiprocessing.connection import Connection
from typing import Any

import pytest
from conftest import Server

import rostrum
from rostrum.v1 import standing_pb2, standing_pb2_grpc, watch_pb2, watch_pb2_grpc


def reason_of(call: Callable[[], Any]) -> str | None:
    with pytest.raises(rostrum.RostrumError) as raised:
        call()
    return raised.value.reason


async def reason_in(awaitable: Any) -> str | None:
    with pytest.raises(rostrum.RostrumError) as raised:
        await awaitable
    return raised.value.reason


async def test_everything_of_a_closed_client_says_so(server: Server, board: str) -> None:
    client = rostrum.connect(server.address, tls=server.tls())
    score: dict[str, Any] = {"leaderboard_id": board, "player_id": "ada", "score": 1}
    await client.submit(**score)
    stream, view = client.stream(), client.live_view(leaderboard_id=board)
    changes = client.watch_changes(leaderboard_id=board)
    stub = client.stub(standing_pb2_grpc.StandingServiceStub)
    await client.close()
    await client.close()
    request = standing_pb2.ListStandingsRequest(leaderboard_id=board)
    for awaitable in (
        client.submit(**score),
        client.submit_batch([rostrum.Submission(**score)]),
        client.wait_for_ready(),
        stub.ListStandings(request),
        stream.ready(),
        stream.end(),
        view.ready(),
        anext(changes),
        anext(client.submit_all([rostrum.Submission(**score)])),
    ):
        assert await reason_in(awaitable) == "CLIENT_CLOSED"
    for call in (
        lambda: stream.submit(**score),
        lambda: client.stream(),
        lambda: client.live_view(leaderboard_id=board),
        lambda: client.watch_changes(leaderboard_id=board),
    ):
        assert reason_of(call) == "CLIENT_CLOSED"
    await view.aclose()
    await changes.aclose()
    await stream.abort()


def test_everything_of_a_closed_synchronous_client_says_so(server: Server, board: str) -> None:
    client = rostrum.sync.connect(server.address, tls=server.tls())
    score: dict[str, Any] = {"leaderboard_id": board, "player_id": "ada", "score": 1}
    client.submit(**score)
    stream, view = client.stream(), client.live_view(leaderboard_id=board)
    changes = client.watch_changes(leaderboard_id=board)
    stub = client.stub(standing_pb2_grpc.StandingServiceStub)
    client.close()
    client.close()
    request = standing_pb2.ListStandingsRequest(leaderboard_id=board)
    for call in (
        lambda: client.submit(**score),
        lambda: client.wait_for_ready(),
        lambda: stub.ListStandings(request),
        lambda: stream.submit(**score),
        lambda: stream.end(),
        lambda: view.ready(),
        lambda: next(changes),
        lambda: client.stream(),
        lambda: next(client.submit_all([rostrum.Submission(**score)])),
    ):
        assert reason_of(call) == "CLIENT_CLOSED"
    view.close()
    changes.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "rostrum"]


async def test_a_call_is_cancelled_before_during_and_after(
    server: Server, client: rostrum.Client, board: str
) -> None:
    await client.wait_for_ready()

    def submit() -> asyncio.Task[Any]:
        return asyncio.create_task(client.submit(leaderboard_id=board, player_id="ada", score=1))

    before = submit()
    before.cancel()
    server.service.ask("signal", signal="SIGSTOP")
    try:
        during = submit()
        await asyncio.sleep(0.1)
        during.cancel()
        for task in (before, during):
            with pytest.raises(asyncio.CancelledError):
                await task
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(submit(), 0.1)
    finally:
        server.service.ask("signal", signal="SIGCONT")
    after = submit()
    await after
    assert not after.cancel()
    assert after.result().standing.player_id == "ada"


async def test_submissions_of_a_stream_are_cancelled(
    server: Server, client: rostrum.Client, board: str
) -> None:
    async with client.stream(max_in_flight=1) as stream:
        first = stream.submit(leaderboard_id=board, player_id="ada", score=1)
        second = stream.submit(leaderboard_id=board, player_id="bob", score=1)
        second.cancel()
        third = stream.submit(leaderboard_id=board, player_id="cat", score=1)
        await first
        await third
    assert second.cancelled()
    assert server.service.count(COUNT, board) == 2


COUNT = (
    "SELECT count(*) FROM rostrum.submissions JOIN rostrum.leaderboards USING (board_no) "
    "WHERE leaderboard_id = $1"
)


async def test_many_tasks_share_a_stream(server: Server, client: rostrum.Client, board: str) -> None:
    async with client.stream(max_in_flight=50) as stream:

        async def submit(task: int) -> None:
            for n in range(100):
                await stream.ready()
                result = await stream.submit(leaderboard_id=board, player_id=f"p{task}", score=n + 1)
                assert result.standing.score == n + 1

        await asyncio.gather(*(submit(task) for task in range(10)))
    assert server.service.count(COUNT, board) == 1_000


def test_a_failure_that_nobody_saw_is_told_by_a_synchronous_stream(server: Server, board: str) -> None:
    bad: dict[str, Any] = {"leaderboard_id": board, "player_id": "not an id", "score": 1}
    with rostrum.sync.connect(server.address, tls=server.tls()) as client:
        stream = client.stream()
        stream.submit(**bad)
        assert reason_of(stream.end) == "SUBMISSIONS_FAILED"
        with client.stream() as stream:
            assert reason_of(stream.submit(**bad).result) == "INVALID_FIELD"
        told: list[str] = []
        with client.stream(on_error=lambda error, score: told.append(score.player_id)) as stream:
            stream.submit(**bad)
        assert told == ["not an id"]


def test_an_error_crosses_processes() -> None:
    nothing: Any = None
    with pytest.raises(rostrum.RostrumError) as raised:
        rostrum.Submission(leaderboard_id="b", player_id="ada", score=nothing).to_message()
    there = pickle.loads(pickle.dumps(raised.value))
    assert str(there) == str(raised.value)
    assert vars(there) == vars(raised.value)


def test_many_threads_share_a_synchronous_client(server: Server, board: str) -> None:
    with (
        rostrum.sync.connect(server.address, tls=server.tls()) as client,
        client.stream() as stream,
    ):

        def submit(thread: int) -> None:
            for n in range(25):
                client.submit(leaderboard_id=board, player_id=f"p{thread}", score=n + 1)
                stream.submit(leaderboard_id=board, player_id=f"q{thread}", score=n + 1).result()

        threads = [threading.Thread(target=submit, args=[each]) for each in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert server.service.count(COUNT, board) == 400


async def test_iterators_that_are_left_half_way_leave_nothing(
    client: rostrum.Client, board: str
) -> None:
    before = asyncio.all_tasks()
    await client.submit(leaderboard_id=board, player_id="ada", score=1)
    submissions = (
        rostrum.Submission(leaderboard_id=board, player_id=f"p{n}", score=n) for n in range(5_000)
    )
    async for _ in client.submit_all(submissions, max_in_flight=10):
        break
    async for _ in client.watch_changes(leaderboard_id=board):
        break
    async for _ in client.watch_standings(leaderboard_id=board):
        break
    stub = client.stub(watch_pb2_grpc.WatchServiceStub)
    async for _ in stub.WatchChanges(watch_pb2.WatchChangesRequest(leaderboard_id=board)):
        break
    async with client.live_view(leaderboard_id=board) as view:
        async for _ in view:
            break
    await until(lambda: gc.collect() >= 0 and asyncio.all_tasks() == before)
    assert [len(channels.calls) for channels in client._connection._for_watches] == [0]


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(1_000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it does not become true")


def test_synchronous_iterators_that_are_left_half_way_leave_nothing(server: Server, board: str) -> None:
    with rostrum.sync.connect(server.address, tls=server.tls()) as client:
        client.submit(leaderboard_id=board, player_id="ada", score=1)
        for _ in client.submit_all(
            rostrum.Submission(leaderboard_id=board, player_id=f"p{n}", score=n) for n in range(5_000)
        ):
            break
        for _ in client.watch_changes(leaderboard_id=board):
            break
        stub = client.stub(watch_pb2_grpc.WatchServiceStub)
        for _ in stub.WatchChanges(watch_pb2.WatchChangesRequest(leaderboard_id=board)):
            break
        with client.live_view(leaderboard_id=board) as view:
            for _ in view:
                break
        gc.collect()
        channels = client._inner._connection._for_watches
        client.submit(leaderboard_id=board, player_id="ada", score=2)
        assert [len(each.calls) for each in channels] == [0]


LEFT_OPEN = """
import asyncio, sys, rostrum

async def main(board):
    client = rostrum.connect()
    await client.submit(leaderboard_id=board, player_id="ada", score=1)
    async for _ in client.watch_changes(leaderboard_id=board):
        break
    view = client.live_view(leaderboard_id=board)
    await view.ready()
    stream = client.stream()
    stream.submit(leaderboard_id=board, player_id="ada", score=2)

asyncio.run(main(sys.argv[1]))
client = rostrum.sync.connect()
for _ in client.watch_changes(leaderboard_id=sys.argv[1]):
    break
view = client.live_view(leaderboard_id=sys.argv[1])
view.ready()
stream = client.stream()
stream.submit(leaderboard_id=sys.argv[1], player_id="ada", score=2)
print("done")
"""


def test_a_process_that_closes_nothing_ends_all_the_same(server: Server, board: str) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", LEFT_OPEN, board],
        env=os.environ | server.environment("writer") | {"PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=60,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "done\n")
    # gRPC's own poller may find the loop closed, and says so.
    assert done.stderr == "" or "PollerCompletionQueue._handle_events" in done.stderr


def test_an_event_loop_that_is_closed_under_a_client(server: Server, board: str) -> None:
    client = rostrum.connect(server.address, tls=server.tls())
    left: dict[str, Any] = {}

    async def begin() -> None:
        await client.submit(leaderboard_id=board, player_id="ada", score=1)
        left["stream"] = client.stream()
        left["view"] = client.live_view(leaderboard_id=board)
        left["changes"] = client.watch_changes(leaderboard_id=board)
        await left["view"].ready()
        await anext(left["changes"])

    async def go_on() -> None:
        with pytest.raises(rostrum.RostrumError):
            left["stream"].submit(leaderboard_id=board, player_id="ada", score=1)
        for awaitable in (
            client.submit(leaderboard_id=board, player_id="ada", score=1),
            client.wait_for_ready(),
            anext(left["changes"]),
        ):
            assert await reason_in(awaitable) == "WRONG_EVENT_LOOP"
        assert left["view"].state == "closed"
        await left["view"].aclose()
        await left["changes"].aclose()
        await left["stream"].abort()
        await client.close()

    asyncio.run(begin())
    asyncio.run(go_on())
    left.clear()
    gc.collect()


async def test_two_faces_in_one_process(
    server: Server, client: rostrum.Client, board: str, caplog: pytest.LogCaptureFixture
) -> None:
    def use() -> None:
        with rostrum.sync.connect(server.address, tls=server.tls()) as other:
            for n in range(50):
                other.submit(leaderboard_id=board, player_id="ada", score=n)

    thread = asyncio.create_task(asyncio.to_thread(use))
    for n in range(50):
        await client.submit(leaderboard_id=board, player_id="bob", score=n)
    await thread
    # Two loops wait on one queue of gRPC, and its poller tells when the other was first.
    ours = [each for each in caplog.records if "PollerCompletionQueue" not in each.getMessage()]
    assert [record for record in ours if record.levelname != "DEBUG"] == []


def in_child(results: Connection, use: Callable[[], str]) -> None:
    results.send(use())


def forked(use: Callable[[], str]) -> str:
    """What a function answers in a child process that is forked."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    child = context.Process(target=in_child, args=(theirs, use))
    child.start()
    try:
        assert ours.poll(20), "the child hangs"
        return str(ours.recv())
    finally:
        child.kill()
        child.join()


def test_a_fork_after_the_first_call_is_told_in_the_child(server: Server, board: str) -> None:
    score: dict[str, Any] = {"leaderboard_id": board, "player_id": "ada", "score": 1}

    def reason(use: Callable[[], Any]) -> str:
        try:
            use()
        except rostrum.RostrumError as error:
            return str(error.reason)
        return "it works"

    def with_a_new_client() -> None:
        with rostrum.sync.connect(server.address, tls=server.tls()) as new:
            new.submit(**score)

    with rostrum.sync.connect(server.address, tls=server.tls()) as client:
        client.submit(**score)
        stream, changes = client.stream(), client.watch_changes(leaderboard_id=board)
        next(changes)
        for use in (
            lambda: client.submit(**score),
            lambda: stream.submit(**score),
            lambda: next(changes),
            with_a_new_client,
        ):
            assert forked(lambda use=use: reason(use)) == "CLIENT_FORKED"  # type: ignore[misc]
        for _ in range(30):
            assert forked(lambda: "it lives") == "it lives"
        client.submit(**score)
    assert forked(lambda: reason(with_a_new_client)) == "CLIENT_FORKED"

    async def use_in_both() -> None:
        async with rostrum.connect(server.address, tls=server.tls()) as client:
            await client.submit(**score)
            assert forked(lambda: reason(lambda: asyncio.run(use_new()))) == "CLIENT_FORKED"
            await client.submit(**score)

    async def use_new() -> None:
        async with rostrum.connect(server.address, tls=server.tls()) as new:
            await new.submit(**score)

    asyncio.run(use_in_both())


FORKS_FIRST = """
import os, sys, rostrum

client = rostrum.connect()  # reads the certificates
if pid := os.fork():
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
with rostrum.sync.connect() as client:
    client.submit(leaderboard_id=sys.argv[1], player_id="ada", score=1)
"""


def test_a_child_that_makes_the_first_call_works(server: Server, board: str) -> None:
    subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", FORKS_FIRST, board],
        env=os.environ | server.environment("writer") | {"PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=60,
        check=True,
    )
    assert server.service.count(COUNT, board) == 1


def test_ctrl_c_ends_a_synchronous_call(server: Server, board: str) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with rostrum.sync.connect(server.address, tls=server.tls()) as client:
        client.submit(leaderboard_id=board, player_id="ada", score=1)
        changes = client.watch_changes(leaderboard_id=board)
        next(changes)
        before = signal.signal(signal.SIGALRM, interrupt)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            with pytest.raises(KeyboardInterrupt):
                next(changes)
        finally:
            signal.signal(signal.SIGALRM, before)
        client.submit(leaderboard_id=board, player_id="ada", score=2)
        assert next(changes).changes[0].standing.score == 2


async def test_calls_go_on_while_one_of_two_addresses_is_dead(server: Server, board: str) -> None:
    addresses = ["127.0.0.1:1", server.address]
    async with rostrum.connect(addresses, tls=server.tls()) as client:
        await client.wait_for_ready()
        await asyncio.gather(
            *(client.submit(leaderboard_id=board, player_id=f"p{n}", score=n) for n in range(50))
        )
        async with client.live_view(leaderboard_id=board) as view:
            await view.ready()
            assert view.total_players == 50


async def test_a_source_of_submissions_that_fails(client: rostrum.Client, board: str) -> None:
    async def source() -> AsyncIterator[rostrum.Submission]:
        yield rostrum.Submission(leaderboard_id=board, player_id="ada", score=1)
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        [item async for item in client.submit_all(source())]
