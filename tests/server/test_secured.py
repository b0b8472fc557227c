"""The secrets of secured servers: in nothing that stays when a run is killed."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from support import ROOT
from support.server.secured import SecuredServers
from tests.patience import eventually

BEGINNER = """
from support.server.secured import SecuredServers
SecuredServers("story").told("that asks its clients for a token")
"""


def test_a_run_that_is_killed_leaves_no_token(tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    told = os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(temporary), "TEMP": str(temporary)}
    run = subprocess.Popen([sys.executable, "-c", BEGINNER], cwd=tmp_path, env=told)
    with run:
        eventually(lambda: bool(psutil.Process(run.pid).children()), "its server begins")
        [server] = psutil.Process(run.pid).children()
        run.kill()
    eventually(lambda: not server.is_running() or server.status() == psutil.STATUS_ZOMBIE, "its server ends")

    assert list(temporary.iterdir()) == []


def test_the_token_is_told_to_clients_and_in_no_list_of_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    servers = SecuredServers("story")
    try:
        token = servers.told("that asks its clients for a token")["token"]

        assert not any(token in part for each in psutil.Process().children() for part in each.cmdline())
    finally:
        servers.close()
