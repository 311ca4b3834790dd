"""How the lab proves who it is to a Kafka cluster, and how it knows the cluster: the [kafka] table.

Protocols and mechanisms are Kafka's (`security.protocol`, `sasl.mechanism`); AWS_MSK_IAM is
OAUTHBEARER with a token signed from AWS credentials, as Amazon MSK documents it.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from streaming.broker.errors import BrokerError

PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MSK_IAM: Final = "AWS_MSK_IAM"
BEARER: Final = "OAUTHBEARER"
WITH_PASSWORD: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
MECHANISMS: Final = (*WITH_PASSWORD, BEARER, MSK_IAM)
SECRETS: Final = ("password", "key_password")
"""Fields that are never shown, stored or passed as arguments."""

_ALSO_PRIVATE: Final = ("token_command",)
"""Not a secret as such, but a command line may hold one."""

_SomePath = Annotated[Path, Field(strict=False)]


class Security(BaseModel):
    """How to connect; the field descriptions are the user's documentation.

    `transport` and `login` are what follows from all fields together.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    protocol: str | None = Field(
        None,
        description="PLAINTEXT, SSL (which is TLS), SASL_PLAINTEXT or SASL_SSL; when not given: "
        "SASL_SSL with a mechanism, SSL with a ca_file or cert_file, else PLAINTEXT",
    )
    mechanism: str | None = Field(
        None, description="PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER or AWS_MSK_IAM"
    )
    username: str | None = Field(None, description="for PLAIN and SCRAM")
    password: SecretStr | None = Field(None, description="for PLAIN and SCRAM")
    ca_file: _SomePath | None = Field(
        None, description="PEM file of who signs the brokers' certificates (the system's list)"
    )
    cert_file: _SomePath | None = Field(None, description="PEM file with the lab's certificate")
    key_file: _SomePath | None = Field(
        None, description="PEM file with its private key, when cert_file does not hold it"
    )
    key_password: SecretStr | None = Field(None, description="what the private key is locked with")
    check_hostname: bool = Field(
        True, description="whether a broker's certificate must be for the host connected to"
    )
    token_file: _SomePath | None = Field(
        None, description="OAUTHBEARER: file with the token, read anew before it expires"
    )
    token_command: tuple[str, ...] | None = Field(
        None,
        description="OAUTHBEARER: command that prints a token, run anew before it expires",
        strict=False,
    )
    aws_region: str | None = Field(None, description="AWS_MSK_IAM: region of the cluster")
    aws_profile: str | None = Field(
        None, description="AWS_MSK_IAM: profile with the credentials (AWS's own search order)"
    )

    @field_validator("protocol")
    @classmethod
    def _known_protocol(cls, value: str | None) -> str | None:
        if value is None:
            return None
        name = value.strip().upper().replace("-", "_").replace("TLS", "SSL")
        if name not in PROTOCOLS:
            raise ValueError(f"unknown protocol {value!r}; known: {', '.join(PROTOCOLS)}")
        return name

    @field_validator("mechanism")
    @classmethod
    def _known_mechanism(cls, value: str | None) -> str | None:
        if value is None:
            return None
        name = value.strip().upper().replace("_", "-")
        known = {mechanism.replace("_", "-"): mechanism for mechanism in MECHANISMS}
        if name not in known:
            raise ValueError(f"unknown mechanism {value!r}; known: {', '.join(MECHANISMS)}")
        return known[name]

    @field_validator("username", "password", "key_password", "aws_region", "token_command")
    @classmethod
    def _not_empty(cls, value: Any) -> Any:
        if value is not None and not (
            value.get_secret_value() if isinstance(value, SecretStr) else value
        ):
            raise ValueError("is empty; leave it out or give it a value")
        return value

    @model_validator(mode="after")
    def _goes_together(self) -> Security:
        problem = _missing(self) or _astray(self)
        if problem:
            raise ValueError(problem)
        return self

    @property
    def transport(self) -> str:
        """Kafka's security protocol, given or derived."""
        if self.protocol is not None:
            return self.protocol
        if self.mechanism is not None:
            return "SASL_SSL"
        return "SSL" if self.ca_file or self.cert_file else "PLAINTEXT"

    @property
    def tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.transport.endswith("SSL")

    @property
    def sasl(self) -> bool:
        """Whether the lab logs in."""
        return self.transport.startswith("SASL")

    @property
    def wire_mechanism(self) -> str | None:
        """The mechanism as the Kafka protocol calls it."""
        return BEARER if self.mechanism == MSK_IAM else self.mechanism

    def secret(self, name: str) -> str | None:
        """The plain text of a secret field."""
        value: SecretStr | None = getattr(self, name)
        return None if value is None else value.get_secret_value()

    def public(self) -> dict[str, Any]:
        """What may be kept: everything given but secrets and commands, paths made absolute."""
        kept = self.model_dump(exclude_unset=True, exclude={*SECRETS, *_ALSO_PRIVATE})
        return {
            name: str(value.expanduser().absolute()) if isinstance(value, Path) else value
            for name, value in kept.items()
            if value is not None
        }

    def sealed(self) -> dict[str, Any]:
        """Everything, secrets in plain text, for the pipe to one of the lab's own processes."""
        told = self.model_dump(mode="json", exclude_none=True)
        return told | {name: self.secret(name) for name in SECRETS if name in told}

    def tls_context(self) -> ssl.SSLContext | None:
        """The client's TLS settings, None without TLS. Raises BrokerError for unusable files."""
        if not self.tls:
            return None
        authority = _readable(self.ca_file, "ca_file")
        try:
            context = ssl.create_default_context(cafile=authority)
        except ssl.SSLError as error:
            raise BrokerError(
                f"The file {authority} (ca_file of [kafka]) holds no usable certificate. "
                "Check that it is whole."
            ) from error
        if authority is not None:
            # Python 3.13 began to ask for extensions that homemade authorities leave out, and that
            # Kafka's own clients do without. Whose signature it is, is checked all the same.
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        context.check_hostname = self.check_hostname
        cert = _readable(self.cert_file, "cert_file")
        if cert is not None:
            key = _readable(self.key_file, "key_file")
            try:
                # An empty password rather than OpenSSL's own question on the terminal.
                context.load_cert_chain(cert, key, self.secret("key_password") or "")
            except (ssl.SSLError, ValueError) as error:
                raise BrokerError(_bad_key(key or cert, error, self.key_password)) from error
        return context


def _missing(s: Security) -> str:
    """What these settings lack; "" when nothing."""
    if s.sasl and s.mechanism is None:
        return f"protocol {s.transport} needs a mechanism: {', '.join(MECHANISMS)}"
    if s.mechanism in WITH_PASSWORD and s.username is None:
        return f"mechanism {s.mechanism} needs a username"
    if s.mechanism in WITH_PASSWORD and s.password is None:
        return (
            f"mechanism {s.mechanism} needs a password; give it in the environment as "
            "DASPREP_KAFKA_PASSWORD or in dasprep.toml as password below [kafka]"
        )
    if s.mechanism == BEARER and (s.token_file is None) == (s.token_command is None):
        return f"mechanism {BEARER} needs either token_file or token_command"
    if s.mechanism == MSK_IAM and s.aws_region is None:
        return f"mechanism {MSK_IAM} needs aws_region, such as eu-central-1"
    if s.mechanism == MSK_IAM and s.transport != "SASL_SSL":
        return f"mechanism {MSK_IAM} needs protocol SASL_SSL"
    if s.key_file is not None and s.cert_file is None:
        return "key_file needs the cert_file it belongs to"
    return ""


def _astray(s: Security) -> str:
    """What is given and would not be used, which is rather a mistake than a wish."""
    if s.mechanism is not None and not s.sasl:
        return f"mechanism {s.mechanism} needs protocol SASL_SSL or SASL_PLAINTEXT"
    given = {name for name in type(s).model_fields if getattr(s, name) not in (None, True)}
    files = given & {"ca_file", "cert_file", "key_file", "key_password", "check_hostname"}
    if files and not s.tls:
        return f"{_names(files)} without TLS: use protocol SSL or SASL_SSL"
    wrong = {
        "username": WITH_PASSWORD, "password": WITH_PASSWORD,
        "token_file": (BEARER,), "token_command": (BEARER,),
        "aws_region": (MSK_IAM,), "aws_profile": (MSK_IAM,),
    }  # fmt: skip
    for name, mechanisms in wrong.items():
        if name in given and s.mechanism not in mechanisms:
            only = f"{name} is only for {_names(mechanisms)}"
            return f"{only}, not for {s.mechanism}" if s.mechanism else f"{only}; set mechanism"
    return ""


def _names(names: Any) -> str:
    return ", ".join(sorted(names))


def _readable(path: Path | None, name: str) -> str | None:
    """The path as text when it is a PEM file. Raises BrokerError."""
    if path is None:
        return None
    path = path.expanduser()
    try:
        pem = b"-----BEGIN" in path.read_bytes()
    except OSError as error:
        raise BrokerError(
            f"The file {path} ({name} of [kafka]) cannot be read: {error.strerror or error}. "
            "Correct the path or the file's rights."
        ) from error
    if not pem:
        raise BrokerError(
            f"The file {path} ({name} of [kafka]) is no PEM file (it has no line -----BEGIN). "
            "Convert it, for example with `openssl x509` or `openssl pkcs12`."
        )
    return str(path)


def _bad_key(path: str, error: Exception, password: SecretStr | None) -> str:
    """What is wrong with the file that should hold the private key. OpenSSL does not tell."""
    text = Path(path).read_text(encoding="utf-8", errors="replace")
    if "MISMATCH" in str(error):
        why = "the private key does not belong to the certificate"
    elif "PRIVATE KEY-----" not in text:
        why = "it holds no private key; set key_file below [kafka] (or --tls-key)"
    elif "ENCRYPTED" not in text:
        why = "the certificate or its private key is damaged"
    elif password is None:
        why = "the private key is locked; give its password as DASPREP_KAFKA_KEY_PASSWORD"
    else:
        why = "the password in key_password or DASPREP_KAFKA_KEY_PASSWORD does not open its key"
    return f"The client certificate of {path} cannot be used: {why}."


PLAINTEXT: Final = Security.model_validate({})
"""No encryption, no login: what a cluster on one's own machine wants."""
