"""Where a lab's settings come from: command line, environment, `dasprep.toml`, then defaults."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, cast

from streaming.broker.security import PLAINTEXT, SECRETS, Security
from streaming.lab.settings import LabSettings
from streaming.lab.sources import (
    Found,
    Given,
    Models,
    SettingsError,
    from_environment,
    from_file,
    readable_by_all,
    validated,
)

CONFIG_FILE: Final = "dasprep.toml"
TABLE: Final = "lab"
KAFKA: Final = "kafka"

KAFKA_OPTIONS: Final = {
    "kafka_protocol": "--security-protocol",
    "kafka_mechanism": "--sasl-mechanism",
    "kafka_username": "--sasl-username",
    "kafka_ca_file": "--tls-ca",
    "kafka_cert_file": "--tls-cert",
    "kafka_key_file": "--tls-key",
}
"""Settings of [kafka] that have an option of their own. None of them is a secret: every user of
the machine can read a process's arguments."""

_MODELS: Final[Models] = {TABLE: LabSettings, KAFKA: Security}


def load(
    config: Path | None,
    overrides: Mapping[str, Any],
    *,
    environ: Mapping[str, str] | None = None,
    stored: Mapping[str, Any] | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> LabSettings:
    """Settings from the command line, the environment, a TOML file and the defaults, in this order.

    `overrides` are the command line's, None meaning "not given"; those of [kafka] begin with
    "kafka_". Without `config`, `dasprep.toml` in the current folder is read when it is there.
    `stored` are settings of [kafka] that an earlier lab left, before the defaults. `say` gets
    warnings. Raises SettingsError.
    """
    path = config or Path(CONFIG_FILE)
    found: Found = {table: {} for table in _MODELS}
    for name, value in (stored or {}).items():
        found[KAFKA][name] = Given(value, f"{name} in the lab's store")
    if config is not None or path.is_file():
        _add(found, in_file := from_file(path, _MODELS))
        secret = [name for name in SECRETS if name in in_file[KAFKA]]
        if secret and readable_by_all(path):
            say(
                f"{path} holds a password and every user of this machine can read it. "
                f"Run `chmod 600 {path}`."
            )
    _add(found, from_environment(os.environ if environ is None else environ, _MODELS, TABLE))
    _add(found, _from_options(overrides))
    if KAFKA in found[TABLE]:  # a field of the model, but a table of its own in the file
        raise SettingsError(f"{found[TABLE][KAFKA].where}: write it as a table [{KAFKA}].")
    security = validated(KAFKA, found[KAFKA], _MODELS)
    lab = validated(TABLE, found[TABLE], _MODELS).model_copy(update={KAFKA: security})
    for warning in _doubtful(lab):
        say(warning)
    return cast(LabSettings, lab)


def _doubtful(lab: LabSettings) -> list[str]:
    """What is allowed and seldom meant."""
    if lab.bootstrap is None and lab.kafka != PLAINTEXT:
        return [
            "the settings of [kafka] are not used: without --bootstrap the lab has its own broker."
        ]
    if lab.kafka.mechanism == "PLAIN" and not lab.kafka.tls:
        return [
            "the password goes over the network in the clear (PLAIN without TLS). Use SASL_SSL or "
            "a SCRAM mechanism where the cluster offers it."
        ]
    return []


def _add(found: Found, more: Found) -> None:
    for table, values in more.items():
        found[table].update(values)


def _from_options(overrides: Mapping[str, Any]) -> Found:
    found: Found = {table: {} for table in _MODELS}
    for name, value in overrides.items():
        if value is None:
            continue
        if name in KAFKA_OPTIONS:
            found[KAFKA][name.removeprefix(f"{KAFKA}_")] = Given(value, KAFKA_OPTIONS[name])
        else:
            option = name.removesuffix("_s").replace("_", "-")
            found[TABLE][name] = Given(value, f"--{option}")
    return found
