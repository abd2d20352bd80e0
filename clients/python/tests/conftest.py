"""One service for all tests; each test uses leaderboards of its own."""

import itertools
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from service import Service

import rostrum

_BOARDS = itertools.count(1)


@dataclass(frozen=True)
class Server:
    service: Service
    address: str
    certificates: Path

    def tls(self, identity: str = "admin") -> rostrum.Tls:
        return rostrum.Tls(
            ca=self.certificates / "ca.crt",
            cert=self.certificates / f"{identity}.crt",
            key=self.certificates / f"{identity}.key",
        )

    def environment(self, identity: str) -> dict[str, str]:
        """What a process needs to connect as that identity."""
        return {
            "ROSTRUM_ADDRESS": self.address,
            "ROSTRUM_TLS_CA": str(self.certificates / "ca.crt"),
            "ROSTRUM_TLS_CERT": str(self.certificates / f"{identity}.crt"),
            "ROSTRUM_TLS_KEY": str(self.certificates / f"{identity}.key"),
        }


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.end()


@pytest.fixture
def server(service: Service) -> Server:
    started = service.ask("start")
    return Server(service, started["address"], Path(started["certificates"]))


@pytest_asyncio.fixture
async def client(server: Server) -> AsyncIterator[rostrum.Client]:
    async with rostrum.connect(server.address, tls=server.tls()) as client:
        yield client


@pytest.fixture
def board() -> str:
    return f"board-{next(_BOARDS)}"
