"""Tokens for OAUTHBEARER: from a file, from a command, or signed from AWS credentials (MSK IAM).

A token is kept until a quarter of its life or a minute is left, whichever is shorter, and then
fetched anew. aiokafka does not re-authenticate (KIP-368): a broker cuts a connection whose token
has expired, and the client comes back with a fresh one.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from aiokafka.errors import KafkaError

from streaming.broker.security import MSK_IAM, Security

_RENEW_S: Final = 60.0
_COMMAND_S: Final = 20.0
_LONGEST: Final = 64 * 1024
_ACCEPTABLE: Final = re.compile(r"[\x21-\x7e]+")


class TokenUnavailable(KafkaError):  # type: ignore[misc]
    """There is no token to log in with; the text says why and what to do, never the token.

    One of the client's own errors, so that its background tasks survive it and try again.
    """


class Token(NamedTuple):
    """A token and when it ends (seconds since the Unix epoch, None when it does not say)."""

    text: str
    expires_at: float | None

    def __repr__(self) -> str:
        return f"Token(expires_at={self.expires_at})"


Source: TypeAlias = Callable[[], Awaitable[Token]]


class Tokens:
    """Keeps the present token of a source and renews it in time."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._lock = asyncio.Lock()
        self._renew_at = 0.0
        self.present: Token | None = None

    async def get(self) -> str:
        """A token for a connection that is made now. Raises TokenUnavailable."""
        async with self._lock:
            now = time.time()
            if self.present is None or now >= self._renew_at:
                self.present = await self._source()
                life = None if self.present.expires_at is None else self.present.expires_at - now
                self._renew_at = now + (
                    _RENEW_S if life is None else life - min(_RENEW_S, life / 4)
                )
            return self.present.text

    def forget(self) -> None:
        """Fetch a new one next time: the broker refused this one."""
        self._renew_at = 0.0


def source_of(security: Security) -> Source | None:
    """Where the tokens of these settings come from, None when they need none."""
    if security.mechanism == MSK_IAM:
        return lambda: _from_aws(str(security.aws_region), security.aws_profile)
    if security.token_file is not None:
        path = security.token_file.expanduser()
        return lambda: _from_file(path)
    if security.token_command is not None:
        command = security.token_command
        return lambda: _from_command(command)
    return None


async def _from_file(path: Path) -> Token:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")[:_LONGEST]
    except OSError as error:
        raise TokenUnavailable(
            f"The token file {path} cannot be read: {error.strerror or error}. Check token_file "
            "below [kafka]."
        ) from None
    return _token(text, f"The token file {path}")


async def _from_command(command: Sequence[str]) -> Token:
    # Neither its arguments nor its output are ever shown: both may hold secrets.
    name = f"The token command {Path(command[0]).name!r}"
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError as error:
        raise TokenUnavailable(
            f"{name} cannot be started: {error.strerror or error}. Check token_command below "
            "[kafka]."
        ) from None
    try:
        output, _ = await asyncio.wait_for(process.communicate(), _COMMAND_S)
    except TimeoutError:
        raise TokenUnavailable(
            f"{name} gave no token within {_COMMAND_S:.0f} s. Run it by hand to see what it "
            "waits for."
        ) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise TokenUnavailable(
            f"{name} ended with code {process.returncode}. Run it by hand to see why."
        )
    return _token(output[:_LONGEST].decode("utf-8", "replace"), name)


async def _from_aws(region: str, profile: str | None) -> Token:
    try:
        text, expires_ms = await asyncio.to_thread(_sign, region, profile)
    except ImportError:
        raise TokenUnavailable(
            f"Mechanism {MSK_IAM} needs the package aws-msk-iam-sasl-signer-python. Install it "
            "with `pip install 'dasprep-tui[msk]'`."
        ) from None
    except Exception as error:  # botocore has dozens, and none of them is a KafkaError
        # Without credentials the signer trips over None. Botocore's texts name files and profiles.
        why = "none were found" if isinstance(error, AttributeError | ValueError) else str(error)
        whose = f" of profile {profile!r}" if profile else ""
        raise TokenUnavailable(
            f"The AWS credentials{whose} cannot be used: {why[:200]}. Log in (`aws sso login`, "
            "`aws configure`) or set aws_profile below [kafka]."
        ) from None
    return Token(str(text), expires_ms / 1000)


def _sign(region: str, profile: str | None) -> tuple[str, int]:
    from aws_msk_iam_sasl_signer import MSKAuthTokenProvider as Signer

    signed: tuple[str, int] = (
        Signer.generate_auth_token_from_profile(region, profile)
        if profile
        else Signer.generate_auth_token(region)
    )
    return signed


def _token(text: str, whose: str) -> Token:
    """A token as it is, or an authorization server's answer in JSON (RFC 6749, section 5.1)."""
    text = text.strip()
    life: Any = None
    if text.startswith("{"):
        try:
            answer = json.loads(text)
            text, life = str(answer["access_token"]), answer.get("expires_in")
        except (ValueError, KeyError, TypeError):
            text = ""
    if not _ACCEPTABLE.fullmatch(text):
        raise TokenUnavailable(
            f"{whose} holds no token: one word is expected, or JSON with access_token."
        )
    if isinstance(life, int | float):
        return Token(text, time.time() + life)
    return Token(text, _expiry(text))


def _expiry(token: str) -> float | None:
    """When a JWT expires (its claim exp, RFC 7519), None for other tokens."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return float(claims["exp"])
    except (ValueError, KeyError, TypeError):
        return None
