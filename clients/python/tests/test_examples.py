"""The examples, as processes that are killed."""

import contextlib
import json
import logging
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import match_server
import pytest
from conftest import Server
from service import ROOT

import rostrum
from rostrum.v1 import standing_pb2, standing_pb2_grpc

EXAMPLES = ROOT / "clients/python/examples"
IDS = (
    "SELECT submission_id FROM rostrum.submissions JOIN rostrum.leaderboards USING (board_no) "
    "WHERE leaderboard_id = $1"
)
ADDS_SCORES = """
import asyncio, sys, match_server, rostrum

async def main(file, board, round):
    async with rostrum.connect() as client, match_server.Outbox(client, file) as outbox:
        for n in range(10**9):
            id = f"{round}-{n}"
            score = rostrum.Submission(
                leaderboard_id=board, player_id="ada", score=1, submission_id=id
            )
            await outbox.add(score)
            print(id, flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


@contextlib.contextmanager
def python(server: Server, *arguments: str | Path) -> Iterator[Iterator[str]]:
    """Runs a program as writer; gives its lines, and kills it in the end."""
    process = subprocess.Popen(
        [sys.executable, "-X", "dev", "-W", "error", *arguments],
        env=os.environ | server.environment("writer") | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    try:
        yield map(str.strip, process.stdout)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def match_server_ends(server: Server, *arguments: str | Path) -> None:
    command = [sys.executable, "-X", "dev", "-W", "error", EXAMPLES / "match_server.py", *arguments]
    subprocess.run(command, env=os.environ | server.environment("writer"), timeout=60, check=True)


def test_each_score_counts_once_through_outages_and_kills(
    server: Server, board: str, tmp_path: Path
) -> None:
    file = tmp_path / "scores.db"
    taken: list[str] = []
    for round in range(4):
        if round % 2 == 0:
            server.service.ask("kill")  # it is away while the scores are made
        with python(server, "-c", ADDS_SCORES, file, board, str(round)) as lines:
            taken += [next(lines) for _ in range(200)]
        # The process was killed, with scores on their way.
        server.service.ask("start")
    match_server_ends(server, "--file", file, "--matches", "0")
    rows = server.service.ask("query", sql=IDS, values=[board])["rows"]
    recorded = [row["submission_id"] for row in rows]
    assert len(recorded) == len(set(recorded))
    assert set(recorded) >= set(taken)


def test_the_match_server_ends(server: Server, board: str, tmp_path: Path) -> None:
    match_server_ends(
        server,
        *("--file", tmp_path / "scores.db", "--leaderboard", board, "--matches", "10", "--pause", "0"),
    )
    with rostrum.sync.connect(server.address, tls=server.tls("reader")) as client:
        stub = client.stub(standing_pb2_grpc.StandingServiceStub)
        answer = stub.ListStandings(standing_pb2.ListStandingsRequest(leaderboard_id=board))
    assert [each.submissions for each in answer.standings] == [10, 10, 10, 10]


async def test_the_outbox_is_bounded_and_tells_what_is_refused(
    client: rostrum.Client, board: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def score(player_id: str) -> rostrum.Submission:
        return rostrum.Submission(leaderboard_id=board, player_id=player_id, score=1)

    file = str(tmp_path / "scores.db")
    async with match_server.Outbox(client, file, max_scores=2) as outbox:
        with pytest.raises(match_server.OutboxFull):
            await outbox.add(score("a"), score("b"), score("c"))
        with pytest.raises(rostrum.RostrumError):
            await outbox.add(score("a"), score("\ud800"))
        assert outbox.waiting == 0
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            match_server.Outbox(client, file)
        with caplog.at_level(logging.ERROR):
            await outbox.add(score("ada"), score("not an id"))
            await outbox.empty()
        assert "the score of not an id is lost" in caplog.text
        assert "ada" not in caplog.text


async def test_the_announcer_goes_on_where_it_was(
    server: Server, client: rostrum.Client, board: str, tmp_path: Path
) -> None:
    file = tmp_path / "state.json"

    async def submit(player_id: str, score: float) -> None:
        await client.submit(leaderboard_id=board, player_id=player_id, score=score)

    def wait_for_saved(player_id: str) -> None:
        while not file.exists() or player_id not in file.read_text():
            pass

    announcer = (EXAMPLES / "announcer.py", "--leaderboard", board, "--state", file)
    with python(server, *announcer) as lines:  # before the leaderboard exists
        await submit("ada", 10)
        assert next(lines) == "ada is number 1 with 10"
        await submit("bob", 20)
        assert next(lines) == "bob is number 1 with 20"
        wait_for_saved("bob")

    await submit("eve", 15)
    with python(server, *announcer) as lines:
        assert next(lines) == "eve is number 2 with 15"
        await submit("bob", 30)  # moves, and does not enter
        await submit("dan", 5)  # number 4
        await submit("cat", 40)
        assert next(lines) == "cat is number 1 with 40"
        wait_for_saved("cat")

    # A token that means nothing any more: what the top three were is known all the same.
    state = json.loads(file.read_text())
    file.write_text(json.dumps({**state, "resume_token": "x" + state["resume_token"][1:]}))
    await submit("ada", 50)
    with python(server, *announcer) as lines:
        assert next(lines) == "ada is number 1 with 50"
