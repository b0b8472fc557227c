import os
import re
from pathlib import Path

import numpy as np
import pytest
import yaml

from support.address import without_password
from support.errors import SettingsError
from support.security import Trust
from support.settings import Settings
from support.settings_sources import ENVIRONMENTS, RENAMED, load
from support.validation.expectation import Limits
from support.validation.scale import Scale


def problem(folder: Path, userdata: dict[str, str], environ: dict[str, str] | None = None) -> str:
    with pytest.raises(SettingsError) as caught:
        load(userdata, environ or {}, folder)
    return str(caught.value)


def in_file(folder: Path, content: str, **userdata: str) -> Settings:
    (folder / "staging.yaml").write_text(content, encoding="utf-8")
    return load({"environment": "staging", **userdata}, {}, folder)


class TestPrecedence:
    @pytest.mark.parametrize(
        ("userdata", "environ", "expected", "origin"),
        [
            ({}, {}, 3, "default"),
            ({"environment": "staging"}, {}, 4, "from {}/staging.yaml"),
            ({"environment": "staging"}, {"FOCUS_RETRY_ATTEMPTS": "5"}, 5, "from the environment"),
            ({"environment": "staging", "retry_attempts": "6"}, {"FOCUS_RETRY_ATTEMPTS": "5"}, 6, "from -D"),
            ({}, {"FOCUS_ENVIRONMENT": "staging"}, 4, "from {}/staging.yaml"),
            ({"environment": "staging"}, {"FOCUS_ENVIRONMENT": "other"}, 4, "from {}/staging.yaml"),
        ],
    )
    def test_the_first_place_that_has_it_wins(
        self, tmp_path: Path, userdata: dict[str, str], environ: dict[str, str], expected: int, origin: str
    ) -> None:
        (tmp_path / "staging.yaml").write_text("retry_attempts: 4\n", encoding="utf-8")

        settings = load(userdata, environ, tmp_path)

        assert settings.retry_attempts == expected
        assert settings.origin("retry_attempts") == origin.format(tmp_path)

    @pytest.mark.parametrize("variable", ["FOCUS_SERVER_URL", "FOCUS_FOCUS_SERVER_URL"])
    def test_the_address_has_a_short_variable(self, variable: str) -> None:
        assert load({}, {variable: "http://host:5000/"}).focus_server_url == "http://host:5000"

    def test_other_variables_are_not_ours(self) -> None:
        assert load({}, {"PATH": "/bin", "MY_FOCUS_CHANNELS": "x"}) == Settings()

    @pytest.mark.parametrize("service", ["FOCUS_SERVER", "FOCUS", "FOCUS_STREAM_2"])
    def test_what_tells_a_container_where_services_are_is_not_ours(self, service: str) -> None:
        told = {
            "SERVICE_HOST": "10.0.0.1",
            "SERVICE_PORT": "5000",
            "SERVICE_PORT_HTTP": "5000",
            "PORT": "tcp://10.0.0.1:5000",
            "PORT_5000_TCP": "tcp://10.0.0.1:5000",
            "PORT_5000_TCP_PROTO": "tcp",
            "PORT_5000_TCP_PORT": "5000",
            "PORT_5000_TCP_ADDR": "10.0.0.1",
            "PORT_53_UDP": "udp://10.0.0.1:53",
        }

        assert load({}, {f"{service}_{name}": value for name, value in told.items()}) == Settings()

    @pytest.mark.parametrize("variable", ["FOCUS_SERVR_URL", "FOCUS_SERVER_PORT", "FOCUS_SERVER_HOST", "FOCUS_PORT"])
    def test_what_looks_like_one_of_ours_is_told_all_the_same(self, tmp_path: Path, variable: str) -> None:
        key = variable.removeprefix("FOCUS_").lower()

        assert f"unknown setting '{key}' (from the environment)" in problem(tmp_path, {}, {variable: "5000"})

    def test_blanks_around_a_value_are_none_of_it(self) -> None:
        told = load({}, {"FOCUS_NFFT": " 512\n", "FOCUS_TOKEN": "secret\n", "FOCUS_SERVER_URL": "https://host\r\n"})

        assert (told.nfft, told.focus_server_url) == (512, "https://host")
        assert told.token is not None
        assert told.token.get_secret_value() == "secret"

    @pytest.mark.parametrize("key", ["AllureFormatter.issue_pattern", "behave.formatter.steps.catalog"])
    def test_what_belongs_to_behave_and_its_formatters_is_left_alone(self, key: str) -> None:
        assert load({key: "https://tracker/{}"}, {}) == Settings()

    def test_words_become_numbers(self) -> None:
        settings = load({"rest_timeout": "2.5", "nfft": "512", "plain_text_secrets": "false"}, {})

        assert (settings.rest_timeout, settings.nfft, settings.plain_text_secrets) == (2.5, 512, False)

    def test_off_is_a_word_in_a_file_too(self, tmp_path: Path) -> None:
        assert in_file(tmp_path, "tls: off\n").tls is Trust.OFF

    def test_fingerprints_come_as_they_are_shown_elsewhere(self) -> None:
        written = f"{'ab' * 32}, {':'.join(['CD'] * 32)}"

        settings = load({"tls": "pin", "tls_fingerprint": written, "focus_server_url": "https://host"}, {})

        assert settings.tls_fingerprint == (":".join(["AB"] * 32), ":".join(["CD"] * 32))

    def test_an_empty_file_sets_nothing(self, tmp_path: Path) -> None:
        assert in_file(tmp_path, "# nothing yet\n").rest_timeout == 10

    def test_the_limits_of_the_rules_follow_the_settings(self) -> None:
        assert load({"max_pause": "0.75", "frozen_rows": "9"}, {}).limits.max_pause == 0.75
        assert load({"scale": "logarithmic"}, {}).limits.scale is Scale.LOGARITHMIC

    @pytest.mark.parametrize("key", RENAMED.values())
    def test_what_overrides_a_feature_overrides_the_rule_too(self, key: str) -> None:
        assert load({}, {}).limits == Limits()
        assert getattr(load({key: "7.5"}, {}).limits, key) == 7.5


class TestLinks:
    @pytest.mark.parametrize("pattern", ["https://host/browse/{}", "http://host:8080/index.php?/cases/view/{}&tab=1"])
    def test_a_key_stands_anywhere_in_an_address(self, pattern: str) -> None:
        assert load({"issue_link": pattern, "test_link": pattern}, {}).test_link == pattern

    @pytest.mark.parametrize(
        "pattern",
        ["https://host/browse", "https://host/{}/{}", "javascript:{}", "https://{}/", "https://user:secret@host/{}"],
    )
    def test_what_leads_nowhere_is_told(self, tmp_path: Path, pattern: str) -> None:
        told = problem(tmp_path, {"issue_link": pattern})
        assert "expected an address with {} where the key stands, like https://host/browse/{}" in told
        assert "secret" not in told

    @pytest.mark.parametrize(("key", "value"), [("xray_project", "focus"), ("xray_plan", "FOCUS"), ("xray", "jira")])
    def test_what_xray_cannot_know_is_told(self, tmp_path: Path, key: str, value: str) -> None:
        assert f"setting '{key}' = '{value}' (from -D)" in problem(tmp_path, {key: value})


class TestAgreedTimes:
    @pytest.mark.parametrize("written", ["2, 5", "2,5"])
    def test_both_percentiles_are_one_setting(self, tmp_path: Path, written: str) -> None:
        assert load({"agreed_both": written}, {}).agreed_both == (2, 5)
        assert in_file(tmp_path, "agreed_both: [2, 5]").described()["agreed_both"].startswith("2, 5 (from ")

    @pytest.mark.parametrize(
        ("written", "words"),
        [
            ("5, 2", "the P95, 5 s, is above the P99, 2 s"),
            ("2", "expected P95 and P99 in seconds, like 2, 5"),
            ("2, 5, 6", "expected P95 and P99"),
            ("2, soon", "unable to parse"),
            ("0, 5", "greater than 0"),
        ],
    )
    def test_what_is_no_pair_is_told(self, tmp_path: Path, written: str, words: str) -> None:
        assert words in problem(tmp_path, {"agreed_connect": written})

    def test_staging_may_take_twice_as_long_as_production(self) -> None:
        production, staging = (load({"environment": name}, {}) for name in ("production", "staging"))
        for key in ("agreed_configure", "agreed_connect", "agreed_both", "connect_within"):
            once, twice = getattr(production, key), getattr(staging, key)
            assert np.multiply(once, 2).tolist() == np.asarray(twice).tolist()
        for settings in (production, staging):
            assert settings.agreed_configure
            assert settings.agreed_connect
            assert settings.agreed_configure[1] < settings.rest_timeout
            assert settings.agreed_connect[1] < settings.connection_timeout

    def test_a_limit_of_a_feature_that_is_replaced_stands_out(self) -> None:
        assert Settings().replaced == ""
        production = load({"environment": "production", "data_age_within": "3"}, {}).replaced
        assert production == "connect_within=30.0 (from environments/production.yaml), data_age_within=3.0 (from -D)"


class TestDescription:
    def test_the_name_of_a_file_may_have_bytes_that_the_locale_has_no_character_for(self) -> None:
        name = "/\udcd7\udc90.pem"
        assert str(load({"known_defects": name}, {}).known_defects) == name
        with pytest.raises(SettingsError, match="expected text without control characters"):
            load({"focus_server_url": f"http://{name}"}, {})

    def test_what_is_not_the_default_says_where_it_came_from(self) -> None:
        described = load({"channels": "20"}, {"FOCUS_NFFT": "512"}).described()

        assert described["channels"] == "20 (from -D)"
        assert described["nfft"] == "512 (from the environment)"
        assert described["rest_timeout"] == "10"

    def test_what_is_not_set_is_not_described(self) -> None:
        assert "connect_within" not in Settings().described()

    def test_a_password_is_hidden(self) -> None:
        settings = load({"focus_server_url": "https://user:secret@host/focus"}, {})

        assert settings.described()["focus_server_url"] == "https://***@host/focus (from -D)"
        assert settings.focus_server_url == "https://user:secret@host/focus"

    @pytest.mark.parametrize("token", ["good", "with blank", "line\n", ""])
    def test_a_token_is_hidden_also_where_it_is_wrong(self, token: str) -> None:
        try:
            settings = load({"focus_server_url": "https://host"}, {"FOCUS_TOKEN": f"s3cret-{token}"})
        except SettingsError as error:
            shown = str(error)
            assert shown.startswith("setting 'token' = '***' (from the environment): expected letters")
        else:
            assert settings.described()["token"] == "*** (from the environment)"
            shown = f"{settings!r} {settings} {settings.described()} {settings.security!r}"

        assert "s3cret" not in shown

    @pytest.mark.parametrize(
        ("url", "shown"),
        [
            ("http://host:5000/path", "http://host:5000/path"),
            ("http://user@host", "http://***@host"),
            ("user:secret@host:5000", "***@host:5000"),
            ("http:/user:secret@host", "http:/***@host"),
            ("http://user:se/cr@et@host", "http://***@host"),
            ("http://user:secret@[::1", "http://***@[::1"),
            ("http://user:sec\nret@host", "http://***@host"),
        ],
    )
    def test_a_password_is_hidden_also_where_the_address_is_wrong(self, url: str, shown: str) -> None:
        assert without_password(url) == shown


class TestProblems:
    def test_an_unknown_setting_is_named_with_its_place_and_the_right_one(self, tmp_path: Path) -> None:
        assert problem(tmp_path, {"rest_timout": "5"}) == (
            "unknown setting 'rest_timout' (from -D), did you mean 'rest_timeout'?"
        )

    def test_an_unknown_setting_like_no_other_points_to_the_list(self, tmp_path: Path) -> None:
        assert problem(tmp_path, {}, {"FOCUS_XYZ": "1"}) == (
            "unknown setting 'xyz' (from the environment); environments/example.yaml lists all"
        )

    @pytest.mark.parametrize(("old", "new"), RENAMED.items())
    def test_a_setting_by_its_old_name_is_refused_with_the_new_one(self, tmp_path: Path, old: str, new: str) -> None:
        assert problem(tmp_path, {old: "5"}) == f"setting {old!r} (from -D) was renamed to {new!r}"

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("rest_timeout", "soon"),
            ("rest_timeout", "0"),
            ("rest_timeout", "inf"),
            ("rest_timeout", "nan"),
            ("retry_attempts", "2.5"),
            ("retry_attempts", "0"),
            ("channels", ""),
            ("nfft", "1000"),
            ("nfft", "4096"),
            ("plain_text_secrets", "perhaps"),
            ("tls", "perhaps"),
            ("tls_fingerprint", "AB:CD"),
            ("tls_fingerprint", ","),
            ("frames_in_time", "101"),
            ("focus_server_url", ""),
            ("focus_server_url", "host:5000"),
            ("focus_server_url", "ftp://host"),
            ("focus_server_url", "http://"),
            ("focus_server_url", "http://host:port"),
            ("focus_server_url", "http://host:99999"),
            ("focus_server_url", "http://host/?key=value"),
            ("focus_server_url", "http://[::1"),
        ],
    )
    def test_a_wrong_value_is_named_with_its_key_and_place(self, tmp_path: Path, key: str, value: str) -> None:
        assert problem(tmp_path, {key: value}).startswith(f"setting '{key}' = '{value}' (from -D): ")

    @pytest.mark.parametrize("key", ["channels", "rest_timeout", "retry_delay"])
    def test_yes_is_no_number(self, tmp_path: Path, key: str) -> None:
        with pytest.raises(SettingsError, match=rf"setting '{key}' = 'True' \(from .*staging.yaml\): "):
            in_file(tmp_path, f"{key}: yes\n")

    def test_all_problems_are_told_at_once(self, tmp_path: Path) -> None:
        assert len(problem(tmp_path, {"a": "1", "channels": "x"}, {"FOCUS_NFFT": "3"}).splitlines()) == 3

    @pytest.mark.parametrize(
        ("userdata", "words"),
        [
            (
                {"frequency_min": "600"},
                "frequency_min 600 is not below frequency_max 500 (frequency_min: from -D, frequency_max: default)",
            ),
            (
                {"idle_timeout": "400"},
                "idle_timeout 400 is above stream_timeout 300 (stream_timeout: default, idle_timeout: from -D)",
            ),
            ({"display_height": "100000"}, "less than a millisecond between lines"),
            (
                {"tls": "ca", "focus_server_url": "https://h"},
                "tls ca needs tls_ca_file, which is not set (tls: from -D, tls_ca_file: default)",
            ),
            (
                {"tls_ca_file": "ca.pem"},
                "tls off has no use for tls_ca_file, ca has (tls: default, tls_ca_file: from -D)",
            ),
            ({"tls": "pin", "focus_server_url": "https://h"}, "tls pin needs tls_fingerprint"),
            ({"tls": "system", "focus_server_url": "https://h", "tls_fingerprint": "AB" * 32}, "no use for tls_fing"),
            (
                {"tls": "system"},
                "tls is system, but focus_server_url is not set, and the embedded server is plain text",
            ),
            (
                {"tls": "system", "focus_server_url": "http://h"},
                "tls is system, but focus_server_url begins with http://",
            ),
            ({"tls_client_key": "key.pem"}, "tls_client_certificate and tls_client_key belong together"),
            ({"tls_server_name": "other"}, "tls_server_name is set, but tls is off"),
            ({"token": "t", "focus_server_url": "https://u:p@h"}, "token is set, and focus_server_url holds a user"),
            ({"token": "t", "focus_server_url": "http://h"}, "token is set, and focus_server_url begins with http://"),
            ({"focus_server_url": "http://u:p@h"}, "focus_server_url holds a password, and focus_server_url begins"),
        ],
    )
    def test_a_contradiction_names_the_settings_and_their_places(
        self, tmp_path: Path, userdata: dict[str, str], words: str
    ) -> None:
        said = problem(tmp_path, userdata)

        assert said.startswith("settings contradict each other: ")
        assert words in said

    def test_a_missing_file_is_told_with_those_that_are_there(self, tmp_path: Path) -> None:
        (tmp_path / "lab.yaml").touch()
        (tmp_path / "staging.yaml").touch()

        assert problem(tmp_path, {"environment": "stagin"}) == (
            f"environment 'stagin': there is no {tmp_path}/stagin.yaml (there are: lab, staging)"
        )

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            ("rest_timeout: [", "cannot be read: .*line 1, column"),
            ("- rest_timeout", "is not a list of `key: value` lines"),
            ("just words", "is not a list of `key: value` lines"),
            ("5: five", "cannot be read: a key that is no text, line 1, column 1"),
            ("{[a]: b}", "cannot be read: a key that is no text, line 1, column 2"),
            ("<<: {nfft: 512}", "cannot be read: a key that is no text, line 1, column 1"),
            ("nfft: 512\nchannels: 3\nnfft: 256", "cannot be read: 'nfft' is there twice, line 3, column 1"),
            ("a: !!python/object:os.system {}", r"cannot be read: 'a': a tag \(!...\) that is not taken here, line 1"),
            ("token: !!binary c2VjcmV0", "cannot be read: 'token': a tag"),
            ("token: !secret", "cannot be read: 'token': a tag"),
            ('nfft: !!int ""', "cannot be read: 'nfft': this is no int, line 1, column 7"),
            ("nfft: !!float secret", "cannot be read: 'nfft': this is no float, line 1, column 7"),
            ("plain_text_secrets: !!bool secret", "cannot be read: 'plain_text_secrets': this is no bool, line 1"),
            ("nfft: " + "9" * 5000, "cannot be read: 'nfft': this is no int, line 1, column 7"),
            ("nfft: 0x" + "f" * 5000, "cannot be read: 'nfft': this is no int, line 1, column 7"),
            ("nfft: " + "[" * 10_000, "cannot be read: more than 10 lists or maps in one another, line 1, column 16"),
            ("- " * 10_000, "cannot be read: more than 10 lists or maps in one another, line 1, column 21"),
            ("a: &a [x]\nb: *a", r"cannot be read: a list or map by reference \(\*\): write it out, line 2, column 4"),
            ("a: &a [*a]", r"cannot be read: a list or map by reference \(\*\): write it out, line 1, column 8"),
            ("token: *secret", "cannot be read: found undefined alias, line 1, column 8"),
            ("token: !secret!x y", "cannot be read: found undefined tag handle, line 1, column 8"),
            ("a: 1\n\tb: 2", "cannot be read: found character '\\\\t' that cannot start any token, line 2, column 1"),
            ("a: 1\n---\nb: 2", "cannot be read: but found another document, line 2, column 1"),
            ("!!map x", "cannot be read: expected a mapping node, but found scalar, line 1"),
            ("#" * 2**20 + "\n", "cannot be read: it holds more than 1 MiB"),
            ("rest_timeout: \0", "cannot be read: "),
        ],
    )
    def test_a_broken_file_is_told(self, tmp_path: Path, content: str, words: str) -> None:
        with pytest.raises(SettingsError, match=f"environment 'staging': .*staging.yaml {words}"):
            in_file(tmp_path, content)

    @pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"nfft: \xff", b"nfft: 512\x1b"])
    def test_a_file_that_is_no_text_is_told(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "staging.yaml").write_bytes(content)

        assert "cannot be read" in problem(tmp_path, {"environment": "staging"})

    @pytest.mark.parametrize("kind", ["mkdir", "mkfifo"])
    def test_what_is_no_file_is_told_and_not_waited_for(self, tmp_path: Path, kind: str) -> None:
        if not hasattr(os, kind):
            pytest.skip(f"there is no {kind} here")
        getattr(os, kind)(tmp_path / "staging.yaml")

        assert "cannot be read: it is a folder, or no file at all" in problem(tmp_path, {"environment": "staging"})

    @pytest.mark.parametrize("name", ["\0", "x" * 5000])
    def test_a_name_that_no_file_can_have_is_told(self, tmp_path: Path, name: str) -> None:
        assert ".yaml cannot be read: " in problem(tmp_path, {"environment": name})

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
    def test_a_file_may_say_how_it_is_written(self, tmp_path: Path, encoding: str) -> None:
        (tmp_path / "staging.yaml").write_text("nfft: &usual 512\nframe_rate_above: *usual\n", encoding=encoding)

        settings = load({"environment": "staging"}, {}, tmp_path)

        assert (settings.nfft, settings.frame_rate_above) == (512, 512)

    @pytest.mark.parametrize(
        ("line", "words"),
        [
            ("tls_fingerprint: [1, 2]", "expected a SHA-256 fingerprint"),
            ("tls_ca_file: [a]", "Input is not a valid path"),
            ("token: [secret]", "Input should be a valid string"),
            ("nfft: 2026-13-45", "Input should be a valid integer"),
            ("nfft: .inf", "Input should be a finite number"),
            ("retry_delay: .inf", "Input should be a finite number"),
            ("clock_skew: 1e400", "Input should be a finite number"),
            ("max_pause: .nan", "Input should be a finite number"),
            ("rest_timeout: 1e7", "Input should be less than or equal to 1000000"),
            ("max_frame_mebibytes: 2048", "Input should be less than or equal to 2047"),
            ('focus_server_url: "http://h\\0"', "expected text without control characters"),
            ('tls_ca_file: "\\ud83d"', "expected text without control characters"),
        ],
    )
    def test_a_wrong_value_of_a_file_is_told_with_its_key(self, tmp_path: Path, line: str, words: str) -> None:
        (tmp_path / "staging.yaml").write_text(line, encoding="utf-8")

        said = problem(tmp_path, {"environment": "staging"})

        assert f" '{line.partition(':')[0]}' = " in said
        assert words in said
        assert "secret" not in said

    @pytest.mark.parametrize(
        "content",
        ["focus_server_url: http://user:secret@host: x\n", "focus_server_url: user:secret@host\n"],
    )
    def test_a_password_in_a_broken_file_is_not_told(self, tmp_path: Path, content: str) -> None:
        with pytest.raises(SettingsError) as caught:
            in_file(tmp_path, content)

        assert "secret" not in str(caught.value)


class TestExample:
    """``environments/example.yaml`` is the list of all settings."""

    TEXT = (ENVIRONMENTS / "example.yaml").read_text(encoding="utf-8")

    def test_it_lists_every_setting_and_nothing_else(self) -> None:
        listed = re.findall(r"^(?:# )?([a-z_]+): \S", self.TEXT, flags=re.MULTILINE)

        assert sorted(listed) == sorted(set(Settings.model_fields) - {"environment"})

    def test_it_shows_the_defaults(self) -> None:
        shown = yaml.safe_load(self.TEXT)

        assert shown == {key: value for key, value in Settings().model_dump(exclude_none=True).items() if key in shown}

    def test_it_can_be_used_as_it_is(self) -> None:
        assert load({"environment": "example"}, {}).rest_timeout == 10

    def test_what_is_commented_out_can_be_used_too(self, tmp_path: Path) -> None:
        uncommented = re.sub(r"^# ([a-z_]+: \S+)$", r"\1", self.TEXT, flags=re.MULTILINE)

        assert in_file(tmp_path, uncommented).focus_server_url is not None
