"""Errors of connecting in plain words: what happened, why, and what to do. No secret gets in."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaConnectionError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from streaming.broker.security import MSK_IAM, WITH_PASSWORD, Security
from streaming.broker.tokens import TokenUnavailable

if TYPE_CHECKING:
    from streaming.broker.connection import Connection

_HOST_MISMATCH: Final = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
_EXPIRED: Final = (9, 10)  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED
_CLIENT_ALERTS: Final = (
    "CERTIFICATE_REQUIRED", "BAD_CERTIFICATE", "UNKNOWN_CA", "CERTIFICATE_UNKNOWN",
    "CERTIFICATE_EXPIRED",
)  # fmt: skip
"""TLS alerts (RFC 8446, section 6.2) of a broker that wants another client certificate."""


def network(error: BaseException) -> str:
    """Why no connection could be made."""
    if isinstance(error, socket.gaierror):
        return "there is no host of this name"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused, nobody listens there"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__


def certificates(at: str, error: ssl.SSLError, security: Security) -> str:
    """What is wrong with whose certificate; "" when the failure is another one."""
    if isinstance(error, ssl.SSLCertVerificationError):
        if error.verify_code in _HOST_MISMATCH:
            return (
                f"The certificate of the broker at {at} is for another host. Connect by a name "
                "it is for, or set check_hostname = false below [kafka] if you trust this network."
            )
        if error.verify_code in _EXPIRED:
            return (
                f"The certificate of the broker at {at} has expired or is not valid yet. Renew it, "
                "or check this machine's clock."
            )
        whose = "an authority that this machine trusts"
        if security.ca_file:
            whose = f"the authority in {security.ca_file}"
        return (
            f"The certificate of the broker at {at} was not signed by {whose} "
            f"({error.verify_message}). Set ca_file below [kafka] (or --tls-ca) to the PEM file "
            "of the authority that signed it."
        )
    if any(alert in str(error).upper().replace(" ", "_") for alert in _CLIENT_ALERTS):
        if security.cert_file is None:
            return (
                f"The broker at {at} asks for a client certificate. Set cert_file and key_file "
                "below [kafka] (or --tls-cert and --tls-key)."
            )
        return (
            f"The broker at {at} does not accept the client certificate in {security.cert_file}. "
            "Check that it is valid and signed by an authority that the cluster trusts."
        )
    return ""


def handshake(at: str, error: ssl.SSLError) -> str:
    """The other side speaks TLS, but not as this one does; "" when it may speak none at all."""
    reason = str(error.reason or "")
    if "ALERT" not in reason:
        return ""
    return (
        f"The broker at {at} ended the TLS handshake ({reason.replace('_', ' ').lower()}). It may "
        "want another TLS version, or a client certificate (cert_file and key_file below [kafka])."
    )


def speaks_tls(at: str, security: Security) -> str:
    """The listener wants TLS and the settings have none."""
    use = "SASL_SSL" if security.sasl else "SSL"
    return (
        f"The broker at {at} speaks TLS, and protocol is {security.transport}. Set protocol = "
        f'"{use}" below [kafka] (or --security-protocol {use}), or use the cluster\'s port '
        "without TLS."
    )


def speaks_no_tls(at: str, security: Security) -> str:
    """The listener is plain and the settings want TLS."""
    use = "SASL_PLAINTEXT" if security.sasl else "PLAINTEXT"
    return (
        f"The broker at {at} does not speak TLS, and protocol is {security.transport}. Use the "
        f'cluster\'s TLS port, or set protocol = "{use}" below [kafka] if nobody can listen in.'
    )


def wants_login(at: str, security: Security, offered: Sequence[str]) -> str:
    """The listener wants SASL and the settings have none."""
    use = "SASL_SSL" if security.tls else "SASL_PLAINTEXT"
    return (
        f"The broker at {at} asks for a login (SASL), and protocol is {security.transport}. Set "
        f'protocol = "{use}" and mechanism (it offers {", ".join(offered)}) below [kafka].'
    )


def advertised(at: str, nodes: Sequence[str]) -> str:
    """The cluster names addresses that lead nowhere from here; `nodes` says why, one by one."""
    listed = "; ".join(nodes)
    return (
        f"The broker at {at} answers, but sends clients to addresses that cannot be reached from "
        f"here ({listed}). Make the cluster advertise addresses that this machine knows "
        "(advertised.listeners)."
    )


def refused(at: str, error: BaseException, kafka: Connection, offered: Sequence[str] = ()) -> str:
    """Why a connection that was made cannot be used. `offered` are the listener's mechanisms."""
    s = kafka.security
    match error:
        case TokenUnavailable():
            return str(error)
        case SaslAuthenticationFailed() if s.mechanism in WITH_PASSWORD:
            return (
                f"The broker at {at} refused user {s.username!r} ({s.mechanism}): wrong user name "
                "or password. Check username below [kafka] and DASPREP_KAFKA_PASSWORD."
            )
        case SaslAuthenticationFailed():
            return f"The broker at {at} refused {_token(kafka)}"
        case UnsupportedSaslMechanismError():
            known = f" It offers {', '.join(offered)}." if offered else ""
            return (
                f"The broker at {at} does not know mechanism {s.wire_mechanism}.{known} Set "
                "mechanism below [kafka] (or --sasl-mechanism) to one it offers."
            )
        case IllegalSaslStateError():
            use = "SSL" if s.tls else "PLAINTEXT"
            return (
                f"The broker at {at} asks for no login on this port, and protocol is "
                f'{s.transport}. Set protocol = "{use}" below [kafka] and no mechanism, or use '
                "the cluster's port for logins."
            )
        case ssl.SSLError() if text := certificates(at, error, s):
            return text
        case TimeoutError():
            return f"The broker at {at} did not answer in time. Look at its log, or try again."
        case KafkaConnectionError() if error.__cause__ is not None:
            why = f"it closed the connection ({type(error.__cause__).__name__})"
        case OSError():
            why = network(error)
        case _:
            why = type(error).__name__
    return (
        f"The broker at {at} does not answer as Kafka does: {why}. Check that the address is a "
        f"Kafka listener for protocol {s.transport}."
    )


def _token(kafka: Connection) -> str:
    token = None if kafka.access.tokens is None else kafka.access.tokens.present
    ended = None if token is None or token.expires_at is None else time.time() - token.expires_at
    if kafka.security.mechanism == MSK_IAM:
        return (
            "the AWS identity (AWS_MSK_IAM). Check that its policy allows kafka-cluster:Connect on "
            "this cluster, aws_region below [kafka], and this machine's clock."
        )
    if ended is not None and ended > 0:
        return (
            f"the token: it expired {_ago(ended)} ago. Get a new one (token_file, token_command)."
        )
    return (
        "the token (OAUTHBEARER). Check that it is meant for this cluster and has not been "
        "revoked (token_file, token_command)."
    )


def _ago(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
