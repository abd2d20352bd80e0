"""A match server: it plays matches, and streams their scores to Rostrum.

While Rostrum is away the scores wait on disk, and they survive the end of this process too; each
counts once.

    python match_server.py --file scores.db --leaderboard arena

It connects as the environment says: ROSTRUM_ADDRESS, ROSTRUM_TLS_CA, ROSTRUM_TLS_CERT,
ROSTRUM_TLS_KEY.
"""

import argparse
import asyncio
import contextlib
import itertools
import logging
import math
import random
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any, TypeVar

import grpc

import rostrum
from rostrum.v1 import score_pb2

T = TypeVar("T")
log = logging.getLogger("match_server")


class OutboxFull(Exception):
    """So many scores wait that no more are taken."""


class Outbox:
    """Scores on disk until the service has recorded them, each once: they keep their ids.

    Use it as `async with`. One process at a time has the file; what waits in the end is sent by
    whoever opens it next.
    """

    def __init__(self, client: rostrum.Client, file: str, *, max_scores: int = 100_000) -> None:
        self.waiting: int
        """How many scores wait. It is what to watch: 0 on a good day."""
        self._client = client
        self._max_scores = max_scores
        self._added = asyncio.Event()
        self._settled = asyncio.Event()
        # One thread for the disk, which may take its time: the event loop does not wait for it.
        self._disk = ThreadPoolExecutor(1, "outbox")
        self._database = _open(file)
        (self.waiting,) = self._database.execute("SELECT count(*) FROM scores").fetchone()

    async def add(self, *submissions: rostrum.Submission) -> None:
        """Returns when the scores are on disk: from then on they are sent, whatever happens.

        Raises OutboxFull, sqlite3.Error, or RostrumError with INVALID_FIELD; then it has taken none.
        """
        messages = [_with_id_and_time(submission).to_message() for submission in submissions]
        rows = [(message.SerializeToString(),) for message in messages]
        try:
            await self._on_disk(self._insert, rows)
        finally:
            self._added.set()

    async def empty(self) -> None:
        """Waits until no score waits."""
        while self.waiting > 0:
            self._settled.clear()
            await self._settled.wait()

    async def __aenter__(self) -> "Outbox":
        self._sender = asyncio.create_task(self._send())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._sender.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._sender
        await self._on_disk(self._database.close)
        self._disk.shutdown()

    async def _send(self) -> None:
        while True:
            try:
                # For as long as it takes: an outage of hours is why this class exists.
                async with self._client.stream(give_up_after=math.inf) as stream:
                    while True:
                        await self._send_oldest(stream)
            except (rostrum.RostrumError, sqlite3.Error) as error:
                log.warning("scores wait: %s", error)
                await asyncio.sleep(5)

    async def _send_oldest(self, stream: rostrum.ScoreStream) -> None:
        """Sends the oldest scores in their order, and deletes those that have an answer."""
        self._added.clear()
        rows = await self._on_disk(self._select)
        if not rows:
            await self._added.wait()
            return
        messages = [score_pb2.ScoreSubmission.FromString(row) for _, row in rows]
        submissions = [rostrum.Submission.from_message(message) for message in messages]
        errors = await asyncio.gather(*(_error(stream, submission) for submission in submissions))
        answered: list[tuple[int]] = []
        for (number, _), submission, error in zip(rows, submissions, errors, strict=True):
            if error is None:
                answered.append((number,))
            elif _is_final(error):
                answered.append((number,))
                log.error("the score of %s is lost: %s", submission.player_id, error)
        await self._on_disk(self._delete, answered)
        self._settled.set()
        for error in errors:
            if error is not None and not _is_final(error):
                raise error

    async def _on_disk(self, function: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._disk, function, *args)

    def _insert(self, rows: list[tuple[bytes]]) -> None:
        if self.waiting + len(rows) > self._max_scores:
            raise OutboxFull(f"{self.waiting} scores wait already")
        with self._database:
            self._database.executemany("INSERT INTO scores (submission) VALUES (?)", rows)
        self.waiting += len(rows)

    def _select(self) -> list[tuple[int, bytes]]:
        query = "SELECT number, submission FROM scores ORDER BY number LIMIT 1000"
        return self._database.execute(query).fetchall()

    def _delete(self, numbers: list[tuple[int]]) -> None:
        with self._database:
            self._database.executemany("DELETE FROM scores WHERE number = ?", numbers)
        self.waiting -= len(numbers)


def _open(file: str) -> sqlite3.Connection:
    database = sqlite3.connect(file, timeout=0, check_same_thread=False)
    try:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")  # a second process is refused
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")  # a commit outlives a loss of power
        table = "scores (number INTEGER PRIMARY KEY, submission BLOB NOT NULL)"
        database.execute(f"CREATE TABLE IF NOT EXISTS {table}")
    except sqlite3.Error:
        database.close()
        raise
    return database


async def _error(
    stream: rostrum.ScoreStream, submission: rostrum.Submission
) -> rostrum.RostrumError | None:
    try:
        await stream.send(submission)
    except rostrum.RostrumError as error:
        return error
    return None


def _is_final(error: rostrum.RostrumError) -> bool:
    """Whether the service would say the same again. All else may pass."""
    return error.reason == "MESSAGE_TOO_LARGE" or error.code in (
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.ALREADY_EXISTS,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.UNIMPLEMENTED,
    )


def _with_id_and_time(submission: rostrum.Submission) -> rostrum.Submission:
    """An id before the first attempt, and a time.

    The time decides on LATEST leaderboards: a score that waited must not pass for the newest.
    """
    time = submission.client_time or datetime.now(timezone.utc)
    return replace(submission.with_id(), client_time=time)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", default="scores.db", help="where scores wait")
    parser.add_argument("--leaderboard", default="arena")
    parser.add_argument("--matches", type=int, help="end after so many, when all scores are recorded")
    parser.add_argument("--pause", type=float, default=0.1, help="seconds between two matches")
    options = parser.parse_args()
    async with rostrum.connect() as client, Outbox(client, options.file) as outbox:
        matches = itertools.count() if options.matches is None else range(options.matches)
        for _ in matches:
            scores = [
                rostrum.Submission(
                    leaderboard_id=options.leaderboard,
                    player_id=f"player-{player}",
                    score=random.randrange(1_000),
                )
                for player in range(1, 5)
            ]
            try:
                # The players see their scores at once; their ranks come when they come.
                await outbox.add(*scores)
            except (OutboxFull, sqlite3.Error) as error:
                log.error("the scores of a match are lost: %s", error)
            await asyncio.sleep(options.pause)
        await outbox.empty()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
