"""A store's file, and a store in the middle of its work."""

import pytest

from tests.store.store_support import Model, filled_log, open_store, work


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lab.duckdb"


@pytest.fixture
def busy(path):
    store, model, log = open_store(path), Model(), filled_log(records=120)
    member = work(store, model, log, most=60)
    yield store, member, log, model
    store.close()
