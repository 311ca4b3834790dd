"""What a record must be like: the cases of kinesalite's test/putRecord.js, and the limits."""

from __future__ import annotations

import pytest

from streaming.shards.hash_keys import HASH_KEYS, hash_key
from streaming.shards.limits import shard_limits
from streaming.shards.records import check_put
from streaming.shards.service_errors import Refused

TODAY = shard_limits()
COURSE = shard_limits("course")


def refusal(key: str | bytes, data: bytes = b"", explicit: str | None = None) -> tuple[str, str]:
    with pytest.raises(Refused) as caught:
        check_put(key, data, explicit, TODAY)
    return caught.value.code, str(caught.value)


def test_the_hash_key_is_the_explicit_one_or_that_of_the_key() -> None:
    assert check_put("a", b"", None, TODAY) == hash_key("a")
    assert check_put("é".encode(), b"", None, TODAY) == hash_key("é")
    assert check_put("a", b"", "0", TODAY) == 0
    assert check_put("a", b"", str(HASH_KEYS - 1), TODAY) == HASH_KEYS - 1


def test_an_explicit_hash_key_out_of_bounds() -> None:
    assert refusal("a", explicit=str(HASH_KEYS)) == (
        "InvalidArgumentException",
        "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
        "Specified value was 340282366920938463463374607431768211456",
    )


@pytest.mark.parametrize(
    "explicit", ["", "-1", "+1", "01", "1e3", "0x1", " 1", "1\n", "1_0", "٣", "9" * 40]
)
def test_an_explicit_hash_key_that_is_no_plain_decimal_number(explicit: str) -> None:
    assert refusal("a", explicit=explicit) == (
        "ValidationException",
        f"1 validation error detected: Value '{explicit}' at 'explicitHashKey' failed to satisfy "
        "constraint: Member must satisfy regular expression pattern: 0|([1-9]\\d{0,38})",
    )


def test_everything_wrong_is_said_at_once() -> None:
    key = "a" * 257
    assert refusal(key, bytes(1_048_577), "") == (
        "ValidationException",
        f"3 validation errors detected: Value '{key}' at 'partitionKey' failed to satisfy "
        "constraint: Member must have length less than or equal to 256; "
        "Value '' at 'explicitHashKey' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: 0|([1-9]\\d{0,38}); "
        "Value 'java.nio.HeapByteBuffer[pos=0 lim=1048577 cap=1048577]' at 'data' failed to "
        "satisfy constraint: Member must have length less than or equal to 1048576",
    )


def test_an_empty_partition_key() -> None:
    assert refusal("") == refusal(b"")
    assert refusal("") == (
        "ValidationException",
        "1 validation error detected: Value '' at 'partitionKey' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1",
    )


def test_a_partition_key_is_measured_in_characters() -> None:
    assert check_put("é" * 256, b"", None, TODAY)
    assert refusal("é" * 257)[0] == "ValidationException"


@pytest.mark.parametrize("key", [b"\xff", b"\xc3", "\ud800"])
def test_a_partition_key_that_is_not_utf_8(key: str | bytes) -> None:
    assert refusal(key)[0] == "SerializationException"


def test_the_size_of_a_record_is_that_of_its_data_and_its_key() -> None:
    assert check_put("é", bytes(TODAY.record_bytes - 2), None, TODAY)
    code, text = refusal("é", bytes(TODAY.record_bytes - 1))
    assert code == "InvalidArgumentException"
    assert "1048577 bytes" in text
    assert check_put("e", bytes(COURSE.record_bytes - 1), None, COURSE)
    with pytest.raises(Refused):
        check_put("e", bytes(COURSE.record_bytes), None, COURSE)
