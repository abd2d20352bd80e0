"""What Python makes easy to get wrong: the error is the documented one, and it comes at the call."""

import asyncio
import math
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from conftest import Server

import rostrum
from rostrum.v1 import score_pb2, standing_pb2, standing_pb2_grpc

Call = Callable[..., Any]


@pytest.fixture(params=["asyncio", "sync"])
def refused(request: pytest.FixtureRequest, server: Server) -> Callable[[Callable[[Any], Any]], Any]:
    """Makes a call with a client of either face; gives the error that it raises."""

    async def with_asyncio(call: Call) -> None:
        async with rostrum.connect(server.address, tls=server.tls()) as client:
            made = call(client)
            if asyncio.iscoroutine(made):
                await made

    def make(call: Call) -> Any:
        with pytest.raises((rostrum.RostrumError, TypeError)) as raised:
            if request.param == "asyncio":
                asyncio.run(with_asyncio(call))
            else:
                with rostrum.sync.connect(server.address, tls=server.tls()) as client:
                    call(client)
        return raised.value

    return make


def recursive() -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    metadata["self"] = metadata
    return metadata


def nested(depth: int) -> dict[str, Any]:
    return {"in": nested(depth - 1)} if depth else {}


def submit_with(keywords: dict[str, Any]) -> Call:
    good = {"leaderboard_id": "bad", "player_id": "ada", "score": 1}
    return lambda client: client.submit(**good | keywords)


@pytest.mark.parametrize(
    "keywords",
    [
        {"score": math.nan},
        {"score": math.inf},
        {"score": 2**53},
        {"score": 10**400},
        {"score": None},
        {"score": "12"},
        {"score": True},
        {"subscore": None},
        {"leaderboard_id": None},
        {"leaderboard_id": ""},
        {"leaderboard_id": "x" * 129},
        {"player_id": b"ada"},
        {"player_id": "\ud800"},
        {"submission_id": 0},
        {"display_name": "\ud800"},
        {"display_name": 0},
        {"client_time": datetime(2026, 1, 1)},
        {"client_time": datetime.min},
        {"client_time": datetime.min.replace(tzinfo=timezone.utc)},
        {"client_time": datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))},
        {"client_time": 0},
        {"client_time": "2026-01-01"},
        {"metadata": []},
        {"metadata": {1: 2}},
        {"metadata": {"a": math.inf}},
        {"metadata": {"a": 2**53 + 1}},
        {"metadata": {"a": "\ud800"}},
        {"metadata": {"a": [{"b": {1, 2}}]}},
        {"metadata": recursive()},
        {"metadata": nested(200)},
        {"new_leaderboard": {}},
    ],
    ids=lambda keywords: next(iter(keywords)),
)
def test_a_bad_field_is_named(refused: Call, keywords: dict[str, Any]) -> None:
    error = refused(submit_with(keywords))
    assert error.reason == "INVALID_FIELD"
    assert error.field_violations[0].field.split(".")[0].split(" ")[0] == next(iter(keywords))


@pytest.mark.parametrize(
    ("field", "keywords"),
    [
        ("leaderboard_id", {"leaderboard_id": None}),
        ("leaderboard_id", {"leaderboard_id": "\ud800"}),
        ("top", {"top": "3"}),
        ("top", {"top": 1.5}),
        ("top", {"top": 10**20}),
        ("around", {"around": 5}),
        ("count", {"around": "ada", "count": "3"}),
        ("players", {"players": "ada"}),
        ("players", {"players": 5}),
        ("players", {"players": [None]}),
        ("players", {"players": ["\ud800"]}),
        ("season_id", {"season_id": None}),
        ("min_interval", {"min_interval": math.nan}),
        ("min_interval", {"min_interval": 1e300}),
        ("min_interval", {"min_interval": "1"}),
    ],
)
@pytest.mark.parametrize("method", ["watch_standings", "live_view"])
def test_a_bad_field_of_a_watch_is_named(
    refused: Call, method: str, field: str, keywords: dict[str, Any]
) -> None:
    error = refused(lambda client: getattr(client, method)(**{"leaderboard_id": "bad"} | keywords))
    assert (error.reason, error.field_violations[0].field) == ("INVALID_FIELD", field)


@pytest.mark.parametrize("keywords", [{"resume_token": None}, {"player_ids": None}, {"player_ids": [5]}])
def test_a_bad_field_of_a_watch_of_changes_is_named(refused: Call, keywords: dict[str, Any]) -> None:
    error = refused(lambda client: client.watch_changes(leaderboard_id="bad", **keywords))
    assert (error.reason, error.field_violations[0].field) == ("INVALID_FIELD", next(iter(keywords)))


@pytest.mark.parametrize(
    "call",
    [
        submit_with({"timeout": math.nan}),
        submit_with({"timeout": "1"}),
        submit_with({"on_duplicate": None}),
        lambda client: client.wait_for_ready(timeout=math.nan),
        lambda client: client.submit_batch([], timeout=math.nan),
        lambda client: client.stream(max_in_flight=0),
        lambda client: client.stream(max_pending=math.nan),
        lambda client: client.stream(give_up_after=-1),
        lambda client: client.stream(on_error="print"),
        lambda client: client.watch_standings(leaderboard_id="bad", top=1, around="ada"),
        lambda client: client.watch_standings(leaderboard_id="bad", count=3),
        lambda client: client.watch_changes(leaderboard_id="bad", on_live=5),
        lambda client: client.live_view(leaderboard_id="bad", on_state=5),
    ],
)
def test_options_that_mean_nothing(refused: Call, call: Call) -> None:
    assert refused(call).reason == "INVALID_OPTIONS"


@pytest.mark.parametrize(
    "call",
    [
        submit_with({"scoer": 1}),
        lambda client: client.stream().submit(leaderboard_id="bad", player_id="ada", scoer=1),
        lambda client: client.watch_changes(leaderbord_id="bad"),
        lambda client: client.wait_for_ready(timeuot=1),
        lambda client: get_standing(client)(standing_pb2.GetStandingRequest(), timeuot=1),
        lambda client: get_standing(client)(None),
        lambda client: get_standing(client)({}),
        lambda client: client.submit_batch(None),
    ],
)
def test_a_misspelt_keyword_or_a_foreign_type_is_a_type_error(refused: Call, call: Call) -> None:
    assert isinstance(refused(call), TypeError)


def get_standing(client: Any) -> Any:
    return client.stub(standing_pb2_grpc.StandingServiceStub).GetStanding


async def test_what_is_no_submission_is_told(client: rostrum.Client, board: str) -> None:
    good = rostrum.Submission(leaderboard_id=board, player_id="ada", score=1)
    nothing: Any = None
    items = await client.submit_batch(each for each in (good, nothing))
    assert isinstance(items[0], score_pb2.ScoreResult)
    assert isinstance(items[1], rostrum.RostrumError) and "submissions[1]" in items[1].message
    async with client.stream() as stream:
        with pytest.raises(rostrum.RostrumError, match="not None"):
            stream.send(nothing)
    with pytest.raises(rostrum.RostrumError, match="not None"):
        [item async for item in client.submit_all([nothing])]


@pytest.mark.parametrize(
    "address", ["", "x", "a:0", "a:65536", "a:1,,b:2", "\ud800:1", "http://a:1", [], 5]
)
def test_addresses_that_are_none(server: Server, address: Any) -> None:
    for connect in (rostrum.connect, rostrum.sync.connect):
        with pytest.raises(rostrum.RostrumError) as raised:
            connect(address, tls=server.tls())
        assert raised.value.reason == "INVALID_OPTIONS"


@pytest.mark.parametrize(
    ("reason", "keywords"),
    [
        ("INVALID_OPTIONS", {"ca": None}),
        ("INVALID_OPTIONS", {"server_name": 5}),
        ("CERTIFICATE_FILE_MISSING", {"key": "\ud800"}),
        ("CERTIFICATE_FILE_MISSING", {"key": "\0"}),
        ("CERTIFICATE_INVALID", {"cert": Path("/")}),
        ("CERTIFICATE_INVALID", {"cert": "/dev/zero"}),
        ("INVALID_OPTIONS", {"key": "-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----"}),
        ("CERTIFICATE_INVALID", {"ca": b""}),
        ("CERTIFICATE_INVALID", {"ca": b"-----BEGIN CERTIFICATE-----"}),
        ("CERTIFICATE_INVALID", {"key": b"-----BEGIN PRIVATE KEY-----"}),
    ],
)
def test_certificates_that_are_none(server: Server, reason: str, keywords: dict[str, Any]) -> None:
    good = server.tls()
    parts = {"ca": good.ca, "cert": good.cert, "key": good.key} | keywords
    with pytest.raises(rostrum.RostrumError) as raised:
        rostrum.connect(server.address, tls=rostrum.Tls(**parts))
    assert raised.value.reason == reason
    raised.value.message.encode()  # it can be printed


def test_a_key_of_another_certificate(server: Server) -> None:
    tls = rostrum.Tls(ca=server.tls().ca, cert=server.tls().cert, key=server.tls("reader").key)
    with pytest.raises(rostrum.RostrumError, match="do not belong together"):
        rostrum.connect(server.address, tls=tls)


def test_a_relative_path_is_that_of_the_directory_in_which_connect_is_called(
    server: Server, board: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = rostrum.Tls(ca="ca.crt", cert="writer.crt", key="writer.key")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(rostrum.RostrumError) as raised:
        rostrum.connect(server.address, tls=tls)
    assert raised.value.reason == "CERTIFICATE_FILE_MISSING"
    assert str(tmp_path / "ca.crt") in raised.value.message
    monkeypatch.chdir(server.certificates)
    with rostrum.sync.connect(server.address, tls=tls) as client:
        monkeypatch.chdir(tmp_path)
        client.submit(leaderboard_id=board, player_id="ada", score=1)
        assert client._inner._connection.settings.tls.renewed() is None  # it knows where they were


def test_certificates_from_memory(server: Server, board: str) -> None:
    def read(file: object) -> bytes:
        assert isinstance(file, Path)
        return file.read_bytes()

    tls = server.tls()
    in_memory = rostrum.Tls(ca=read(tls.ca), cert=read(tls.cert), key=read(tls.key))
    with rostrum.sync.connect(server.address, tls=in_memory) as client:
        client.submit(leaderboard_id=board, player_id="ada", score=1)


def test_rotated_certificates_are_used_from_the_next_call_on(
    server: Server, board: str, tmp_path: Path
) -> None:
    def make() -> None:
        server.service.ask(
            "make",
            directory=str(tmp_path),
            identities=["writer/writer"],
            hosts=["localhost", "127.0.0.1"],
        )

    def connect() -> rostrum.sync.Client:
        tls = rostrum.Tls(
            ca=tmp_path / "ca.crt", cert=tmp_path / "writer.crt", key=tmp_path / "writer.key"
        )
        return rostrum.sync.connect(address, tls=tls)

    def submit(client: rostrum.sync.Client) -> None:
        client.submit(leaderboard_id=board, player_id="ada", score=1)

    make()
    files = {"CA": "ca.crt", "CERT": "server.crt", "KEY": "server.key"}
    settings = {f"ROSTRUM_TLS_{name}": str(tmp_path / file) for name, file in files.items()}
    address = server.service.ask("start", server="rotated", settings=settings)["address"]
    try:
        with connect() as client:
            submit(client)
            for file in tmp_path.iterdir():
                file.unlink()
            make()  # a new authority too
            server.service.ask("kill", server="rotated")
            server.service.ask("start", server="rotated", settings=settings)
            submit(client)
            with connect() as another:
                submit(another)
    finally:
        server.service.ask("kill", server="rotated")


async def test_a_message_of_4_mib(client: rostrum.Client, board: str) -> None:
    limit = 4 * 1024 * 1024
    with pytest.raises(rostrum.RostrumError) as raised:
        await client.submit(leaderboard_id=board, player_id="ada", score=1, metadata={"a": "x" * limit})
    assert raised.value.reason == "MESSAGE_TOO_LARGE"
    async with client.stream() as stream:
        with pytest.raises(rostrum.RostrumError) as raised:
            stream.submit(leaderboard_id=board, player_id="ada", score=1, metadata={"a": "x" * limit})
        assert raised.value.reason == "MESSAGE_TOO_LARGE"
        # One below it is for the service to judge, and the stream goes on.
        large = stream.submit(
            leaderboard_id=board, player_id="ada", score=1, metadata={"a": "x" * (limit - 1_000)}
        )
        await stream.submit(leaderboard_id=board, player_id="bob", score=1)
        with pytest.raises(rostrum.RostrumError) as raised:
            await large
        assert raised.value.reason == "INVALID_FIELD"


async def test_times_to_the_microsecond_and_ids_of_the_whole_range(
    server: Server, client: rostrum.Client
) -> None:
    characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-"
    longest = (characters * 2)[:128]
    times = [
        datetime.fromtimestamp(0, timezone.utc),
        datetime(2026, 1, 2, 3, 4, 5, 123_456, timezone(timedelta(hours=5, minutes=45))),
    ]
    for index, time in enumerate(times):
        result = await client.submit(
            leaderboard_id=longest,
            player_id=longest,
            score=index,
            submission_id=f"{index}{longest[1:]}",
            client_time=time,
        )
        assert result.standing.player_id == longest
    sql = (
        "SELECT submission_id, client_us::text "
        "FROM rostrum.submissions JOIN rostrum.leaderboards USING (board_no) "
        "WHERE leaderboard_id = $1 ORDER BY submission_id"
    )
    rows = server.service.ask("query", sql=sql, values=[longest])["rows"]
    since = [timedelta(microseconds=int(row["client_us"])) for row in rows]
    assert since == [time - times[0] for time in times]
    assert [row["submission_id"] for row in rows] == [f"{index}{longest[1:]}" for index in range(2)]


async def test_timeouts_of_any_length(client: rostrum.Client, board: str) -> None:
    for timeout in (math.inf, 1e300, 60 * 86_400):
        await client.submit(leaderboard_id=board, player_id="ada", score=1, timeout=timeout)
    for timeout in (0, -1, 1e-9):
        try:  # a fast machine may answer before gRPC looks at the clock
            await client.submit(leaderboard_id=board, player_id="ada", score=1, timeout=timeout)
        except rostrum.RostrumError as error:
            assert error.reason == "DEADLINE_EXCEEDED"


async def test_any_retry_makes_a_client(server: Server, board: str) -> None:
    for backoff in (1e-9, 1e9, math.inf):
        retry = rostrum.Retry(initial_backoff=backoff, max_backoff=backoff)
        async with rostrum.connect(server.address, tls=server.tls(), retry=retry) as client:
            await client.submit(leaderboard_id=board, player_id="ada", score=1)
