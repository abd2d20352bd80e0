"""Certificates: from files or from memory, looked at before they are used."""

import contextlib
import os
import ssl
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from types import NoneType

import grpc

from rostrum.errors import Reason, RostrumError, invalid_options

PemSource = str | os.PathLike[str] | bytes

_MAX_PEM = 1024 * 1024
"""More than any bundle of certificates has."""


@dataclass(frozen=True, kw_only=True)
class Tls:
    """Who the client is and whom it trusts: each a path, or PEM in memory as bytes."""

    ca: PemSource
    """The certificate of the authority that issued the server's certificate."""
    cert: PemSource
    """The client's certificate, with any intermediate certificates after it."""
    key: PemSource = field(repr=False)
    """The client's private key."""
    server_name: str | None = None
    """The name to expect in the server's certificate, where it is not the host of the address."""


@dataclass(frozen=True)
class LoadedTls:
    source: Tls
    stamp: tuple[object, ...]
    """Of the files; another one when they were renewed."""
    ca: bytes
    cert: bytes
    key: bytes
    server_name: str | None
    context: ssl.SSLContext
    expires: datetime | None

    def renewed(self) -> "LoadedTls | None":
        """What the files hold now, if that is something else, and whole."""
        if _stamp(self.source) == self.stamp:
            return None
        try:
            return load_tls(self.source)
        except RostrumError:
            return None  # one is being written

    def credentials(self) -> grpc.ChannelCredentials:
        return grpc.ssl_channel_credentials(self.ca, self.key, self.cert)


_KINDS = {
    "ca": "the authority certificate",
    "cert": "the client certificate",
    "key": "the client key",
}


def load_tls(tls: Tls) -> LoadedTls:
    """Raises INVALID_OPTIONS, CERTIFICATE_FILE_MISSING, CERTIFICATE_INVALID."""
    if not isinstance(tls.server_name, (str, NoneType)):
        raise invalid_options(f"tls.server_name must be a str, not {tls.server_name!r}")
    for name in ("ca", "cert", "key"):
        source = getattr(tls, name)
        if isinstance(source, str) and "-----BEGIN" in source:
            # Not even as a path: it would stand in messages, and may be a key.
            raise invalid_options(f"tls.{name} holds PEM: give it as bytes, by .encode(), or a path")
    tls = replace(tls, ca=_absolute(tls.ca), cert=_absolute(tls.cert), key=_absolute(tls.key))
    stamp = _stamp(tls)
    ca = _read("ca", tls.ca, b"CERTIFICATE-----")
    cert = _read("cert", tls.cert, b"CERTIFICATE-----")
    key = _read("key", tls.key, b"PRIVATE KEY-----")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols(["h2"])
    try:
        context.load_verify_locations(cadata=ca.decode("ascii", "replace"))
    except (ssl.SSLError, ValueError) as error:
        raise _invalid(f"{_label('ca', tls.ca)} cannot be used: {error}") from error
    with _as_file(cert) as cert_file, _as_file(key) as key_file:
        try:
            context.load_cert_chain(cert_file, key_file, password=_no_password)
        except (ssl.SSLError, ValueError) as error:
            pair = f"{_label('cert', tls.cert)} and {_label('key', tls.key)}"
            fault = "do not belong together" if "MISMATCH" in str(error) else "cannot be used"
            raise _invalid(f"{pair} {fault}: {error}") from error
        return LoadedTls(tls, stamp, ca, cert, key, tls.server_name, context, _not_after(cert_file))


def _absolute(source: PemSource) -> PemSource:
    """A path that stays the same when the process goes to another directory."""
    return Path(source).absolute() if isinstance(source, (str, os.PathLike)) and source else source


def _stamp(tls: Tls) -> tuple[object, ...]:
    return tuple(_file_stamp(source) for source in (tls.ca, tls.cert, tls.key))


def _file_stamp(source: PemSource) -> tuple[int, int, int] | None:
    if isinstance(source, bytes):
        return None
    try:
        stat = os.stat(source)
    except (OSError, ValueError, TypeError):
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def _no_password() -> str:
    raise ValueError("it is encrypted, and this client takes no passphrase")


def _read(name: str, source: PemSource, content: bytes) -> bytes:
    if isinstance(source, bytes):
        pem = source
    elif isinstance(source, (str, os.PathLike)) and os.fspath(source) != "":
        try:
            pem = _read_small_file(name, Path(source))
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise _failed(
                "CERTIFICATE_FILE_MISSING",
                f"cannot read {_label(name, source)} ({why}){_hint(source)}",
                {"path": os.fspath(source)},
            ) from error
    else:
        raise invalid_options(f"tls.{name}: give the path of a PEM file, or its content as bytes")
    if content not in pem:
        begin = f"-----BEGIN {content.decode()}"
        raise _invalid(f"{_label(name, source)} is none: a PEM file with {begin} is needed")
    return pem


def _label(name: str, source: PemSource) -> str:
    if isinstance(source, bytes):
        return f"{_KINDS[name]} (tls.{name})"
    # The name of a file may hold what is no text; the message is.
    path = str(Path(source).absolute()).encode("utf-8", "backslashreplace").decode()
    return f"{_KINDS[name]} {path}"


def _failed(reason: Reason, message: str, metadata: dict[str, str]) -> RostrumError:
    return RostrumError(grpc.StatusCode.FAILED_PRECONDITION, reason, message, metadata=metadata)


def _invalid(message: str) -> RostrumError:
    return _failed("CERTIFICATE_INVALID", message, {})


def _read_small_file(name: str, path: Path) -> bytes:
    """A device or a pipe that is named by mistake would make us wait, or run out of memory."""
    if path.exists() and not path.is_file():
        raise _invalid(f"{_label(name, path)} cannot be used: it is not a file")
    with path.open("rb") as file:
        content = file.read(_MAX_PEM + 1)
    if len(content) > _MAX_PEM:
        raise _invalid(f"{_label(name, path)} cannot be used: it has more than 1 MiB")
    return content


def _hint(source: str | os.PathLike[str]) -> str:
    is_development = Path(source).parent.name == "dev"
    made = "; development certificates are made by `npm start`, or by `npm run certs`"
    return made if is_development else ""


@contextlib.contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """A file that only this user can read, for as long as OpenSSL needs it: it takes nothing else."""
    descriptor, path = tempfile.mkstemp()
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        yield path
    finally:
        os.unlink(path)


def _not_after(cert_file: str) -> datetime | None:
    """When a certificate ends; None where this Python does not tell it."""
    try:
        told = ssl._ssl._test_decode_cert(cert_file)  # type: ignore[attr-defined]
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(told["notAfter"]), timezone.utc)
    except (AttributeError, KeyError, ValueError, ssl.SSLError):
        return None
