"""The blocks of README.md, run as they stand."""

import ast
import inspect
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import get_args

import pytest
from conftest import Server

import rostrum

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
BLOCKS = [match[1] for match in re.finditer("```python\n(.*?)```", README, re.DOTALL)]
PROGRAMS = [block for block in BLOCKS if "asyncio.run(" in block]
FRAGMENTS = [block for block in BLOCKS if block not in PROGRAMS]


def test_the_first_program(server: Server, tmp_path: Path) -> None:
    (program,) = PROGRAMS
    (tmp_path / "quickstart.py").write_text(program, "utf-8")
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", tmp_path / "quickstart.py"],
        env=os.environ | server.environment("writer") | {"PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=60,
        capture_output=True,
        text=True,
    )
    expected = "ada: rank 1 of 1\nnobody: no rank yet\nbob leads\n"
    assert (done.stdout, done.stderr) == (expected, "")


@pytest.fixture
def environment(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in server.environment("writer").items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("block", FRAGMENTS, ids=lambda block: block.splitlines()[0])
async def test_a_block(block: str, client: rostrum.Client, capsys: pytest.CaptureFixture[str]) -> None:
    await client.submit(leaderboard_id="arena", player_id="ada", score=1)
    code = compile(block, "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(code, {"rostrum": rostrum, "client": client})
    if inspect.iscoroutine(result):
        await result
    if "print(" in block:
        assert capsys.readouterr().out


def test_mypy_passes_the_blocks(tmp_path: Path) -> None:
    files = [tmp_path / f"block_{number}.py" for number in range(len(BLOCKS))]
    for file, block in zip(files, BLOCKS, strict=True):
        if block not in PROGRAMS:
            body = textwrap.indent(block, "    ")
            head = (
                "async def use(client: rostrum.Client)"
                if "async " in body or "await " in body
                else "def use()"
            )
            block = f"import rostrum\n\n\n{head} -> None:\n{body}"
        file.write_text(block, "utf-8")
    # In the folder of the client, whose settings and cache it has.
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *files],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_there_are_blocks() -> None:
    assert len(PROGRAMS) == 1
    assert len(FRAGMENTS) >= 7


def test_every_reason_of_the_client_is_explained() -> None:
    table = "\n".join(line for line in README.splitlines() if line.startswith("| `"))
    explained = set(re.findall(r"`([A-Z_]+)`", table))
    assert explained == set(get_args(rostrum.ClientReason))
