"""Generates the stubs in src/rostrum/v1 from the contract: python tools/generate.py [directory].

Needs requirements-dev.txt. google.rpc is imported from googleapis-common-protos, never generated.
"""

import sys
from pathlib import Path

from grpc_tools import protoc

HERE = Path(__file__).resolve().parent.parent
ROOT = HERE.parent.parent
INIT = '"""The contract, generated. Messages are in `*_pb2`, stubs in `*_pb2_grpc`."""\n'


def generate(directory: Path) -> None:
    """Writes rostrum/v1 below the directory."""
    directory.mkdir(parents=True, exist_ok=True)
    protos = sorted((ROOT / "proto/rostrum/v1").glob("*.proto"))
    services = [proto for proto in protos if "\nservice " in proto.read_text("utf-8")]
    include = [f"-I{ROOT / 'proto'}", f"-I{ROOT / 'third_party/googleapis'}"]
    plugin = f"--plugin=protoc-gen-mypy_grpc={Path(sys.executable).parent / 'protoc-gen-mypy_grpc'}"
    run([*include, f"--python_out={directory}", f"--pyi_out={directory}", *map(str, protos)])
    grpc = [f"--grpc_python_out={directory}", f"--mypy_grpc_out=quiet:{directory}"]
    run([*include, plugin, *grpc, *map(str, services)])
    (directory / "rostrum/v1/__init__.py").write_text(INIT, "utf-8")


def run(arguments: list[str]) -> None:
    include = str(Path(protoc.__file__).parent / "_proto")
    if protoc.main(["protoc", *arguments, f"-I{include}"]) != 0:
        raise SystemExit("protoc failed")


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "src")
