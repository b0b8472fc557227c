"""The embedded server's certificates and its token, seen by clients other than the suite's."""

import base64
import io
import json
import os
import ssl
import stat
import sys
import urllib.error
import urllib.request
from pathlib import Path

import grpc
import pytest

from protos.datastream_pb2 import HealthRequest
from protos.datastream_pb2_grpc import DataStreamServiceStub
from support.simulator.certificates import Tls, made
from support.simulator.command_line import parse
from tests.patience import PATIENCE
from tests.simulator.driver import REQUEST, SimulatorProcess, in_process

TOKEN = "f0rest"


def ask(told: dict[str, str], path: str, body: object = None, authorization: str = "") -> tuple[int, dict[str, str]]:
    context = ssl.create_default_context(cafile=told["ca_file"]) if "ca_file" in told else None
    if context is not None and "client_key" in told:
        context.load_cert_chain(told["client_certificate"], told["client_key"])
    headers = {"Content-Type": "application/json", "Authorization": authorization}
    request = urllib.request.Request(told["rest_url"] + path, body and json.dumps(body).encode(), headers)  # type: ignore[arg-type]
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE, context=context) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def told_by(simulator: SimulatorProcess) -> dict[str, str]:
    told: dict[str, str] = json.loads(simulator.ready_line)
    return told


@pytest.mark.parametrize("tls", ["self-signed", "ca", "mtls"])
def test_what_it_tells_is_enough_for_rest_and_for_a_job(tls: str) -> None:
    with in_process("--tls", tls) as simulator:
        told = told_by(simulator)
        assert told["rest_url"].startswith("https://127.0.0.1:")
        status, job = ask(told, "/configure", REQUEST)
        assert status == 200

        files = [
            Path(told[name]).read_bytes() if name in told else None for name in ("client_key", "client_certificate")
        ]
        credentials = grpc.ssl_channel_credentials(Path(told["ca_file"]).read_bytes(), *files)
        with grpc.secure_channel(f"127.0.0.1:{job['stream_port']}", credentials) as channel:
            assert DataStreamServiceStub(channel).CheckHealth(HealthRequest(), timeout=PATIENCE).healthy
        simulator.process.terminate()
        simulator.end()  # killed, it would leave its files


@pytest.mark.parametrize("end", ["sigterm", "stdin"])
def test_keys_are_for_this_user_alone_are_never_shown_and_go_with_the_process(end: str) -> None:
    with in_process("--tls", "mtls", "--exit-on-stdin-eof") as simulator:
        folder = Path(told_by(simulator)["client_key"]).parent
        keys = [path.read_text().splitlines()[1] for path in folder.glob("*-key.pem")]
        assert len(keys) == 2
        if sys.platform != "win32":
            assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
        if end == "sigterm":
            simulator.process.terminate()
        _, out, err = simulator.end()

    assert not folder.exists()
    assert [key for key in keys if key in simulator.ready_line + out + err] == []


def test_the_files_can_be_removed_at_once() -> None:
    with made("ca") as certificates:
        assert certificates is not None
        certificates.remove()
        assert not certificates.key.exists()


@pytest.mark.parametrize("tls", ["self-signed", "expired", "wrong-host"])
def test_every_start_has_its_own(tls: Tls) -> None:
    with made(tls) as one, made(tls) as other:
        assert one is not None
        assert other is not None
        assert one.for_client["fingerprint"] != other.for_client["fingerprint"]


def test_without_tls_there_are_none() -> None:
    with made("off") as certificates:
        assert certificates is None


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"anybody:{password}".encode()).decode()


def test_only_the_token_opens(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    with in_process("--require-token", str(file)) as simulator:
        told = told_by(simulator)
        for wrong in ("", "Bearer", "Bearer other", f"Digest {TOKEN}", "Basic ?", basic("other"), TOKEN):
            status, answer = ask(told, "/channels", authorization=wrong)
            assert status == 401, wrong
            assert answer["error"].startswith("this server wants its token")
        for right in (f"Bearer {TOKEN}", f"bearer {TOKEN}", basic(TOKEN)):
            assert ask(told, "/channels", authorization=right)[0] == 200
        _, job = ask(told, "/configure", REQUEST, f"Bearer {TOKEN}")
        with grpc.insecure_channel(f"127.0.0.1:{job['stream_port']}") as channel:
            stub = DataStreamServiceStub(channel)
            with pytest.raises(grpc.RpcError) as caught:
                stub.CheckHealth(HealthRequest(), timeout=PATIENCE)
            assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
            shown = (("authorization", f"Bearer {TOKEN}"),)
            assert stub.CheckHealth(HealthRequest(), timeout=PATIENCE, metadata=shown).healthy
        simulator.process.terminate()
        _, out, err = simulator.end()
    assert TOKEN not in out + err


@pytest.mark.parametrize(("content", "words"), [(None, "cannot be read"), ("\n", "there is no token in")])
def test_a_file_without_a_token_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, words: str
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SystemExit):
        parse(["--require-token", str(file)])
    assert words in capsys.readouterr().err


def test_the_token_may_be_the_first_line_of_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{TOKEN}\nmore"))
    assert parse(["--require-token", "-"]).token == TOKEN


def test_the_token_is_not_in_what_options_look_like(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    options = parse(["--require-token", str(tmp_path / "token")])
    assert options.token == TOKEN
    assert TOKEN not in repr(options)
