"""What the clients make of trust: which they choose, what they remember, and when they begin to doubt."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.errors import ConnectionError, SecurityError
from support.focus_server_api import FocusServerAPI
from support.grpc_stream_client import GrpcStreamClient
from support.security import Security, ServerCertificate, Trust
from support.server.embedded import EmbeddedServer
from tests.conftest import Serve
from tests.patience import PATIENCE
from tests.security.conftest import ServerWith
from tests.security.servers import configure


class TestVerifySsl:
    """The argument that AUTO-001 names, without a ``security``."""

    def test_false_trusts_exactly_the_certificate_of_a_server_that_speaks_tls_and_says_so(
        self, server_with: ServerWith, caplog: pytest.LogCaptureFixture
    ) -> None:
        told = server_with("--tls", "self-signed")
        job = configure(told)
        client = GrpcStreamClient(connection_timeout=PATIENCE, verify_ssl=False)

        with caplog.at_level(logging.WARNING), client.connect_context("127.0.0.1", job["stream_port"]):
            assert len(list(client.stream_spectrograms(job["job_id"], max_frames=2))) == 2

        assert client.security.encrypts
        assert [one.fingerprint for one in client.security.seen.values()] == [told["fingerprint"]]
        assert f"trusted on first use; for no other, set tls to pin and tls_fingerprint to {told['fingerprint']}" in (
            caplog.text
        )

    def test_false_never_goes_back_to_plain_text(self, server_with: ServerWith, serve: Serve) -> None:
        job = configure(server_with("--tls", "self-signed"))
        client = GrpcStreamClient(connection_timeout=PATIENCE, verify_ssl=False)
        with client.connect_context("127.0.0.1", job["stream_port"]):
            pass

        with pytest.raises(SecurityError, match="does not speak TLS"):
            client.connect("127.0.0.1", serve().port)

    def test_false_is_refused_by_an_expired_certificate(self, server_with: ServerWith) -> None:
        job = configure(server_with("--tls", "expired"))

        with pytest.raises(SecurityError, match="expired on"):
            GrpcStreamClient(connection_timeout=PATIENCE, verify_ssl=False).connect("127.0.0.1", job["stream_port"])

    def test_true_trusts_the_authorities_of_this_machine(
        self, server_with: ServerWith, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        told = server_with("--tls", "ca")
        job = configure(told)
        client = GrpcStreamClient(connection_timeout=PATIENCE, verify_ssl=True)
        with pytest.raises(SecurityError, match="not among the roots of this machine"):
            client.connect("127.0.0.1", job["stream_port"])

        monkeypatch.setenv("SSL_CERT_FILE", told["ca_file"])

        with client.connect_context("127.0.0.1", job["stream_port"]):
            assert client.is_connected()
        with FocusServerAPI(told["rest_url"], timeout=PATIENCE) as api:
            assert api.channels().highest_channel > 0


class TestFirstUse:
    def test_another_certificate_at_the_same_place_is_refused(self, tmp_path: Path, cleanup: ExitStack) -> None:
        security = Security(Trust.FIRST_USE)
        first = EmbeddedServer(["--tls", "self-signed"], log_file=tmp_path / "first.log")
        cleanup.callback(first.stop)
        with FocusServerAPI(first.rest_url, timeout=PATIENCE, security=security) as api:
            api.channels()
        port = first.rest_url.rpartition(":")[2]
        first.stop()
        second = EmbeddedServer(["--tls", "self-signed", "--port", port], log_file=tmp_path / "second.log")
        cleanup.callback(second.stop)

        with (
            FocusServerAPI(first.rest_url, timeout=PATIENCE, security=security) as api,
            pytest.raises(SecurityError, match="has changed since its first use in this run") as caught,
        ):
            api.channels()

        assert first.told["fingerprint"] in str(caught.value)
        assert second.told["fingerprint"] in str(caught.value)

    def test_a_certificate_that_was_refused_is_not_remembered(self, server_with: ServerWith) -> None:
        security = Security(Trust.FIRST_USE)
        with (
            FocusServerAPI(server_with("--tls", "expired")["rest_url"], security=security) as api,
            pytest.raises(SecurityError),
        ):
            api.channels()

        assert security.seen == {}


class TestPatience:
    @pytest.mark.parametrize("trust", [Trust.CA, Trust.FIRST_USE])
    def test_a_port_that_opens_late_is_waited_for(self, server_with: ServerWith, trust: Trust) -> None:
        told = server_with("--tls", "ca", "--pod-start", "0.6")
        security = Security(trust, ca_file=Path(told["ca_file"]) if trust is Trust.CA else None)
        client = GrpcStreamClient(connection_timeout=PATIENCE, security=security)

        with client.connect_context("127.0.0.1", configure(told)["stream_port"]):
            assert client.is_connected()

    @pytest.mark.parametrize("trust", [Trust.SYSTEM, Trust.FIRST_USE])
    def test_a_port_that_never_opens_is_no_matter_of_trust(self, closed_port: int, trust: Trust) -> None:
        client = GrpcStreamClient(connection_timeout=0.4, security=Security(trust))

        with pytest.raises(ConnectionError, match=r"answered gRPC within 0\.4 s: .*refused") as caught:
            client.connect("127.0.0.1", closed_port)

        assert not isinstance(caught.value, SecurityError)

    @pytest.mark.parametrize("trust", [Trust.SYSTEM, Trust.FIRST_USE])
    def test_a_port_that_says_nothing_is_no_matter_of_trust(self, silent_port: int, trust: Trust) -> None:
        client = GrpcStreamClient(connection_timeout=0.4, security=Security(trust))

        with pytest.raises(ConnectionError, match=r"answered gRPC within 0\.4 s") as caught:
            client.connect("127.0.0.1", silent_port)

        assert not isinstance(caught.value, SecurityError)

    @pytest.mark.parametrize("host", ["a..b", "nowhere.invalid", "255.255.255.255"])
    @pytest.mark.parametrize("trust", [Trust.OFF, Trust.SYSTEM, Trust.FIRST_USE])
    def test_a_host_that_is_none_is_no_matter_of_trust(self, host: str, trust: Trust) -> None:
        client = GrpcStreamClient(connection_timeout=0.4, security=Security(trust))

        with pytest.raises(ConnectionError, match=r"answered gRPC within 0\.4 s") as caught:
            client.connect(host, 30123)

        assert not isinstance(caught.value, SecurityError)

    @pytest.mark.parametrize("trust", [Trust.SYSTEM, Trust.FIRST_USE])
    def test_rest_tells_a_closed_port_as_ever(self, closed_port: int, trust: Trust) -> None:
        with (
            FocusServerAPI(f"https://127.0.0.1:{closed_port}", timeout=0.4, security=Security(trust)) as api,
            pytest.raises(ConnectionError, match="refused") as caught,
        ):
            api.channels()

        assert not isinstance(caught.value, SecurityError)


class TestFiles:
    def test_a_bundle_that_the_environment_names_adds_no_trust(
        self, server_with: ServerWith, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        told = server_with("--tls", "ca")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", told["ca_file"])

        with (
            FocusServerAPI(told["rest_url"].replace("127.0.0.1", "localhost"), security=Security()) as api,
            pytest.raises(SecurityError, match="not among the roots of this machine"),
        ):
            api.channels()

    def test_a_file_that_is_missing_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(SecurityError, match=r"missing\.pem cannot be read: No such file"):
            Security(Trust.CA, ca_file=tmp_path / "missing.pem")

    def test_a_file_without_certificates_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "empty.pem").write_text("nothing\n")

        with pytest.raises(SecurityError, match=r"tls_ca_file .*empty\.pem holds no certificate in PEM"):
            Security(Trust.CA, ca_file=tmp_path / "empty.pem")

    def test_a_key_that_does_not_belong_to_its_certificate_is_named(self, server_with: ServerWith) -> None:
        one, other = server_with("--tls", "mtls"), server_with("--tls", "mtls", "--seed", "2")

        with pytest.raises(SecurityError, match=r"tls_client_certificate .* cannot be used: .*MISMATCH"):
            Security(
                Trust.SYSTEM,
                client_certificate=Path(one["client_certificate"]),
                client_key=Path(other["client_key"]),
            )

    def test_a_certificate_that_is_none_is_told(self) -> None:
        with pytest.raises(SecurityError, match=r"the certificate [0-9A-F:]+ cannot be read: "):
            ServerCertificate(b"nonsense").names  # noqa: B018 - reading it is the point
