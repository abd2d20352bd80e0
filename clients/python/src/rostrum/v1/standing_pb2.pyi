import datetime

from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from rostrum.v1 import ranking_pb2 as _ranking_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Standing(_message.Message):
    __slots__ = ("rank", "player_id", "display_name", "score", "subscore", "percentile", "tier", "submissions", "achieved_time", "update_time", "metadata")
    RANK_FIELD_NUMBER: _ClassVar[int]
    PLAYER_ID_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    SUBSCORE_FIELD_NUMBER: _ClassVar[int]
    PERCENTILE_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    SUBMISSIONS_FIELD_NUMBER: _ClassVar[int]
    ACHIEVED_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    rank: int
    player_id: str
    display_name: str
    score: float
    subscore: float
    percentile: float
    tier: str
    submissions: int
    achieved_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    metadata: _struct_pb2.Struct
    def __init__(self, rank: _Optional[int] = ..., player_id: _Optional[str] = ..., display_name: _Optional[str] = ..., score: _Optional[float] = ..., subscore: _Optional[float] = ..., percentile: _Optional[float] = ..., tier: _Optional[str] = ..., submissions: _Optional[int] = ..., achieved_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class RelativeStanding(_message.Message):
    __slots__ = ("standing", "relative_rank", "rank")
    STANDING_FIELD_NUMBER: _ClassVar[int]
    RELATIVE_RANK_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    standing: Standing
    relative_rank: int
    rank: int
    def __init__(self, standing: _Optional[_Union[Standing, _Mapping]] = ..., relative_rank: _Optional[int] = ..., rank: _Optional[int] = ...) -> None: ...

class ListStandingsRequest(_message.Message):
    __slots__ = ("leaderboard_id", "season_id", "segment", "page_size", "page_token", "start_rank")
    LEADERBOARD_ID_FIELD_NUMBER: _ClassVar[int]
    SEASON_ID_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    START_RANK_FIELD_NUMBER: _ClassVar[int]
    leaderboard_id: str
    season_id: str
    segment: _ranking_pb2.Segment
    page_size: int
    page_token: str
    start_rank: int
    def __init__(self, leaderboard_id: _Optional[str] = ..., season_id: _Optional[str] = ..., segment: _Optional[_Union[_ranking_pb2.Segment, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., start_rank: _Optional[int] = ...) -> None: ...

class ListStandingsResponse(_message.Message):
    __slots__ = ("standings", "total_players", "revision", "next_page_token")
    STANDINGS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_PLAYERS_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    standings: _containers.RepeatedCompositeFieldContainer[Standing]
    total_players: int
    revision: int
    next_page_token: str
    def __init__(self, standings: _Optional[_Iterable[_Union[Standing, _Mapping]]] = ..., total_players: _Optional[int] = ..., revision: _Optional[int] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetStandingRequest(_message.Message):
    __slots__ = ("leaderboard_id", "season_id", "segment", "player_id")
    LEADERBOARD_ID_FIELD_NUMBER: _ClassVar[int]
    SEASON_ID_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    PLAYER_ID_FIELD_NUMBER: _ClassVar[int]
    leaderboard_id: str
    season_id: str
    segment: _ranking_pb2.Segment
    player_id: str
    def __init__(self, leaderboard_id: _Optional[str] = ..., season_id: _Optional[str] = ..., segment: _Optional[_Union[_ranking_pb2.Segment, _Mapping]] = ..., player_id: _Optional[str] = ...) -> None: ...

class GetStandingResponse(_message.Message):
    __slots__ = ("standing", "total_players", "revision")
    STANDING_FIELD_NUMBER: _ClassVar[int]
    TOTAL_PLAYERS_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    standing: Standing
    total_players: int
    revision: int
    def __init__(self, standing: _Optional[_Union[Standing, _Mapping]] = ..., total_players: _Optional[int] = ..., revision: _Optional[int] = ...) -> None: ...

class BatchGetStandingsRequest(_message.Message):
    __slots__ = ("leaderboard_id", "season_id", "segment", "player_ids")
    LEADERBOARD_ID_FIELD_NUMBER: _ClassVar[int]
    SEASON_ID_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    PLAYER_IDS_FIELD_NUMBER: _ClassVar[int]
    leaderboard_id: str
    season_id: str
    segment: _ranking_pb2.Segment
    player_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, leaderboard_id: _Optional[str] = ..., season_id: _Optional[str] = ..., segment: _Optional[_Union[_ranking_pb2.Segment, _Mapping]] = ..., player_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class BatchGetStandingsResponse(_message.Message):
    __slots__ = ("standings", "missing_player_ids", "total_players", "revision")
    STANDINGS_FIELD_NUMBER: _ClassVar[int]
    MISSING_PLAYER_IDS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_PLAYERS_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    standings: _containers.RepeatedCompositeFieldContainer[RelativeStanding]
    missing_player_ids: _containers.RepeatedScalarFieldContainer[str]
    total_players: int
    revision: int
    def __init__(self, standings: _Optional[_Iterable[_Union[RelativeStanding, _Mapping]]] = ..., missing_player_ids: _Optional[_Iterable[str]] = ..., total_players: _Optional[int] = ..., revision: _Optional[int] = ...) -> None: ...

class ListStandingsAroundRequest(_message.Message):
    __slots__ = ("leaderboard_id", "season_id", "segment", "player_id", "score", "count")
    LEADERBOARD_ID_FIELD_NUMBER: _ClassVar[int]
    SEASON_ID_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    PLAYER_ID_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    leaderboard_id: str
    season_id: str
    segment: _ranking_pb2.Segment
    player_id: str
    score: float
    count: int
    def __init__(self, leaderboard_id: _Optional[str] = ..., season_id: _Optional[str] = ..., segment: _Optional[_Union[_ranking_pb2.Segment, _Mapping]] = ..., player_id: _Optional[str] = ..., score: _Optional[float] = ..., count: _Optional[int] = ...) -> None: ...

class ListStandingsAroundResponse(_message.Message):
    __slots__ = ("standings", "total_players", "revision")
    STANDINGS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_PLAYERS_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    standings: _containers.RepeatedCompositeFieldContainer[Standing]
    total_players: int
    revision: int
    def __init__(self, standings: _Optional[_Iterable[_Union[Standing, _Mapping]]] = ..., total_players: _Optional[int] = ..., revision: _Optional[int] = ...) -> None: ...
