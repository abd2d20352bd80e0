"""Many submissions over one call."""

import asyncio
import contextlib
import math
from collections import deque
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import grpc
from grpc import aio

from rostrum.connection import Connection, encode
from rostrum.errors import RostrumError, client_closed
from rostrum.settings import Backoff, check_callbacks, positive, reopen_wait, retry_wait
from rostrum.submission import (
    Json,
    OnDuplicate,
    Submission,
    check_on_duplicate,
    check_submission,
    outcome_of,
)
from rostrum.unsure import may_be_done_after, may_be_done_after_stream, may_be_recorded
from rostrum.v1 import score_pb2

_PATH = "/rostrum.v1.ScoreService/StreamScores"
_MAX_KEPT = 1_024


class ScoreFuture(asyncio.Future[score_pb2.ScoreResult]):
    """The result of one submission; it knows whether anybody has asked for it."""

    observed = False

    def __await__(self) -> Generator[Any, None, score_pb2.ScoreResult]:
        self.observed = True
        return super().__await__()

    def result(self) -> score_pb2.ScoreResult:
        self.observed = True
        return super().result()

    def exception(self) -> BaseException | None:
        self.observed = True
        return super().exception()

    def add_done_callback(self, *args: Any, **options: Any) -> None:
        self.observed = True
        super().add_done_callback(*args, **options)

    def on_done(
        self, tell: Callable[[score_pb2.ScoreResult | None, BaseException | None], None]
    ) -> None:
        """Tells the outcome to somebody who does not look at it himself."""

        def done(_: object) -> None:
            if self.cancelled():
                tell(None, client_closed())
            elif (error := super(ScoreFuture, self).exception()) is not None:
                tell(None, error)
            else:
                tell(super(ScoreFuture, self).result(), None)

        super().add_done_callback(done)

    def refuse(self, error: BaseException) -> None:
        """Fails without asyncio's complaint at the end of one that nobody asked for."""
        observed = self.observed
        self.set_exception(error)
        self.exception()
        self.observed = observed


@dataclass(eq=False)
class _Entry:
    submission: Submission
    message: score_pb2.ScoreSubmission
    payload: bytes
    future: ScoreFuture
    item: score_pb2.ScoreResult | RostrumError | None = None
    """The final answer, kept until those before it have theirs."""
    refusal: RostrumError | None = None
    """The last refusal that a retry may mend."""
    refused_since: float = math.inf
    unsure: bool = False
    """It was sent, and may have been recorded without an answer that says so."""


class ScoreStream:
    """Results come in the order of the submissions.

    When the connection is lost, or the store of record is away, what was not answered is sent again
    with the same submission ids, so that nothing counts twice. Any number of tasks of the client's
    event loop may submit to one stream.

    A failed submission is told to whoever asks for its result, else to `on_error`, else to whoever
    awaits `end`.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        max_in_flight: int,
        max_pending: int,
        give_up_after: float,
        on_duplicate: OnDuplicate,
        on_error: Callable[[RostrumError, Submission], None] | None,
    ) -> None:
        check_on_duplicate(on_duplicate)
        check_callbacks(on_error=on_error)
        self._connection = connection
        self._max_in_flight = positive("max_in_flight", max_in_flight)
        self._max_pending = positive("max_pending", max_pending)
        self._give_up_after = positive("give_up_after", give_up_after)
        self._on_duplicate = on_duplicate
        self._on_error = on_error
        self._backoff = Backoff(connection.settings.retry)
        self._entries: deque[_Entry] = deque()
        self._unsent: deque[_Entry] = deque()
        self._in_flight: deque[_Entry] = deque()
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._ending = False
        self._paused = False
        self._retry_after = 0.0
        self._failing_since: float | None = None
        self._failure: BaseException | None = None
        self._unseen: deque[tuple[ScoreFuture, BaseException]] = deque()
        self._unseen_dropped = 0
        self._failed = 0
        self._loop = connection.use()
        connection.on_close.add(self._close)
        self._runner = self._loop.create_task(self._run())

    @property
    def pending(self) -> int:
        """How many submissions have no result yet."""
        return len(self._entries)

    @property
    def failed(self) -> int:
        """How many submissions have failed so far."""
        return self._failed

    def submit(
        self,
        *,
        leaderboard_id: str,
        player_id: str,
        score: float,
        subscore: float = 0.0,
        submission_id: str | None = None,
        client_time: datetime | None = None,
        display_name: str | None = None,
        metadata: Mapping[str, Json] | None = None,
        new_leaderboard: score_pb2.NewLeaderboard | None = None,
    ) -> ScoreFuture:
        """Takes one score at once; await what it returns for the result.

        Await `ready` now and then, to keep the stream full without piling up submissions.
        Raises INVALID_FIELD, MESSAGE_TOO_LARGE, STREAM_ENDED, STREAM_FULL, CLIENT_CLOSED, and what
        made the stream fail.
        """
        return self.send(
            Submission(
                leaderboard_id=leaderboard_id,
                player_id=player_id,
                score=score,
                subscore=subscore,
                submission_id=submission_id,
                client_time=client_time,
                display_name=display_name,
                metadata=metadata,
                new_leaderboard=new_leaderboard,
            )
        )

    def send(self, submission: Submission) -> ScoreFuture:
        """As `submit`, for a submission that is made already."""
        if self._failure is not None:
            raise self._failure
        self._connection.use()
        if self._ending:
            raise _precondition("STREAM_ENDED", "the score stream has ended")
        if len(self._entries) >= self._max_pending:
            raise RostrumError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                "STREAM_FULL",
                f"{self._max_pending} submissions are waiting already; await ready() before more",
            )
        message = check_submission(submission).to_message()
        payload = encode(score_pb2.StreamScoresRequest(submission=message))
        entry = _Entry(submission, message, payload, ScoreFuture(loop=self._loop))
        self._entries.append(entry)
        self._unsent.append(entry)
        self._wake.set()
        return entry.future

    async def ready(self) -> None:
        """Waits until a submission would be sent without waiting for others.

        Raises what made the stream fail.
        """
        self._connection.use()
        while self._failure is None and len(self._entries) >= self._max_in_flight:
            self._room.clear()
            await self._room.wait()
        if self._failure is not None:
            raise self._failure
        # A loop that only submits lets nothing be sent otherwise.
        await asyncio.sleep(0)

    async def end(self) -> None:
        """Takes no more submissions, and waits until all have their results.

        Raises what made the stream fail, or SUBMISSIONS_FAILED where single submissions failed whose
        results nobody has asked for, and there is no `on_error`.
        """
        self._ending = True
        self._wake.set()
        await self._connection.ended(self._runner)
        if self._failure is not None:
            raise self._failure
        await asyncio.sleep(0)  # whoever awaits a result asks for it a turn later than it looks
        unseen = [error for future, error in self._unseen if not future.observed]
        count = len(unseen) + self._unseen_dropped
        if count:
            what = "one submission" if count == 1 else f"{count} submissions"
            first = unseen[0] if unseen else None
            raise RostrumError(
                grpc.StatusCode.ABORTED,
                "SUBMISSIONS_FAILED",
                f"{what} failed and nobody looked at the result; the last ones: {first}",
                metadata={"count": str(count)},
            ) from first

    async def abort(self) -> None:
        """Ends the stream now; what was not answered fails with STREAM_ENDED."""
        self._fail(_precondition("STREAM_ENDED", "the score stream was ended before the answer"))
        await self._connection.ended(self._runner)

    async def __aenter__(self) -> "ScoreStream":
        return self

    async def __aexit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if error is None:
            await self.end()
        elif isinstance(error, Exception):
            with contextlib.suppress(RostrumError):
                await self.end()  # what was taken is sent all the same
        else:
            await self.abort()

    async def _close(self) -> None:
        self._fail(client_closed())
        await self._connection.ended(self._runner)

    async def _run(self) -> None:
        try:
            while await self._has_work():
                lost = await self._converse()
                if self._failure is None and self._entries:
                    await self._wait_to_reopen(lost)
                    self._requeue()
        except asyncio.CancelledError:
            if self._failure is None:
                self._fail(client_closed())
        except Exception as error:
            self._fail(error)
        finally:
            self._ending = True
            self._connection.on_close.discard(self._close)
            self._room.set()

    async def _has_work(self) -> bool:
        while self._failure is None:
            if self._unsent:
                return True
            if self._ending and not self._entries:
                return False
            self._wake.clear()
            await self._wake.wait()
        return False

    async def _wait_to_reopen(self, lost: RostrumError | None) -> None:
        wait = 0.0
        if lost is not None:
            reopen = reopen_wait(lost)
            if reopen is None:
                raise lost
            wait = reopen
            self._failing_since = self._failing_since or self._loop.time()
            explained = None
            if lost.reason == "CONNECTION_FAILED":
                explained = await self._connection.explain()
            tired = self._loop.time() - self._failing_since >= self._give_up_after
            if tired or (explained and explained[1]):
                raise explained[0] if explained else lost
        await self._connection.sleep(self._backoff.next(max(wait, self._retry_after)))
        self._retry_after = 0.0

    async def _converse(self) -> RostrumError | None:
        """One call, from its opening to its end; returns how it was lost."""
        call = self._connection.open("stream_stream", _PATH, score_pb2.StreamScoresResponse.FromString)
        self._wake.set()
        writer = self._loop.create_task(self._write(call))
        try:
            while self._failure is None:
                response = await call.read()
                if response is aio.EOF:
                    self._note_unsure(None)
                    return None
                self._connection.note_answer()
                self._on_answer(response.item)
                if self._paused and not self._in_flight:
                    await self._wait_to_reopen(None)
                    self._requeue()
            return None
        except (aio.AioRpcError, asyncio.CancelledError) as error:
            failure = await self._connection.failure(error, call)
            if self._failure is not None:
                return None
            self._note_unsure(failure)
            if isinstance(failure, RostrumError):
                return failure
            raise failure from None
        finally:
            call.cancel()
            writer.cancel()
            await asyncio.wait([writer])

    async def _write(self, call: Any) -> None:
        # However the call ends while it is written to, its reader is told.
        with contextlib.suppress(aio.AioRpcError, asyncio.InvalidStateError):
            while True:
                while self._unsent and not self._paused and len(self._in_flight) < self._max_in_flight:
                    entry = self._unsent.popleft()
                    if entry.future.cancelled():
                        self._entries.remove(entry)
                        self._release()
                        continue
                    self._in_flight.append(entry)
                    await call.write(entry.payload)
                if self._ending and not self._entries:
                    await call.done_writing()
                    return
                self._wake.clear()
                await self._wake.wait()

    def _on_answer(self, item: score_pb2.ScoreItem) -> None:
        if not self._in_flight:
            text = "the server sent an answer too many"
            raise RostrumError(grpc.StatusCode.INTERNAL, None, text)
        entry = self._in_flight.popleft()
        self._failing_since = None
        answer = outcome_of(item, entry.message, self._on_duplicate)
        wait = retry_wait(answer, repeatable=True) if isinstance(answer, RostrumError) else None
        if isinstance(answer, RostrumError):
            entry.unsure = may_be_done_after(answer, before=entry.unsure)
        if isinstance(answer, RostrumError) and wait is not None:
            entry.refusal = answer
            entry.refused_since = min(entry.refused_since, self._loop.time())
            self._retry_after = max(self._retry_after, wait)
            # Nothing more is sent until what is on its way is answered: only then is it known which
            # refused submissions a later one of the same player has overtaken.
            self._paused = True
        else:
            entry.item = answer
            self._backoff.reset()
            self._deliver()
        self._wake.set()

    def _note_unsure(self, failure: BaseException | None) -> None:
        """Notes what the end of a call leaves open of what is on its way."""
        if may_be_done_after_stream(failure):
            for entry in self._in_flight:
                entry.unsure = True

    def _deliver(self) -> None:
        """Gives the answers to the callers, in order."""
        while self._entries and self._entries[0].item is not None:
            entry = self._entries.popleft()
            if entry.future.done():
                continue
            if isinstance(entry.item, RostrumError):
                self._refuse(entry, entry.item)
            elif entry.item is not None:
                entry.future.set_result(entry.item)
        self._release()

    def _release(self) -> None:
        if len(self._entries) < self._max_in_flight:
            self._room.set()
        if not self._entries:
            self._wake.set()

    def _requeue(self) -> None:
        """Everything without an answer is sent again, in order.

        Not what was refused for too long, nor what a later, accepted submission of the same player
        has overtaken: arriving after it, it could replace it where the last write wins.
        """
        refused_before = self._loop.time() - self._give_up_after
        overtaken: set[tuple[str, str]] = set()
        unanswered: deque[_Entry] = deque()
        for entry in reversed(self._entries):
            key = (entry.message.leaderboard_id, entry.message.player_id)
            if entry.item is not None:
                if not isinstance(entry.item, RostrumError):
                    overtaken.add(key)
            elif entry.refusal and (key in overtaken or entry.refused_since <= refused_before):
                entry.item = entry.refusal
            else:
                entry.refusal = None
                unanswered.appendleft(entry)
        self._in_flight.clear()
        self._unsent = unanswered
        self._paused = False
        self._deliver()
        self._wake.set()

    def _refuse(self, entry: _Entry, error: BaseException) -> None:
        if entry.unsure and isinstance(error, RostrumError):
            error = may_be_recorded(error, entry.message.submission_id)
        entry.future.refuse(error)
        self._failed += 1
        if self._on_error is not None and isinstance(error, RostrumError):
            self._on_error(error, entry.submission)
            return
        self._unseen.append((entry.future, error))
        if len(self._unseen) > _MAX_KEPT:
            future, _ = self._unseen.popleft()
            self._unseen_dropped += not future.observed

    def _fail(self, failure: BaseException) -> None:
        if self._failure is not None or self._runner.done():
            return
        self._failure = failure
        self._note_unsure(failure)
        entries, self._entries = self._entries, deque()
        self._unsent.clear()
        self._in_flight.clear()
        for entry in entries:
            if entry.future.done():
                continue
            if entry.item is not None and not isinstance(entry.item, RostrumError):
                entry.future.set_result(entry.item)
                continue
            try:
                self._refuse(entry, entry.item or failure)
            except Exception as error:  # what `on_error` raises must not leave the others waiting
                self._failure = error
        self._room.set()
        self._wake.set()
        if asyncio.current_task() is not self._runner:
            self._connection.cancel(self._runner)


def _precondition(reason: Any, message: str) -> RostrumError:
    return RostrumError(grpc.StatusCode.FAILED_PRECONDITION, reason, message)
