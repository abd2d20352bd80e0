"""How a client reaches its servers: the arguments of `connect`, checked and filled in."""

import ipaddress
import math
import os
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from rostrum.errors import RostrumError, invalid_options
from rostrum.tls import LoadedTls, Tls, load_tls

_HOST_AND_PORT = re.compile(r"(?:\[([^\s\[\]]+)\]|([^\s/:,\[\]]+)):(\d{1,5})")

_SURROGATE = re.compile("[\ud800-\udfff]")


DEVELOPMENT_ADDRESS = "localhost:50051"
"""Where `npm start` serves."""


@dataclass(frozen=True, kw_only=True)
class Retry:
    """How failed calls are retried and lost streams are opened again. Times in seconds."""

    initial_backoff: float = 0.05
    max_backoff: float = 1.0
    max_attempts: float = math.inf
    """How often one unary call is tried, the first time included; until its deadline by default."""


@dataclass(frozen=True)
class Address:
    """Where a server is; a name may stand for several."""

    text: str
    host: str
    port: int

    @property
    def is_ip(self) -> bool:
        try:
            ipaddress.ip_address(self.host.split("%")[0])
        except ValueError:
            return False
        return True

    @property
    def is_loopback(self) -> bool:
        return self.host == "localhost" or (
            self.is_ip and ipaddress.ip_address(self.host.split("%")[0]).is_loopback
        )


@dataclass(frozen=True)
class Settings:
    addresses: tuple[Address, ...]
    tls: LoadedTls
    default_timeout: float
    retry: Retry

    @property
    def address(self) -> str:
        return ", ".join(each.text for each in self.addresses)


def resolve_settings(
    address: str | Sequence[str] | None,
    tls: Tls | None,
    default_timeout: float,
    retry: Retry | bool,
) -> Settings:
    """Fills in the defaults.

    Raises INVALID_OPTIONS, CERTIFICATE_FILE_MISSING, CERTIFICATE_INVALID.
    """
    given = address if address is not None else os.environ.get("ROSTRUM_ADDRESS") or ""
    if tls is None:
        names = ("ROSTRUM_TLS_CA", "ROSTRUM_TLS_CERT", "ROSTRUM_TLS_KEY")
        ca, cert, key = (os.environ.get(name) for name in names)
        if not (ca and cert and key):
            raise invalid_options(
                "tls is missing: give rostrum.Tls(ca=…, cert=…, key=…), or set ROSTRUM_TLS_CA, "
                "ROSTRUM_TLS_CERT and ROSTRUM_TLS_KEY (after `npm start`: certs/dev/ca.crt, "
                "certs/dev/writer.crt, certs/dev/writer.key)"
            )
        tls = Tls(ca=ca, cert=cert, key=key)
    elif not isinstance(tls, Tls):
        raise invalid_options(f"tls must be a rostrum.Tls, not {type(tls).__name__}")
    return Settings(
        addresses=parse_addresses(given if given != "" or address == "" else DEVELOPMENT_ADDRESS),
        tls=load_tls(tls),
        default_timeout=positive("default_timeout", default_timeout),
        retry=_retry(retry),
    )


def _retry(retry: Retry | bool) -> Retry:
    if retry is True:
        return Retry()
    if retry is False:
        return Retry(max_attempts=1)
    if not isinstance(retry, Retry):
        raise invalid_options("retry must be a rostrum.Retry, True or False")
    for name in ("initial_backoff", "max_backoff", "max_attempts"):
        positive(f"retry.{name}", getattr(retry, name))
    return retry


def positive(name: str, value: float) -> float:
    """Raises INVALID_OPTIONS for what is no positive number; infinity is one."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
        raise invalid_options(f"{name} must be a number greater than 0, not {value!r}")
    return value


def check_callbacks(**callbacks: object) -> None:
    """Raises INVALID_OPTIONS for what cannot be called; None is no callback."""
    for name, callback in callbacks.items():
        if callback is not None and not callable(callback):
            raise invalid_options(f"{name} must be a function, not {callback!r}")


def parse_addresses(address: str | Sequence[str]) -> tuple[Address, ...]:
    """Reads `host:port`, several separated by commas, or a list of them."""
    if not isinstance(address, (str, Sequence)):
        raise invalid_options(f"address must be a str or a list of them, not {address!r}")
    texts = address.split(",") if isinstance(address, str) else list(address)
    if not texts:
        raise invalid_options("address is an empty list")
    return tuple(_parse(text) for text in dict.fromkeys(texts))


def _parse(text: object) -> Address:
    if isinstance(text, str):
        match = _HOST_AND_PORT.fullmatch(text.strip())
        if match and 1 <= int(match[3]) <= 65_535:
            found = Address(text.strip(), match[1] or match[2], int(match[3]))
            if (match[1] is None or found.is_ip) and not _SURROGATE.search(text):
                return found
    raise invalid_options(
        f"address {text!r} is not of the form host:port, with a port from 1 to 65535; several are "
        "separated by commas"
    )


class Backoff:
    """Waits that double from one failure to the next, each shortened at random by up to a half."""

    def __init__(self, retry: Retry) -> None:
        self._retry = retry
        self._next = retry.initial_backoff

    def next(self, retry_after: float = 0.0) -> float:
        """The next wait in seconds: never shorter than what the service asked for."""
        ceiling = min(self._next, self._retry.max_backoff)
        self._next = min(ceiling * 2, self._retry.max_backoff)
        return retry_after + ceiling * (0.5 + random.random() / 2)

    def reset(self) -> None:
        """Starts over after a success."""
        self._next = self._retry.initial_backoff


def retry_wait(error: RostrumError, *, repeatable: bool) -> float | None:
    """The least time to wait before another try, in seconds.

    None where no retry can mend the failure, or a repetition might do it twice: a call that is not
    `repeatable` is sent again only where the service is known not to have begun it.
    """
    wait = error.retry_after or 0.0
    if error.reason in ("SHUTTING_DOWN", "OVERLOADED"):
        return wait
    if not repeatable:
        return None
    if error.reason == "CONNECTION_FAILED" or error.code.name == "UNAVAILABLE":
        return wait
    return error.retry_after if error.code.name == "RESOURCE_EXHAUSTED" else None


def reopen_wait(error: RostrumError) -> float | None:
    """As `retry_wait`, for a stream; also where this client did not keep up."""
    if error.reason == "WATCHER_TOO_SLOW":
        return error.retry_after or 0.0
    return retry_wait(error, repeatable=True)
