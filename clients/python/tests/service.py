"""A whole service for the tests: scripts/clients/serve.ts, which obeys JSON lines."""

import itertools
import json
import subprocess
import threading
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]


class Service:
    """PostgreSQL, Redis, certificates, and servers by name."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["node", "scripts/bootstrap.mjs", "scripts/clients/serve.ts"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._ids = itertools.count(1)
        self._lock = threading.Lock()

    def ask(self, op: str, **request: Any) -> dict[str, Any]:
        """Waits for the answer; one request at a time."""
        with self._lock:
            assert self._process.stdin and self._process.stdout
            id_ = next(self._ids)
            self._process.stdin.write(json.dumps({"id": id_, "op": op, **request}) + "\n")
            self._process.stdin.flush()
            for line in self._process.stdout:
                if not line.startswith("{"):
                    continue
                answer: dict[str, Any] = json.loads(line)
                if "error" in answer:
                    raise AssertionError(answer["error"]["message"])
                ok: dict[str, Any] = answer["ok"]
                return ok
            raise AssertionError("the service has ended")

    def count(self, sql: str, *values: str) -> int:
        """The one number that a query gives."""
        (row,) = self.ask("query", sql=sql, values=list(values))["rows"]
        return int(next(iter(row.values())))

    def end(self) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()
