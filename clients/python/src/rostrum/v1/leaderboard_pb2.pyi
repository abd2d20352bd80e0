import datetime

from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SortOrder(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SORT_ORDER_UNSPECIFIED: _ClassVar[SortOrder]
    SORT_ORDER_DESCENDING: _ClassVar[SortOrder]
    SORT_ORDER_ASCENDING: _ClassVar[SortOrder]

class Aggregation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AGGREGATION_UNSPECIFIED: _ClassVar[Aggregation]
    AGGREGATION_BEST: _ClassVar[Aggregation]
    AGGREGATION_LATEST: _ClassVar[Aggregation]
    AGGREGATION_SUM: _ClassVar[Aggregation]
    AGGREGATION_AVERAGE: _ClassVar[Aggregation]
    AGGREGATION_COUNT: _ClassVar[Aggregation]

class TieBreak(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TIE_BREAK_UNSPECIFIED: _ClassVar[TieBreak]
    TIE_BREAK_FIRST: _ClassVar[TieBreak]
    TIE_BREAK_LAST: _ClassVar[TieBreak]

class RankMethod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RANK_METHOD_UNSPECIFIED: _ClassVar[RankMethod]
    RANK_METHOD_ORDINAL: _ClassVar[RankMethod]
    RANK_METHOD_COMPETITION: _ClassVar[RankMethod]
    RANK_METHOD_DENSE: _ClassVar[RankMethod]
SORT_ORDER_UNSPECIFIED: SortOrder
SORT_ORDER_DESCENDING: SortOrder
SORT_ORDER_ASCENDING: SortOrder
AGGREGATION_UNSPECIFIED: Aggregation
AGGREGATION_BEST: Aggregation
AGGREGATION_LATEST: Aggregation
AGGREGATION_SUM: Aggregation
AGGREGATION_AVERAGE: Aggregation
AGGREGATION_COUNT: Aggregation
TIE_BREAK_UNSPECIFIED: TieBreak
TIE_BREAK_FIRST: TieBreak
TIE_BREAK_LAST: TieBreak
RANK_METHOD_UNSPECIFIED: RankMethod
RANK_METHOD_ORDINAL: RankMethod
RANK_METHOD_COMPETITION: RankMethod
RANK_METHOD_DENSE: RankMethod

class Leaderboard(_message.Message):
    __slots__ = ("leaderboard_id", "display_name", "sort_order", "subscore_sort_order", "aggregation", "tie_break", "rank_method", "segment_keys", "reset_schedule", "time_zone", "metadata", "create_time", "update_time")
    LEADERBOARD_ID_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    SORT_ORDER_FIELD_NUMBER: _ClassVar[int]
    SUBSCORE_SORT_ORDER_FIELD_NUMBER: _ClassVar[int]
    AGGREGATION_FIELD_NUMBER: _ClassVar[int]
    TIE_BREAK_FIELD_NUMBER: _ClassVar[int]
    RANK_METHOD_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_KEYS_FIELD_NUMBER: _ClassVar[int]
    RESET_SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    leaderboard_id: str
    display_name: str
    sort_order: SortOrder
    subscore_sort_order: SortOrder
    aggregation: Aggregation
    tie_break: TieBreak
    rank_method: RankMethod
    segment_keys: _containers.RepeatedScalarFieldContainer[str]
    reset_schedule: str
    time_zone: str
    metadata: _struct_pb2.Struct
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    def __init__(self, leaderboard_id: _Optional[str] = ..., display_name: _Optional[str] = ..., sort_order: _Optional[_Union[SortOrder, str]] = ..., subscore_sort_order: _Optional[_Union[SortOrder, str]] = ..., aggregation: _Optional[_Union[Aggregation, str]] = ..., tie_break: _Optional[_Union[TieBreak, str]] = ..., rank_method: _Optional[_Union[RankMethod, str]] = ..., segment_keys: _Optional[_Iterable[str]] = ..., reset_schedule: _Optional[str] = ..., time_zone: _Optional[str] = ..., metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class CreateLeaderboardRequest(_message.Message):
    __slots__ = ("leaderboard",)
    LEADERBOARD_FIELD_NUMBER: _ClassVar[int]
    leaderboard: Leaderboard
    def __init__(self, leaderboard: _Optional[_Union[Leaderboard, _Mapping]] = ...) -> None: ...

class CreateLeaderboardResponse(_message.Message):
    __slots__ = ("leaderboard",)
    LEADERBOARD_FIELD_NUMBER: _ClassVar[int]
    leaderboard: Leaderboard
    def __init__(self, leaderboard: _Optional[_Union[Leaderboard, _Mapping]] = ...) -> None: ...

class GetLeaderboardRequest(_message.Message):
    __slots__ = ("leaderboard_id",)
    LEADERBOARD_ID_FIELD_NUMBER: _ClassVar[int]
    leaderboard_id: str
    def __init__(self, leaderboard_id: _Optional[str] = ...) -> None: ...

class GetLeaderboardResponse(_message.Message):
    __slots__ = ("leaderboard",)
    LEADERBOARD_FIELD_NUMBER: _ClassVar[int]
    leaderboard: Leaderboard
    def __init__(self, leaderboard: _Optional[_Union[Leaderboard, _Mapping]] = ...) -> None: ...

class ListLeaderboardsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListLeaderboardsResponse(_message.Message):
    __slots__ = ("leaderboards", "next_page_token")
    LEADERBOARDS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    leaderboards: _containers.RepeatedCompositeFieldContainer[Leaderboard]
    next_page_token: str
    def __init__(self, leaderboards: _Optional[_Iterable[_Union[Leaderboard, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdateLeaderboardRequest(_message.Message):
    __slots__ = ("leaderboard", "update_mask")
    LEADERBOARD_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    leaderboard: Leaderboard
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, leaderboard: _Optional[_Union[Leaderboard, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class UpdateLeaderboardResponse(_message.Message):
    __slots__ = ("leaderboard",)
    LEADERBOARD_FIELD_NUMBER: _ClassVar[int]
    leaderboard: Leaderboard
    def __init__(self, leaderboard: _Optional[_Union[Leaderboard, _Mapping]] = ...) -> None: ...

class DeleteLeaderboardRequest(_message.Message):
    __slots__ = ("leaderboard_id",)
    LEADERBOARD_ID_FIELD_NUMBER: _ClassVar[int]
    leaderboard_id: str
    def __init__(self, leaderboard_id: _Optional[str] = ...) -> None: ...

class DeleteLeaderboardResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
