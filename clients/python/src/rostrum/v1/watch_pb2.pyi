import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from rostrum.v1 import ranking_pb2 as _ranking_pb2
from rostrum.v1 import standing_pb2 as _standing_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RankChange(_message.Message):
    __slots__ = ("kind", "standing", "player_id", "previous_rank", "previous_score", "revision", "place")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[RankChange.Kind]
        KIND_ENTERED: _ClassVar[RankChange.Kind]
        KIND_MOVED: _ClassVar[RankChange.Kind]
        KIND_LEFT: _ClassVar[RankChange.Kind]
        KIND_UPDATED: _ClassVar[RankChange.Kind]
    KIND_UNSPECIFIED: RankChange.Kind
    KIND_ENTERED: RankChange.Kind
    KIND_MOVED: RankChange.Kind
    KIND_LEFT: RankChange.Kind
    KIND_UPDATED: RankChange.Kind
    KIND_FIELD_NUMBER: _ClassVar[int]
    STANDING_FIELD_NUMBER: _ClassVar[int]
    PLAYER_ID_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_RANK_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_SCORE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    kind: RankChange.Kind
    standing: _standing_pb2.Standing
    player_id: str
    previous_rank: int
    previous_score: float
    revision: int
    place: int
    def __init__(self, kind: _Optional[_Union[RankChange.Kind, str]] = ..., standing: _Optional[_Union[_standing_pb2.Standing, _Mapping]] = ..., player_id: _Optional[str] = ..., previous_rank: _Optional[int] = ..., previous_score: _Optional[float] = ..., revision: _Optional[int] = ..., place: _Optional[int] = ...) -> None: ...

class WatchStandingsRequest(_message.Message):
    __slots__ = ("leaderboard_id", "season_id", "segment", "top", "around", "players", "min_interval", "resume_token")
    class Top(_message.Message):
        __slots__ = ("count",)
        COUNT_FIELD_NUMBER: _ClassVar[int]
        count: int
        def __init__(self, count: _Optional[int] = ...) -> None: ...
    class Around(_message.Message):
        __slots__ = ("player_id", "count")
        PLAYER_ID_FIELD_NUMBER: _ClassVar[int]
        COUNT_FIELD_NUMBER: _ClassVar[int]
        player_id: str
        count: int
        def __init__(self, player_id: _Optional[str] = ..., count: _Optional[int] = ...) -> None: ...
    class Players(_message.Message):
        __slots__ = ("player_ids",)
        PLAYER_IDS_FIELD_NUMBER: _ClassVar[int]
        player_ids: _containers.RepeatedScalarFieldContainer[str]
        def __init__(self, player_ids: _Optional[_Iterable[str]] = ...) -> None: ...
    LEADERBOARD_ID_FIELD_NUMBER: _ClassVar[int]
    SEASON_ID_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    TOP_FIELD_NUMBER: _ClassVar[int]
    AROUND_FIELD_NUMBER: _ClassVar[int]
    PLAYERS_FIELD_NUMBER: _ClassVar[int]
    MIN_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    leaderboard_id: str
    season_id: str
    segment: _ranking_pb2.Segment
    top: WatchStandingsRequest.Top
    around: WatchStandingsRequest.Around
    players: WatchStandingsRequest.Players
    min_interval: _duration_pb2.Duration
    resume_token: str
    def __init__(self, leaderboard_id: _Optional[str] = ..., season_id: _Optional[str] = ..., segment: _Optional[_Union[_ranking_pb2.Segment, _Mapping]] = ..., top: _Optional[_Union[WatchStandingsRequest.Top, _Mapping]] = ..., around: _Optional[_Union[WatchStandingsRequest.Around, _Mapping]] = ..., players: _Optional[_Union[WatchStandingsRequest.Players, _Mapping]] = ..., min_interval: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., resume_token: _Optional[str] = ...) -> None: ...

class StandingsSnapshot(_message.Message):
    __slots__ = ("standings", "total_players", "reset", "places")
    STANDINGS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_PLAYERS_FIELD_NUMBER: _ClassVar[int]
    RESET_FIELD_NUMBER: _ClassVar[int]
    PLACES_FIELD_NUMBER: _ClassVar[int]
    standings: _containers.RepeatedCompositeFieldContainer[_standing_pb2.Standing]
    total_players: int
    reset: bool
    places: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, standings: _Optional[_Iterable[_Union[_standing_pb2.Standing, _Mapping]]] = ..., total_players: _Optional[int] = ..., reset: bool = ..., places: _Optional[_Iterable[int]] = ...) -> None: ...

class StandingsChanges(_message.Message):
    __slots__ = ("changes", "total_players")
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    TOTAL_PLAYERS_FIELD_NUMBER: _ClassVar[int]
    changes: _containers.RepeatedCompositeFieldContainer[RankChange]
    total_players: int
    def __init__(self, changes: _Optional[_Iterable[_Union[RankChange, _Mapping]]] = ..., total_players: _Optional[int] = ...) -> None: ...

class Checkpoint(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class WatchStandingsResponse(_message.Message):
    __slots__ = ("snapshot", "changes", "checkpoint", "revision", "resume_token")
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    snapshot: StandingsSnapshot
    changes: StandingsChanges
    checkpoint: Checkpoint
    revision: int
    resume_token: str
    def __init__(self, snapshot: _Optional[_Union[StandingsSnapshot, _Mapping]] = ..., changes: _Optional[_Union[StandingsChanges, _Mapping]] = ..., checkpoint: _Optional[_Union[Checkpoint, _Mapping]] = ..., revision: _Optional[int] = ..., resume_token: _Optional[str] = ...) -> None: ...

class WatchChangesRequest(_message.Message):
    __slots__ = ("leaderboard_id", "season_id", "segment", "resume_token", "player_ids")
    LEADERBOARD_ID_FIELD_NUMBER: _ClassVar[int]
    SEASON_ID_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PLAYER_IDS_FIELD_NUMBER: _ClassVar[int]
    leaderboard_id: str
    season_id: str
    segment: _ranking_pb2.Segment
    resume_token: str
    player_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, leaderboard_id: _Optional[str] = ..., season_id: _Optional[str] = ..., segment: _Optional[_Union[_ranking_pb2.Segment, _Mapping]] = ..., resume_token: _Optional[str] = ..., player_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class WatchChangesResponse(_message.Message):
    __slots__ = ("changes", "revision", "resume_token", "reset")
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    RESET_FIELD_NUMBER: _ClassVar[int]
    changes: _containers.RepeatedCompositeFieldContainer[RankChange]
    revision: int
    resume_token: str
    reset: bool
    def __init__(self, changes: _Optional[_Iterable[_Union[RankChange, _Mapping]]] = ..., revision: _Optional[int] = ..., resume_token: _Optional[str] = ..., reset: bool = ...) -> None: ...
