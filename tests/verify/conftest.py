import pytest

from tests.verify.verify_lab import START, Lab


@pytest.fixture
def empty():
    lab = Lab()
    yield lab
    lab.close()


@pytest.fixture(scope="session")
def made_lab(tmp_path_factory):
    made = Lab(str(tmp_path_factory.mktemp("lab") / "made.duckdb"))
    made.con.execute("BEGIN")
    for i in range(300):
        for stream in ("clicks", "orders", "access"):
            made.put(stream, i % 2, START + i * 500)
    made.settle(START + 150_000)
    made.con.execute("COMMIT")
    made.close()
    return made


@pytest.fixture
def lab(made_lab, tmp_path):
    """150 s of three streams on two shards each: two final minutes and a third that is open."""
    copy = made_lab.copy(str(tmp_path / "lab.duckdb"))
    yield copy
    copy.close()
