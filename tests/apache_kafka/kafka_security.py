"""Throwaway certificates, users and tokens, and what a client needs for each way of connecting."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import json
import time
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

USER = "lab"
PASSWORD = "lab-throwaway-password"
SCRAM = ("SCRAM-SHA-256", "SCRAM-SHA-512")
MECHANISMS = (*SCRAM, "PLAIN", "OAUTHBEARER")
LISTENERS = {
    "PLAINTEXT": "PLAINTEXT",
    "SSL": "SSL",
    "MTLS": "SSL",
    "SASL_SSL": "SASL_SSL",
    "SASL_PLAINTEXT": "SASL_PLAINTEXT",
}
"""Listener name to security protocol. MTLS is TLS that demands a client certificate."""

_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Certificates:
    """PEM files. `other_ca` is a sound authority that signed nothing here."""

    ca: Path
    other_ca: Path
    server: Path
    client: Path
    client_key: Path

    @classmethod
    def make(cls, folder: Path) -> Certificates:
        """Sign a server's certificate for localhost and 127.0.0.1, and a client's."""
        files = cls(*(folder / f"{name}.pem" for name in cls.__annotations__))
        (ca_key, ca), (_, other) = _authority("dasprep test"), _authority("dasprep other")
        files.ca.write_bytes(_pem(ca))
        files.other_ca.write_bytes(_pem(other))
        server_key, server = _signed("localhost", ca_key, ca)
        files.server.write_bytes(_key_pem(server_key) + _pem(server))
        client_key, client = _signed(USER, ca_key, ca)
        files.client.write_bytes(_pem(client))
        files.client_key.write_bytes(_key_pem(client_key))
        return files


@dataclass(frozen=True)
class Security:
    """One way to connect: where, with which protocol, as whom. None: not part of this way."""

    bootstrap: str
    protocol: str
    mechanism: str | None = None
    user: str | None = None
    password: str | None = None
    ca: Path | None = None
    other_ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


def unsigned_token(user: str = USER, lifetime_s: float = 3600) -> str:
    """A token that Kafka's unsecured validator takes; a negative lifetime is one that expired.

    An unsecured JWS (RFC 7515, appendix A.5): header and claims in base64url, no signature.
    """
    now = time.time()
    claims = {"sub": user, "iat": now + min(0, lifetime_s) - 1, "exp": now + lifetime_s}
    parts = [json.dumps(part).encode() for part in ({"alg": "none"}, claims)]
    return "".join(base64.urlsafe_b64encode(part).decode().rstrip("=") + "." for part in parts)


def server_properties(certificates: Certificates) -> dict[str, str]:
    """What a node needs to offer the TLS and SASL listeners."""
    properties = {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(certificates.server),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(certificates.ca),
        "listener.name.mtls.ssl.client.auth": "required",
        "listener.name.sasl_ssl.sasl.enabled.mechanisms": ",".join(MECHANISMS),
        "listener.name.sasl_plaintext.sasl.enabled.mechanisms": ",".join(SCRAM),
        _jaas("sasl_ssl", "PLAIN"): _module("plain.Plain", f'user_{USER}="{PASSWORD}"'),
        _jaas("sasl_ssl", "OAUTHBEARER"): _module(
            "oauthbearer.OAuthBearer", 'unsecuredLoginStringClaim_sub="broker"'
        ),
    }
    for listener in ("sasl_ssl", "sasl_plaintext"):
        properties |= {_jaas(listener, name): _module("scram.Scram") for name in SCRAM}
    return properties


def scram_users() -> list[str]:
    """Arguments for the format tool that add the user for both SCRAM mechanisms."""
    added = (f"{name}=[name={USER},password={PASSWORD}]" for name in SCRAM)
    return [part for user in added for part in ("--add-scram", user)]


def _jaas(listener: str, mechanism: str) -> str:
    return f"listener.name.{listener}.{mechanism.lower()}.sasl.jaas.config"


def _module(name: str, options: str = "") -> str:
    return f"org.apache.kafka.common.security.{name}LoginModule required {options};"


def _authority(name: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name)
    builder = _builder(subject, subject, key)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    usage = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    signing = x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage)
    return key, builder.add_extension(signing, critical=True).sign(key, hashes.SHA256())


def _signed(
    name: str, ca_key: ec.EllipticCurvePrivateKey, ca: x509.Certificate
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    builder = _builder(_name(name), ca.subject, key)
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return key, builder.sign(ca_key, hashes.SHA256())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - _DAY,
        not_valid_after=now + 7 * _DAY,
    )


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
