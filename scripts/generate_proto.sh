#!/bin/sh
# Generates the Python stubs from the schemas in protos/. They are committed, and a test fails where they are stale.
# Without a POSIX shell, run the one command below from the project's root.
set -eu
cd "$(dirname "$0")/.."
"${PYTHON:-python}" -m grpc_tools.protoc -I. --python_out=. --pyi_out=. --grpc_python_out=. protos/*.proto
