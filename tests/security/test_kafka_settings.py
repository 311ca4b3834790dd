"""[kafka] from file, environment and command line: what wins, what is refused, what is hidden."""

from __future__ import annotations

import argparse
import json
import os
import ssl
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from pydantic import ValidationError

from kafka_security import Certificates
from streaming import platform
from streaming.broker.connection import Connection
from streaming.broker.errors import BrokerError
from streaming.broker.security import PLAINTEXT, SECRETS, Security
from streaming.broker.wire import Wire
from streaming.lab.loading import KAFKA_OPTIONS, load
from streaming.lab.settings import LabSettings
from streaming.lab.sources import SettingsError, variable
from tui.options import Parser, add_lab_options, overrides

CANARY = "kanarienvogel-7f3a"
SCRAM = {
    "DASPREP_KAFKA_MECHANISM": "scram-sha-512",
    "DASPREP_KAFKA_USERNAME": "lab",
    "DASPREP_KAFKA_PASSWORD": CANARY,
}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "dasprep.toml"


def loaded(*arguments: str, environ: dict[str, str] | None = None, **more: Any) -> LabSettings:
    parser = argparse.ArgumentParser()
    add_lab_options(parser)
    options = parser.parse_args(arguments)
    return load(None, overrides(options), environ=environ or {}, **more)


def refusal(*arguments: str, environ: dict[str, str] | None = None, **more: Any) -> str:
    with pytest.raises(SettingsError) as error:
        loaded(*arguments, environ=environ, **more)
    return str(error.value)


def test_options_go_before_environment_before_file_before_defaults(config: Path) -> None:
    config.write_text(
        "[lab]\nrate = 1\nshards = 2\nconsumers = 3\n"
        "[kafka]\nmechanism = 'PLAIN'\nusername = 'file'\npassword = 'file'\nca_file = 'file'\n"
    )
    config.chmod(0o600)
    environ = {"DASPREP_RATE": "10", "DASPREP_SHARDS": "20", **SCRAM}
    s = loaded("--rate", "100", "--sasl-username", "typed", environ=environ)
    assert (s.rate, s.shards, s.consumers, s.seed) == (100, 20, 3, 7)
    assert (s.kafka.username, s.kafka.mechanism) == ("typed", "SCRAM-SHA-512")
    assert (s.kafka.secret("password"), s.kafka.ca_file) == (CANARY, Path("file"))
    assert s.kafka.transport == "SASL_SSL"


def test_every_setting_has_a_variable() -> None:
    values = {
        "DASPREP_LATENESS_S": "2.5", "DASPREP_STORE_CLICKS": "yes", "DASPREP_STREAMS": "access",
        "DASPREP_DATA_DIR": "/x", "DASPREP_KEEP_ROWS": "5000", "DASPREP_BOOTSTRAP": "h:1",
        "DASPREP_KAFKA_MECHANISM": "OAUTHBEARER", "DASPREP_KAFKA_CHECK_HOSTNAME": "false",
        "DASPREP_KAFKA_TOKEN_COMMAND": "get-token --for 'the lab'", "DASPREP_KAFKA_KEY_FILE": "",
    }  # fmt: skip
    s = load(None, {}, environ=values)
    assert (s.lateness_s, s.store_clicks, s.streams) == (2.5, True, ("access",))
    assert (s.data_dir, s.keep_rows, s.bootstrap) == (Path("/x"), 5000, "h:1")
    assert s.kafka.token_command == ("get-token", "--for", "the lab")
    assert not s.kafka.check_hostname and s.kafka.key_file is None, "an empty one is not given"


@pytest.mark.parametrize("name", ["DASPREP_TEST_KAFKA", "DASPREP_FAULT", "DASPREP_GOLDEN", "PATH"])
def test_names_that_are_not_ours_to_judge(name: str) -> None:
    assert load(None, {}, environ={name: "x"}) == LabSettings()


WRONG_VARIABLES = {
    "DASPREP_RAT=5": ("DASPREP_RAT in the environment", "did you mean DASPREP_RATE"),
    "DASPREP_KAFKA_PASWORD=" + CANARY: ("did you mean", "DASPREP_KAFKA_PASSWORD"),
    "DASPREP_RATE=fast": ("DASPREP_RATE in the environment: ",),
    "DASPREP_SHARDS=1.5": ("DASPREP_SHARDS in the environment: ",),
    "DASPREP_STORE_CLICKS=maybe": ("DASPREP_STORE_CLICKS in the environment: ",),
    "DASPREP_KAFKA_PROTOCOL=https": ("DASPREP_KAFKA_PROTOCOL in", "known: PLAINTEXT, SSL"),
    "DASPREP_KAFKA=x": ("DASPREP_KAFKA in the environment", "no such setting"),
}


@pytest.mark.parametrize("variable", WRONG_VARIABLES)
def test_a_wrong_variable_is_named_and_its_value_is_not_repeated(variable: str) -> None:
    name, _, value = variable.partition("=")
    said = refusal(environ={name: value})
    assert all(part in said for part in WRONG_VARIABLES[variable])
    assert CANARY not in said and "\n" not in said


WRONG_TABLES = {
    "mechanism = 'PLAIN'": "[kafka]: mechanism PLAIN needs a username (from mechanism in",
    "mechanism = 'PLAIN'\nusername = 'a'": "needs a password; give it in the environment as "
    "DASPREP_KAFKA_PASSWORD",
    "mechanism = 'GSSAPI'": "mechanism in dasprep.toml: unknown mechanism 'GSSAPI'; known: PLAIN",
    "protocol = 'SASL_SSL'": "protocol SASL_SSL needs a mechanism: PLAIN, SCRAM-SHA-256",
    "protocol = 'SSL'\nmechanism = 'PLAIN'\nusername = 'a'\npassword = 'b'": "needs protocol SASL",
    "ca_file = 'x'\nprotocol = 'PLAINTEXT'": "ca_file without TLS",
    "check_hostname = false": "check_hostname without TLS",
    "key_file = 'x'\nprotocol = 'SSL'": "key_file needs the cert_file",
    "username = 'a'": "username is only for PLAIN, SCRAM-SHA-256, SCRAM-SHA-512; set mechanism",
    "mechanism = 'OAUTHBEARER'": "needs either token_file or token_command",
    "mechanism = 'OAUTHBEARER'\ntoken_file = 'a'\ntoken_command = ['b']": "needs either",
    "mechanism = 'OAUTHBEARER'\ntoken_file = 'a'\npassword = 'b'": "password is only for PLAIN",
    "mechanism = 'AWS_MSK_IAM'": "needs aws_region",
    "mechanism = 'AWS_MSK_IAM'\naws_region = 'eu-west-1'\nprotocol = 'SASL_PLAINTEXT'": "SASL_SSL",
    "mechanism = 'PLAIN'\nusername = 'a'\npassword = ''": "password in dasprep.toml: is empty",
    f"password = ['{CANARY}']": "password in dasprep.toml: ",
    "passwort = 'x'": "passwort in dasprep.toml: there is no such setting; known: protocol",
    "rate = 5": "rate in dasprep.toml: it belongs below [lab], not [kafka]",
    "check_hostname = 'no'": "check_hostname in dasprep.toml",
}


@pytest.mark.parametrize("table", WRONG_TABLES)
def test_each_mistake_in_the_table_has_one_clear_text(config: Path, table: str) -> None:
    config.write_text("[kafka]\n" + table)
    said = refusal()
    assert WRONG_TABLES[table] in said
    assert "\n" not in said and "pydantic" not in said and CANARY not in said


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("username = 'x'", "username must stand below a line with [kafka]"),
        ("kafka = 3", "[kafka] must be a table"),
        ("[kafak]\nusername = 'x'", "[kafak] is unknown; did you mean [kafka]?"),
        ("[lab.kafka]\nusername = 'x'", "write it as a table [kafka]"),
        ("[lab]\nusername = 'x'", "username in dasprep.toml: it belongs below [kafka], not [lab]"),
        ("[lab]\nbootstrap = 'lab:kanarienvogel-7f3a@h'", "'h' is not HOST:PORT"),
    ],
)
def test_settings_at_the_wrong_place(config: Path, text: str, part: str) -> None:
    config.write_text(text)
    said = refusal()
    assert part in said and CANARY not in said


def test_a_wrong_option_is_named_as_it_was_typed(config: Path) -> None:
    assert "--security-protocol: unknown protocol" in refusal("--security-protocol", "x")
    assert "from --tls-key" in refusal("--tls-key", "x", "--security-protocol", "tls")


def test_passwords_are_refused_as_options_and_not_repeated(capsys: Any) -> None:
    parser = Parser(prog="dasprep-tui")
    add_lab_options(parser)
    for option in ("--sasl-password", "--password", "--tls-key-password", "--sasl-pass"):
        with pytest.raises(SystemExit) as ended:
            parser.parse_args([option, CANARY])
        said = capsys.readouterr().err
        assert ended.value.code == 2 and "DASPREP_KAFKA_PASSWORD" in said and CANARY not in said
    assert "--sasl-password" not in parser.format_help()
    assert "DASPREP_KAFKA_PASSWORD" in parser.format_help()


@pytest.mark.skipif(os.name != "posix", reason="file rights are POSIX's")
def test_a_password_that_all_can_read_is_warned_of(config: Path) -> None:
    config.write_text(f"[kafka]\nmechanism='PLAIN'\nusername='a'\npassword='{CANARY}'\n")
    said: list[str] = []
    config.chmod(0o644)
    loaded("--bootstrap", "h:1", say=said.append)
    assert len(said) == 1 and "chmod 600" in said[0] and CANARY not in said[0]
    config.chmod(0o600)
    loaded("--bootstrap", "h:1", say=said.append)
    assert len(said) == 1


def test_settings_that_are_seldom_meant_are_warned_of() -> None:
    said: list[str] = []
    loaded(environ=SCRAM, say=said.append)
    assert len(said) == 1 and "not used" in said[0]
    bare = {**SCRAM, "DASPREP_KAFKA_MECHANISM": "PLAIN", "DASPREP_KAFKA_PROTOCOL": "SASL_PLAINTEXT"}
    loaded("--bootstrap", "h:1", environ=bare, say=said.append)
    assert len(said) == 2 and "in the clear" in said[1]
    loaded("--bootstrap", "h:1", environ=SCRAM, say=said.append)
    assert len(said) == 2 and CANARY not in "".join(said)


def test_what_a_lab_left_in_its_store_comes_last(config: Path) -> None:
    first = loaded(environ={**SCRAM, "DASPREP_KAFKA_CA_FILE": "ca.pem"})
    stored = json.loads(json.dumps(first.kafka.public()))
    assert stored == {
        "mechanism": "SCRAM-SHA-512", "username": "lab", "ca_file": str(config.parent / "ca.pem"),
    }  # fmt: skip
    assert "needs a password" in refusal(stored=stored)
    environ = {"DASPREP_KAFKA_PASSWORD": "new", "DASPREP_KAFKA_USERNAME": "other"}
    again = loaded(environ=environ, stored=stored)
    assert (again.kafka.username, again.kafka.secret("password")) == ("other", "new")
    assert again.kafka.mechanism == "SCRAM-SHA-512"


# --- what is hidden -------------------------------------------------------------------------


def secret_settings() -> LabSettings:
    return load(None, {"bootstrap": "h:1"}, environ={**SCRAM, "DASPREP_KAFKA_KEY_PASSWORD": CANARY,
                "DASPREP_KAFKA_CERT_FILE": "c"})  # fmt: skip


def test_no_text_of_a_setting_shows_a_secret() -> None:
    s = secret_settings()
    c = Connection("h:1", s.kafka)
    shown = [
        repr(s), str(s), repr(s.kafka), s.model_dump_json(), str(s.model_dump()), repr(c),
        repr(c.wire()), json.dumps(s.kafka.public()),
    ]  # fmt: skip
    assert not any(CANARY in text for text in shown)
    with pytest.raises(ValidationError) as error:
        Security.model_validate({"password": CANARY, "key_password": [CANARY]})
    assert CANARY not in str(error.value)


def test_the_pipe_carries_everything() -> None:
    wire = Connection("h:1", secret_settings().kafka).wire()
    got = Connection.received(msgspec.json.decode(msgspec.json.encode(wire), type=Wire))
    assert got == Connection("h:1", secret_settings().kafka)
    assert got.security.secret("key_password") == CANARY


def test_children_do_not_inherit_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {variable(name, "kafka") for name in SECRETS} == set(platform.SECRET_VARIABLES)
    for name in platform.SECRET_VARIABLES:
        monkeypatch.setenv(name, CANARY)
    monkeypatch.setenv("AWS_PROFILE", "kept")
    env = platform.child_env()
    assert CANARY not in env.values() and env["AWS_PROFILE"] == "kept"


def test_a_token_command_may_hold_a_secret_and_is_not_stored() -> None:
    s = Security.model_validate({"mechanism": "OAUTHBEARER", "token_command": ["x", CANARY]})
    assert s.public() == {"mechanism": "OAUTHBEARER"}


# --- what follows ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "transport"),
    [
        ({}, "PLAINTEXT"),
        ({"ca_file": "x"}, "SSL"),
        ({"protocol": "tls"}, "SSL"),
        ({"protocol": "sasl-tls", "mechanism": "plain", "username": "a", "password": "b"},
         "SASL_SSL"),
        ({"mechanism": "aws-msk-iam", "aws_region": "eu-west-1"}, "SASL_SSL"),
    ],
)  # fmt: skip
def test_the_protocol_follows_from_the_rest(values: dict[str, Any], transport: str) -> None:
    assert Security.model_validate(values).transport == transport


def test_plaintext_needs_no_options_but_the_address() -> None:
    options = Connection("h:1", PLAINTEXT).options()
    assert options["bootstrap_servers"] == "h:1" and options["security_protocol"] == "PLAINTEXT"
    assert options["ssl_context"] is None and "sasl_mechanism" not in options


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    text, broken = tmp_path / "text", tmp_path / "broken.pem"
    text.write_text("not this")
    broken.write_text("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
    cases = [
        ({"ca_file": tmp_path / "none"}, "none (ca_file of [kafka]) cannot be read: No such file"),
        ({"ca_file": text}, "is no PEM file"),
        ({"ca_file": broken}, "holds no usable certificate"),
        ({"cert_file": broken}, "it holds no private key; set key_file"),
    ]
    for values, part in cases:
        with pytest.raises(BrokerError) as error:
            Connection("h:1", Security.model_validate(values)).options()
        assert part in str(error.value)


def test_an_authority_of_ones_own_is_judged_alike_by_every_python(tmp_path: Path) -> None:
    files = Certificates.make(tmp_path)
    context = Security.model_validate({"ca_file": files.ca}).tls_context()
    assert context is not None and context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname and not context.verify_flags & ssl.VERIFY_X509_STRICT


@pytest.mark.parametrize(
    ("key", "password", "part"),
    [
        ("own", None, ""),
        ("locked", CANARY, ""),
        ("locked", None, "locked; give its password as DASPREP_KAFKA_KEY_PASSWORD"),
        ("locked", "no" + CANARY, "does not open its key"),
        ("other", None, "does not belong to the certificate"),
        ("damaged", None, "is damaged"),
    ],
)
def test_a_private_key_must_fit_and_open(
    tmp_path: Path, key: str, password: str | None, part: str
) -> None:
    files = Certificates.make(tmp_path)
    keys = {name: tmp_path / f"{name}.pem" for name in ("locked", "other", "damaged")}
    private = load_pem_private_key(files.client_key.read_bytes(), None)
    form = (Encoding.PEM, PrivateFormat.PKCS8)
    keys["locked"].write_bytes(
        private.private_bytes(*form, BestAvailableEncryption(CANARY.encode()))
    )
    keys["other"].write_bytes(files.server.read_bytes().partition(b"-----BEGIN CERT")[0])
    keys["damaged"].write_text("-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n")
    keys["own"] = files.client_key
    values = {"cert_file": files.client, "key_file": keys[key], "key_password": password}
    security = Security.model_validate(values)
    if not part:
        assert security.tls_context() is not None
        return
    with pytest.raises(BrokerError) as error:
        security.tls_context()
    assert part in str(error.value) and CANARY not in str(error.value)


def test_the_documentation_names_every_setting_and_option() -> None:
    text = (Path(__file__).parents[2] / "docs" / "kafka.md").read_text(encoding="utf-8")
    names = [f"`{name}`" for name in Security.model_fields]
    assert [n for n in (*names, *KAFKA_OPTIONS.values()) if n not in text] == []


def test_the_documentations_examples_are_settings(config: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "kafka.md").read_text(encoding="utf-8")
    examples = text.split("```toml\n")[1:]
    assert len(examples) == 4
    for example in examples:
        config.write_text(example.partition("```")[0])
        environ = {"DASPREP_KAFKA_PASSWORD": "x"} if "SCRAM" in example.partition("```")[0] else {}
        assert loaded(environ=environ).kafka.transport in ("SSL", "SASL_SSL")
