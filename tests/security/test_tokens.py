"""Tokens: where they come from, when they are renewed, and what is never said of them."""

from __future__ import annotations

import base64
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from kafka_security import unsigned_token
from streaming.broker.security import Security
from streaming.broker.tokens import Source, Token, Tokens, TokenUnavailable, source_of

CANARY = "kanarienvogel-7f3a"
MSK = {"mechanism": "AWS_MSK_IAM", "aws_region": "eu-central-1"}


def source(**values: Any) -> Source:
    found = source_of(Security.model_validate({"mechanism": "OAUTHBEARER", **values}))
    assert found is not None
    return found


def prints(text: str, code: int = 0) -> list[str]:
    return [sys.executable, "-c", f"import sys; print({text!r}); sys.exit({code})"]


async def refusal(get: Callable[[], Awaitable[Token]]) -> str:
    with pytest.raises(TokenUnavailable) as error:
        await get()
    assert CANARY not in str(error.value) and error.value.__cause__ is None
    return str(error.value)


async def test_a_file_is_read_and_its_expiry_is_known(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(unsigned_token(lifetime_s=300) + "\n")
    token = await source(token_file=path)()
    assert token.text == path.read_text().strip()
    assert token.expires_at == pytest.approx(time.time() + 300, abs=20)
    path.write_text("opaque")
    assert await source(token_file=path)() == Token("opaque", None)
    assert "opaque" not in repr(token)


async def test_a_command_prints_the_token_or_an_authorization_servers_answer() -> None:
    assert await source(token_command=prints("abc"))() == Token("abc", None)
    token = await source(token_command=prints('{"access_token": "abc", "expires_in": 60}'))()
    assert token.text == "abc" and token.expires_at == pytest.approx(time.time() + 60, abs=20)


async def test_what_is_no_token_is_said_without_showing_it(tmp_path: Path) -> None:
    path = tmp_path / "token"
    assert "cannot be read" in await refusal(source(token_file=path))
    for text in ("", f"{CANARY} two", f'{{"error": "{CANARY}"}}', f'{{"{CANARY}'):
        path.write_text(text)
        assert "holds no token" in await refusal(source(token_file=path))
    assert "ended with code 3" in await refusal(source(token_command=prints(CANARY, 3)))
    assert "holds no token" in await refusal(source(token_command=prints(CANARY + " x")))
    assert "cannot be started" in await refusal(source(token_command=["/no/such", CANARY]))


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("streaming.broker.tokens.time.time", lambda: made.now)
    return made


@pytest.mark.parametrize(("life", "renewed"), [(900, 840), (8, 6), (None, 60)])
async def test_a_token_is_kept_and_renewed_in_time(
    clock: Clock, life: float | None, renewed: float
) -> None:
    given: list[str] = []

    async def fetch() -> Token:
        given.append(f"t{len(given)}")
        return Token(given[-1], None if life is None else clock.now + life)

    tokens = Tokens(fetch)
    assert [await tokens.get(), await tokens.get()] == ["t0", "t0"]
    clock.now = 1000 + renewed - 0.1
    assert await tokens.get() == "t0"
    clock.now = 1000 + renewed
    assert await tokens.get() == "t1"
    tokens.forget()
    assert await tokens.get() == "t2"


# --- Amazon MSK -----------------------------------------------------------------------------


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A machine without AWS credentials, and without a network to look for some."""
    pytest.importorskip("aws_msk_iam_sasl_signer")
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    return monkeypatch


async def test_the_token_for_msk_is_a_signed_url(aws: pytest.MonkeyPatch) -> None:
    """Its shape is Amazon's: base64url of a presigned GET of kafka-cluster:Connect, 15 minutes."""
    aws.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    aws.setenv("AWS_SECRET_ACCESS_KEY", CANARY)
    token = await source(**MSK)()
    assert token.expires_at == pytest.approx(time.time() + 900, abs=20)
    assert "=" not in token.text
    raw = base64.urlsafe_b64decode(token.text + "=" * (-len(token.text) % 4)).decode()
    url = urlsplit(raw)
    query = parse_qs(url.query)
    assert (url.scheme, url.hostname) == ("https", "kafka.eu-central-1.amazonaws.com")
    assert query["Action"] == ["kafka-cluster:Connect"]
    assert query["X-Amz-Expires"] == ["900"]
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Credential"][0].startswith("AKIAIOSFODNN7EXAMPLE/")
    assert query["X-Amz-Credential"][0].endswith("/eu-central-1/kafka-cluster/aws4_request")
    assert len(query["X-Amz-Signature"][0]) == 64
    assert CANARY not in raw


async def test_missing_aws_credentials(aws: pytest.MonkeyPatch) -> None:
    assert "AWS credentials cannot be used: none were found" in await refusal(source(**MSK))
    said = await refusal(source(**MSK, aws_profile="nobody"))
    assert "profile 'nobody'" in said and "could not be found" in said


async def test_without_the_package_it_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "aws_msk_iam_sasl_signer", None)
    assert "pip install 'dasprep-tui[msk]'" in await refusal(source(**MSK))
