"""What a run tells of its security: the certificates that it trusted on first use, and no secret."""

from __future__ import annotations

import logging
from contextlib import closing
from pathlib import Path

import pytest

from support.errors import NotReadyError
from support.reporting.scenario_report import certificates_table
from support.run import Run
from support.settings_sources import load
from tests.security.conftest import ServerWith
from tests.security.servers import configure

TOKEN = "s3cret-t0ken"


def test_a_certificate_trusted_on_first_use_is_in_the_description_of_the_run(server_with: ServerWith) -> None:
    told = server_with("--tls", "self-signed")

    with closing(Run({"focus_server_url": told["rest_url"], "tls": "first-use"}, {})) as run:
        described = run.describe()

        where = told["rest_url"].removeprefix("https://")
        assert described[f"certificate trusted on first use, {where}"] == told["fingerprint"]
        assert told["fingerprint"] in run.banner()


def test_those_of_jobs_are_in_the_table_of_the_scenario(server_with: ServerWith) -> None:
    told = server_with("--tls", "self-signed")
    job = configure(told)
    with closing(Run({"focus_server_url": told["rest_url"], "tls": "first-use"}, {})) as run:
        world = run.world()
        with world.streaming.client.connect_context(job["stream_url"], job["stream_port"]):
            table = certificates_table(world.happened.certificates)
        world.close()

    assert f"127.0.0.1:{job['stream_port']},{told['fingerprint']}" in table.splitlines()


def test_the_token_is_nowhere(server_with: ServerWith, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "token").write_text(TOKEN)
    told = server_with("--tls", "ca", "--require-token", str(tmp_path / "token"))
    userdata = {"focus_server_url": told["rest_url"], "tls": "ca", "tls_ca_file": told["ca_file"]}
    with caplog.at_level(logging.DEBUG):
        with closing(Run(userdata, {"FOCUS_TOKEN": TOKEN})) as run:
            said = f"{run.banner()} {run.describe()} {run.settings!r}"
        with pytest.raises(NotReadyError, match="was refused with 401") as caught:
            Run(userdata, {"FOCUS_TOKEN": TOKEN + "x"})

    assert "token=*** (from the environment)" in " ".join(said.split())
    assert TOKEN not in said + str(caught.value) + caplog.text


def test_another_server_takes_over_nothing_of_this_ones_security() -> None:
    run = load({"focus_server_url": "https://one", "tls": "first-use", "channels": "5"}, {"FOCUS_TOKEN": TOKEN})

    other = run.against("https://two", {"tls": "pin", "tls_fingerprint": "AB" * 32})

    assert (other.focus_server_url, other.tls, other.token, other.channels) == ("https://two", "pin", None, 5)
