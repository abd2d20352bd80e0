"""The client for asyncio."""

from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar, cast

import grpc
from google.protobuf.duration_pb2 import Duration
from grpc import aio

from rostrum import scores
from rostrum.connection import Connection
from rostrum.errors import RostrumError, invalid_field, invalid_options
from rostrum.settings import Backoff, Retry, resolve_settings
from rostrum.stream import ScoreFuture, ScoreStream
from rostrum.stubs import StubChannel
from rostrum.submission import Json, OnDuplicate, Submission, check_submission, check_text
from rostrum.tls import Tls
from rostrum.v1 import score_pb2, watch_pb2
from rostrum.view import LiveView, LiveViewUpdate
from rostrum.watch import State, Watch

S = TypeVar("S")
_Players = watch_pb2.WatchStandingsRequest.Players


@dataclass(frozen=True)
class Submitted:
    """What became of one submission of `submit_all`: a `result`, or an `error`."""

    submission: Submission
    """As it was given, with the id that it was sent with."""
    result: score_pb2.ScoreResult | None = None
    error: RostrumError | None = None


class Client:
    """A client of one Rostrum service, made by `rostrum.connect`.

    Share one among the tasks of an event loop: it is one connection to each server, and all calls run
    over them side by side. Use it as `async with`, or await `close` when done.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def address(self) -> str:
        """`host:port` of the server; of several, all of them with commas between."""
        return self._connection.settings.address

    async def submit(
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
        timeout: float | None = None,
        on_duplicate: OnDuplicate = "reject",
    ) -> score_pb2.ScoreResult:
        """Submits one score, and tries again with the same id where the answer was lost.

        The result is given only after the score is durable. An id that was used before for a
        different submission raises SUBMISSION_ID_REUSED, or with `on_duplicate="resolve"` gives a
        result with OUTCOME_DUPLICATE. `timeout`: seconds in all, retries included; `math.inf` has no
        limit.
        """
        submission = Submission(
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
        return await scores.submit(self._connection, submission, timeout, on_duplicate)

    async def submit_batch(
        self,
        submissions: Iterable[Submission],
        *,
        timeout: float | None = None,
        on_duplicate: OnDuplicate = "reject",
    ) -> list[score_pb2.ScoreResult | RostrumError]:
        """Submits any number of scores, 1,000 in a call; gives a result or an error for each.

        One refused submission does not spoil the others. The timeout holds for each call. Raises only
        where the first call fails as a whole.
        """
        return await scores.submit_batch(self._connection, submissions, timeout, on_duplicate)

    def stream(
        self,
        *,
        max_in_flight: int = 1_024,
        max_pending: int = 65_536,
        give_up_after: float = 60.0,
        on_duplicate: OnDuplicate = "reject",
        on_error: Callable[[RostrumError, Submission], None] | None = None,
    ) -> ScoreStream:
        """Opens a stream for many submissions that come one by one; use it as `async with`.

        `give_up_after`: for how many seconds to go on trying before a submission that is refused
        again and again is given up, or all of them where there is no connection.
        """
        return ScoreStream(
            self._connection,
            max_in_flight=max_in_flight,
            max_pending=max_pending,
            give_up_after=give_up_after,
            on_duplicate=on_duplicate,
            on_error=on_error,
        )

    async def submit_all(
        self,
        submissions: Iterable[Submission] | AsyncIterable[Submission],
        *,
        max_in_flight: int = 1_024,
        give_up_after: float = 60.0,
        on_duplicate: OnDuplicate = "reject",
    ) -> AsyncIterator[Submitted]:
        """Submits all of an iterable over a stream; gives an item for each, in the same order."""
        waiting: deque[tuple[Submission, ScoreFuture]] = deque()
        async with self.stream(
            max_in_flight=max_in_flight,
            give_up_after=give_up_after,
            on_duplicate=on_duplicate,
            on_error=lambda error, submission: None,
        ) as stream:
            async for submission in _each(submissions):
                known = check_submission(submission, "submission").with_id()
                try:
                    future = stream.send(known)
                except RostrumError as error:
                    if error.reason not in ("INVALID_FIELD", "MESSAGE_TOO_LARGE"):
                        raise
                    future = ScoreFuture()
                    future.refuse(error)
                waiting.append((known, future))
                while waiting and (len(waiting) >= max_in_flight or waiting[0][1].done()):
                    yield await _submitted(*waiting.popleft())
            while waiting:
                yield await _submitted(*waiting.popleft())

    def watch_standings(
        self,
        *,
        leaderboard_id: str,
        top: int | None = None,
        around: str | None = None,
        count: int | None = None,
        players: Sequence[str] | None = None,
        season_id: str = "",
        min_interval: float | None = None,
        resume_token: str = "",
        await_leaderboard: bool = False,
        on_interrupted: Callable[[RostrumError, float], None] | None = None,
        on_live: Callable[[], None] | None = None,
    ) -> Watch[watch_pb2.WatchStandingsResponse]:
        """Watches the `top`, the neighbourhood `around` a player, or some `players`.

        The first message is a snapshot, later ones say how it changes; a snapshot with `reset`
        replaces what was known. `live_view` applies them for you. `on_interrupted(error, wait)` is
        called each time that the watch is lost, `on_live()` when the server tells where it is again.
        With `await_leaderboard` it waits for a leaderboard that does not exist yet.
        """
        if sum(view is not None for view in (top, around, players)) > 1:
            raise invalid_options("give one of top, around and players")
        if count is not None and around is None:
            raise invalid_options("count belongs to around; the top has its number itself")
        request = watch_pb2.WatchStandingsRequest(
            leaderboard_id=check_text(leaderboard_id, "leaderboard_id"),
            season_id=check_text(season_id, "season_id"),
            resume_token=check_text(resume_token, "resume_token"),
        )
        if top is not None:
            request.top.count = _whole(top, "top")
        if around is not None:
            request.around.player_id = check_text(around, "around")
            request.around.count = 0 if count is None else _whole(count, "count")
        if players is not None:
            request.players.CopyFrom(_Players(player_ids=_texts(players, "players")))
        if min_interval is not None:
            request.min_interval.CopyFrom(_duration(min_interval, "min_interval"))
        return Watch(
            self._connection,
            "/rostrum.v1.WatchService/WatchStandings",
            request,
            watch_pb2.WatchStandingsResponse,
            restartable=True,
            await_leaderboard=await_leaderboard,
            on_interrupted=on_interrupted,
            on_live=on_live,
        )

    def watch_changes(
        self,
        *,
        leaderboard_id: str,
        player_ids: Sequence[str] = (),
        season_id: str = "",
        resume_token: str = "",
        await_leaderboard: bool = False,
        on_interrupted: Callable[[RostrumError, float], None] | None = None,
        on_live: Callable[[], None] | None = None,
    ) -> Watch[watch_pb2.WatchChangesResponse]:
        """Watches every change of a ranking in revision order, each exactly once after the token.

        Raises RESUME_TOKEN_EXPIRED where the changes after it are no longer retained: read the
        standings anew and watch without a token. `reset` in a message: the ranking was rebuilt.
        """
        request = watch_pb2.WatchChangesRequest(
            leaderboard_id=check_text(leaderboard_id, "leaderboard_id"),
            season_id=check_text(season_id, "season_id"),
            resume_token=check_text(resume_token, "resume_token"),
            player_ids=_texts(player_ids, "player_ids"),
        )
        return Watch(
            self._connection,
            "/rostrum.v1.WatchService/WatchChanges",
            request,
            watch_pb2.WatchChangesResponse,
            restartable=False,
            await_leaderboard=await_leaderboard,
            on_interrupted=on_interrupted,
            on_live=on_live,
        )

    def live_view(
        self,
        *,
        leaderboard_id: str,
        top: int | None = None,
        around: str | None = None,
        count: int | None = None,
        players: Sequence[str] | None = None,
        season_id: str = "",
        min_interval: float | None = None,
        await_leaderboard: bool = False,
        on_state: Callable[[State], None] | None = None,
        on_update: Callable[[LiveViewUpdate], None] | None = None,
    ) -> LiveView:
        """Watches a view and keeps its present standings at hand; use it as `async with`."""
        watch = self.watch_standings(
            leaderboard_id=leaderboard_id,
            top=top,
            around=around,
            count=count,
            players=players,
            season_id=season_id,
            min_interval=min_interval,
            await_leaderboard=await_leaderboard,
        )
        return LiveView(self._connection, watch, on_state, on_update)

    def stub(self, stub: Callable[[aio.Channel], S]) -> S:
        """A generated stub over this client: `client.stub(standing_pb2_grpc.StandingServiceStub)`.

        Its unary calls have the default timeout and the retries of the README's table; all of its
        calls fail with RostrumError.
        """
        return stub(cast(aio.Channel, StubChannel(self._connection)))

    async def wait_for_ready(self, *, timeout: float | None = None) -> None:
        """Waits until a server says that it serves.

        Raises CONNECTION_FAILED or SERVER_NOT_READY when the timeout passes, and CERTIFICATE_REFUSED
        at once.
        """
        deadline = self._connection.timeout(timeout)
        loop = self._connection.use()
        backoff = Backoff(self._connection.settings.retry)
        answered = False
        while True:
            try:
                answer = await self._connection.call(
                    "/grpc.health.v1.Health/Check",
                    bytes,
                    b"",
                    repeatable=True,
                    timeout=deadline - loop.time(),
                )
            except RostrumError as error:
                if error.code is grpc.StatusCode.UNIMPLEMENTED:
                    return  # a server without the health service is reached all the same
                if error.reason == "DEADLINE_EXCEEDED" and answered:
                    raise self._not_ready() from error
                raise
            if answer == b"\x08\x01":  # HealthCheckResponse(status=SERVING)
                return
            answered = True
            wait = backoff.next()
            if loop.time() + wait >= deadline:
                raise self._not_ready()
            await self._connection.sleep(wait)

    def _not_ready(self) -> RostrumError:
        text = f"the server at {self.address} answers, and does not serve yet"
        return RostrumError(grpc.StatusCode.UNAVAILABLE, "SERVER_NOT_READY", text)

    async def close(self) -> None:
        """Ends all calls, streams and watches, with CLIENT_CLOSED; nothing is left running."""
        await self._connection.close()

    async def __aenter__(self) -> "Client":
        self._connection.use()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def connect(
    address: str | Sequence[str] | None = None,
    *,
    tls: Tls | None = None,
    default_timeout: float = 10.0,
    retry: Retry | bool = True,
) -> Client:
    """Makes a client. Reads the certificates now and connects with the first call.

    `address`: `host:port`; of several servers a list, or one string with commas. Default:
    ROSTRUM_ADDRESS, or localhost:50051. `tls`: default the files that ROSTRUM_TLS_CA, ROSTRUM_TLS_CERT
    and ROSTRUM_TLS_KEY name. `default_timeout`: of unary calls that name none, in seconds.

    Raises INVALID_OPTIONS, CERTIFICATE_FILE_MISSING, CERTIFICATE_INVALID.
    """
    return Client(Connection(resolve_settings(address, tls, default_timeout, retry)))


async def _each(items: Iterable[S] | AsyncIterable[S]) -> AsyncIterator[S]:
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item


async def _submitted(submission: Submission, future: ScoreFuture) -> Submitted:
    try:
        return Submitted(submission, result=await future)
    except RostrumError as error:
        return Submitted(submission, error=error)


def _whole(value: object, field: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31:
        return value
    raise invalid_field(field, f"must be a whole number, not {value!r}")


def _texts(values: Iterable[object], field: str) -> list[str]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise invalid_field(field, f"must be a list of str, not {values!r}")
    return [check_text(value, field) for value in values]


def _duration(seconds: float, field: str) -> Duration:
    duration = Duration()
    try:
        duration.FromTimedelta(timedelta(seconds=seconds))
    except (TypeError, ValueError, OverflowError):
        raise invalid_field(field, f"must be a number of seconds, not {seconds!r}") from None
    return duration
