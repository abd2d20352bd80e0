"""The channels of a client: one to each address, and the calls that are open on them."""

import asyncio
import itertools
import json
import weakref
from collections.abc import Callable
from typing import Any

import grpc
from grpc import aio

from rostrum.settings import Address, Settings

MAX_REQUEST_BYTES = 4 * 1024 * 1024
"""What the service takes. A larger request is not sent: in a stream it would end the stream."""
MAX_RESPONSE_BYTES = 16 * 1024 * 1024
_LONGEST_BACKOFF = 120.0
_READY = grpc.ChannelConnectivity.READY


class Channels:
    """A channel to each address, with connections of its own."""

    def __init__(self, settings: Settings) -> None:
        self.calls: weakref.WeakSet[Any] = weakref.WeakSet()
        self._channels = [_make_channel(settings, each) for each in settings.addresses]
        self._methods: dict[tuple[int, str], Any] = {}
        self._turn = itertools.count()

    @property
    def is_ready(self) -> bool:
        """Whether there is a connection now; begins to connect where there is none."""
        return bool(self._ready())

    def open(
        self, kind: str, path: str, parse: Callable[[bytes], Any], *args: Any, **options: Any
    ) -> Any:
        """Begins a call of one kind (`unary_unary`, …) on the channel whose turn it is."""
        index = self._pick()
        method = self._methods.get((index, path))
        if method is None:
            method = getattr(self._channels[index], kind)(path, response_deserializer=parse)
            self._methods[index, path] = method
        call = method(*args, **options)
        self.calls.add(call)
        return call

    async def close(self) -> None:
        self._methods.clear()
        await asyncio.gather(*(channel.close() for channel in self._channels))
        self._channels.clear()

    def _pick(self) -> int:
        """The next channel in turn, of those that are connected if any are."""
        count = len(self._channels)
        if count == 1:
            return 0
        turn = next(self._turn)
        ready = self._ready()
        return ready[turn % len(ready)] if ready else turn % count

    def _ready(self) -> list[int]:
        return [
            index
            for index, channel in enumerate(self._channels)
            if channel.get_state(try_to_connect=True) is _READY
        ]


def _make_channel(settings: Settings, address: Address) -> aio.Channel:
    name = settings.tls.server_name
    max_backoff = int(min(settings.retry.max_backoff, _LONGEST_BACKOFF) * 1000)
    options: list[tuple[str, Any]] = [
        # Otherwise two channels with the same arguments share one connection.
        ("grpc.use_local_subchannel_pool", 1),
        # This client retries by itself; gRPC would do it once more behind its back.
        ("grpc.enable_retries", 0),
        # Without it a name that stands for several servers would lead to one of them only.
        ("grpc.service_config", json.dumps({"loadBalancingConfig": [{"round_robin": {}}]})),
        ("grpc.service_config_disable_resolution", 1),
        ("grpc.dns_min_time_between_resolutions_ms", 1_000),
        # A server that hangs or vanished without a word is found out within the sum of both.
        ("grpc.keepalive_time_ms", 4_000),
        ("grpc.keepalive_timeout_ms", 4_000),
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.initial_reconnect_backoff_ms", min(100, max_backoff)),
        ("grpc.min_reconnect_backoff_ms", 10_000),
        ("grpc.max_reconnect_backoff_ms", max(100, max_backoff)),
        ("grpc.max_receive_message_length", MAX_RESPONSE_BYTES),
        ("grpc.max_send_message_length", MAX_REQUEST_BYTES),
    ]
    if name is not None:
        options.append(("grpc.ssl_target_name_override", name))
        options.append(("grpc.default_authority", name))
    if address.is_loopback:
        options.append(("grpc.enable_http_proxy", 0))  # it has no way to this machine itself
    credentials = settings.tls.credentials()
    return aio.secure_channel(f"dns:///{address.text}", credentials, options=options)
