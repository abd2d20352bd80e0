"""Live views: the present standings, whether anybody loops or not."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import grpc

from rostrum.connection import Connection
from rostrum.errors import RostrumError
from rostrum.settings import check_callbacks
from rostrum.v1 import standing_pb2, watch_pb2
from rostrum.watch import State, Watch

Standings = tuple[standing_pb2.Standing, ...]


@dataclass(frozen=True)
class LiveViewUpdate:
    """The state of a view after something changed in it."""

    standings: Standings
    """In the order of the ranking, best first."""
    total_players: int
    revision: int
    changes: tuple[watch_pb2.RankChange, ...]
    """How the standings differ from the update before; empty in the first one."""


class LiveView:
    """A view that is kept current. Do not change its messages: they are its own.

    `async for update in view` gives the present state and then each later one; a loop that is slower
    than the changes gets one update with all differences since its last. It ends when the view is
    closed by `aclose`, and raises the error that closed it otherwise.
    """

    def __init__(
        self,
        connection: Connection,
        watch: Watch[watch_pb2.WatchStandingsResponse],
        on_state: Callable[[State], None] | None,
        on_update: Callable[[LiveViewUpdate], None] | None,
    ) -> None:
        check_callbacks(on_state=on_state, on_update=on_update)
        self._connection = connection
        self._on_state = on_state
        self._on_update = on_update
        self._by_player: dict[str, standing_pb2.Standing] = {}
        self._places: dict[str, int] = {}
        self._shown: tuple[Standings, int, int] = ((), 0, 0)
        self._version = 0
        self._changed = asyncio.Event()
        self._state: State = "connecting"
        self._error: BaseException | None = None
        self._watch = watch
        watch.on_interrupted = self._interrupted
        self._follower = connection.use().create_task(self._follow())
        connection.on_close.add(self._end)

    @property
    def standings(self) -> Standings:
        """In the order of the ranking, best first; empty until the view is `ready`."""
        return self._shown[0]

    @property
    def total_players(self) -> int:
        return self._shown[1]

    @property
    def revision(self) -> int:
        """The revision of the ranking that the view shows; 0 until the view is `ready`."""
        return self._shown[2]

    @property
    def state(self) -> State:
        """`live`: what it shows is what the server last told; `interrupted`: it may be old."""
        return self._state

    @property
    def error(self) -> BaseException | None:
        """What interrupted the view, or closed it; None where `aclose` did."""
        return self._error

    async def ready(self) -> None:
        """Waits for the first standings. Raises what closed the view before, or VIEW_CLOSED."""
        while self._version == 0:
            if self._state == "closed":
                raise self._error or RostrumError(
                    grpc.StatusCode.CANCELLED,
                    "VIEW_CLOSED",
                    "the live view was closed before it had its first standings",
                )
            await self._changed.wait()

    async def aclose(self) -> None:
        """Ends the watch; loops over the view end."""
        self._connection.cancel(self._follower)
        await self._connection.ended(self._follower)

    async def __aenter__(self) -> "LiveView":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def __aiter__(self) -> AsyncIterator[LiveViewUpdate]:
        seen_version = 0
        seen: Standings | None = None
        while True:
            if self._version != seen_version:
                seen_version = self._version
                update = self._update(seen)
                seen = update.standings
                yield update
            elif self._state == "closed":
                if self._error is not None:
                    raise self._error
                return
            else:
                await self._changed.wait()

    async def _end(self) -> None:
        await self._connection.ended(self._follower)  # its watch fails with CLIENT_CLOSED

    async def _follow(self) -> None:
        error: BaseException | None = None
        try:
            async for message in self._watch:
                self._apply(message)
        except asyncio.CancelledError:
            pass
        except Exception as failure:
            error = failure
        finally:
            await self._watch.aclose()
            self._connection.on_close.discard(self._end)
            try:
                self._become("closed", error)
            finally:
                self._wake()

    def _interrupted(self, error: RostrumError, _wait: float) -> None:
        self._become("interrupted", error)

    def _become(self, state: State, error: BaseException | None) -> None:
        self._state = state
        self._error = error
        if self._on_state is not None:
            self._on_state(state)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
        if self._state == "closed":
            self._changed.set()

    def _apply(self, message: watch_pb2.WatchStandingsResponse) -> None:
        before = self.standings if self._version else None
        told = True
        if message.HasField("snapshot"):
            self._replace(message.snapshot)
            total = message.snapshot.total_players
        elif message.HasField("changes"):
            for change in message.changes.changes:
                self._change(change)
            total = message.changes.total_players
        else:
            told = False
            self._shown = (*self._shown[:2], message.revision)
        if told:
            self._shown = (self._sorted(total), total, message.revision)
            self._version += 1
        if self._state != "live":
            self._become("live", None)
        if told:
            self._wake()
            if self._on_update is not None:
                self._on_update(self._update(before))

    def _replace(self, snapshot: watch_pb2.StandingsSnapshot) -> None:
        self._by_player = {each.player_id: each for each in snapshot.standings}
        self._places = {}
        last = len(snapshot.places) - 1
        for index, each in enumerate(snapshot.standings if last >= 0 else ()):
            beyond = max(0, index - last)
            self._places[each.player_id] = snapshot.places[min(index, last)] + beyond

    def _change(self, change: watch_pb2.RankChange) -> None:
        self._places.pop(change.player_id, None)
        if not change.HasField("standing"):
            self._by_player.pop(change.player_id, None)
            return
        self._by_player[change.player_id] = change.standing
        if change.HasField("place"):
            self._places[change.player_id] = change.place

    def _sorted(self, total: int) -> Standings:
        # Players whose place did not change are not told again, and yet their percentile moves with
        # the number of players (the formula is that of Standing.percentile).
        for player_id, standing in self._by_player.items():
            percentile = 100 * (total - standing.rank) / (total - 1) if total > 1 else 100.0
            if percentile != standing.percentile:
                copy = standing_pb2.Standing()
                copy.CopyFrom(standing)
                copy.percentile = percentile
                self._by_player[player_id] = copy
        places = self._places
        return tuple(
            sorted(self._by_player.values(), key=lambda each: places.get(each.player_id, each.rank))
        )

    def _update(self, before: Standings | None) -> LiveViewUpdate:
        standings, total, revision = self._shown
        changes = () if before is None else tuple(_differences(before, standings))
        return LiveViewUpdate(standings, total, revision, changes)


def _differences(before: Standings, after: Standings) -> list[watch_pb2.RankChange]:
    """How one state differs from an earlier one. Percentiles alone make no difference."""
    Kind = watch_pb2.RankChange.Kind
    left = {each.player_id: each for each in before}
    changes: list[watch_pb2.RankChange] = []
    for standing in after:
        previous = left.pop(standing.player_id, None)
        if previous is None:
            kind = Kind.KIND_ENTERED
        elif previous is standing:
            continue
        elif previous.rank != standing.rank:
            kind = Kind.KIND_MOVED
        else:
            copy = standing_pb2.Standing()
            copy.CopyFrom(previous)
            copy.percentile = standing.percentile
            if copy == standing:
                continue
            kind = Kind.KIND_UPDATED
        changes.append(_rank_change(kind, standing.player_id, standing, previous))
    for player_id, previous in left.items():
        changes.append(_rank_change(Kind.KIND_LEFT, player_id, None, previous))
    return changes


def _rank_change(
    kind: watch_pb2.RankChange.Kind,
    player_id: str,
    standing: standing_pb2.Standing | None,
    previous: standing_pb2.Standing | None,
) -> watch_pb2.RankChange:
    change = watch_pb2.RankChange(kind=kind, player_id=player_id, standing=standing)
    if previous is not None:
        change.previous_rank = previous.rank
        change.previous_score = previous.score
    return change
