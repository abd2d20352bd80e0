"""Why a connection cannot be made: gRPC tells it only in texts, and some of it not at all."""

import asyncio
import contextlib
import errno
import socket
import ssl
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Literal

import grpc

from rostrum.errors import RostrumError
from rostrum.settings import DEVELOPMENT_ADDRESS, Address, Settings

_TIMEOUT = 1.0
"""So long a server may be silent: whoever waits has waited for a deadline already."""

_NETWORK = {
    "ECONNREFUSED": "nothing listens there",
    "ENOTFOUND": "there is no such host",
    "EAI_AGAIN": "the host name cannot be resolved now",
    "ETIMEDOUT": "no answer",
    "EHOSTUNREACH": "the host cannot be reached",
    "ENETUNREACH": "the network cannot be reached",
}

Hope = Literal["yes", "doubtful", "no"]


@dataclass(frozen=True)
class Diagnosis:
    error: RostrumError
    mendable: Hope
    """`no`: trying again cannot help. `doubtful`: so it looks, and a dying server looks the same."""


async def diagnose(settings: Settings) -> Diagnosis | None:
    """Connects once to each server. None when a connection to one of them works."""
    found = await asyncio.gather(*(_diagnose(each, settings) for each in settings.addresses))
    faults = [each for each in found if each is not None]
    if len(faults) < len(found):
        return None
    hopes: tuple[Hope, ...] = ("yes", "doubtful", "no")
    # The most hopeful one decides: while one server may come back, trying again may help.
    first = min(faults, key=lambda each: hopes.index(each.mendable))
    message = "; ".join(each.error.message for each in faults)
    return Diagnosis(RostrumError(first.error.code, first.error.reason, message), first.mendable)


async def _diagnose(address: Address, settings: Settings) -> Diagnosis | None:
    connected: list[asyncio.StreamWriter] = []
    try:
        await asyncio.wait_for(_say_hello(address, settings, connected), _TIMEOUT)
        return None
    except (OSError, EOFError, asyncio.TimeoutError) as error:
        return _explain(address, settings, error, secured=bool(connected))
    finally:
        for writer in connected:
            writer.transport.abort()
            with contextlib.suppress(Exception):
                await writer.wait_closed()


async def _say_hello(
    address: Address, settings: Settings, connected: list[asyncio.StreamWriter]
) -> None:
    reader, writer = await asyncio.open_connection(
        address.host,
        address.port,
        ssl=settings.tls.context,
        server_hostname=settings.tls.server_name or address.host.split("%")[0],
    )
    connected.append(writer)
    # With TLS 1.3 the server judges our certificate after the handshake is over for us: only its
    # first bytes, the HTTP/2 settings, say that it let us in.
    await reader.readexactly(1)


def _explain(address: Address, settings: Settings, error: BaseException, *, secured: bool) -> Diagnosis:
    where = address.text
    if isinstance(error, ssl.SSLCertVerificationError):
        text = f"the certificate of the server at {where} is refused: {error.verify_message}"
        return Diagnosis(_refused(text, error), "no")
    alert = isinstance(error, ssl.SSLError) and "ALERT" in str(error.reason or error)
    expired = expired_certificate(settings)
    if expired and (secured or alert):
        return Diagnosis(expired, "no")
    if alert:
        text = f"the server at {where} refuses the client certificate"
        return Diagnosis(_refused(text, error), "no")
    if secured and not isinstance(error, asyncio.TimeoutError):
        text = (
            f"the server at {where} closes the connection after the TLS handshake: it probably "
            "refuses the client certificate"
        )
        return Diagnosis(_refused(text, error), "doubtful")
    return Diagnosis(cannot_reach(where, _code(error)), "yes")


def _code(error: BaseException | None) -> str:
    if isinstance(error, asyncio.TimeoutError):
        return "ETIMEDOUT"
    if isinstance(error, socket.gaierror):
        return "EAI_AGAIN" if error.errno == socket.EAI_AGAIN else "ENOTFOUND"
    number = getattr(error, "errno", None)
    if isinstance(number, int) and number in errno.errorcode:
        return errno.errorcode[number]
    # Of several addresses of a name, asyncio tells all the faults in one text.
    return "ECONNREFUSED" if "refused" in str(error).lower() else type(error).__name__


def expired_certificate(settings: Settings) -> RostrumError | None:
    """What to say where the client's certificate has expired."""
    expires = settings.tls.expires
    if expires is None or expires > datetime.now(timezone.utc):
        return None
    return _refused(f"the client certificate expired at {expires.isoformat()}", None)


def _refused(message: str, cause: BaseException | None) -> RostrumError:
    if isinstance(cause, EOFError):
        message += " (closed)"
    elif cause is not None:
        message += f" ({getattr(cause, 'reason', None) or cause})"
    return RostrumError(grpc.StatusCode.UNAUTHENTICATED, "CERTIFICATE_REFUSED", message)


def cannot_reach(address: str, code: str) -> RostrumError:
    """What to say when no connection can be made."""
    why = _NETWORK.get(code, "the connection fails")
    text = f"cannot reach a Rostrum server at {address}: {why} ({code})"
    if address == DEVELOPMENT_ADDRESS:
        text += "; start one with `npm start`, or set ROSTRUM_ADDRESS"
    return RostrumError(grpc.StatusCode.UNAVAILABLE, "CONNECTION_FAILED", text)
