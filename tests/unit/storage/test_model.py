"""The SQLite table against a model, step by step, for whatever hypothesis thinks up."""

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.contract.storage.table_model import TableModel

from rimedio.domain.clock import FakeClock
from rimedio.storage.database import Database
from rimedio.storage.sqlite_streams import SqliteChangeStream
from rimedio.storage.sqlite_table import SqliteTable

STEADY = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)


def test_sqlite_does_what_a_plain_dict_does() -> None:
    def begin() -> TableModel:
        database, clock = Database(None), FakeClock()
        return TableModel(
            SqliteTable(database, clock), SqliteChangeStream(database, clock), clock, purges=True
        )

    run_state_machine_as_test(begin, settings=STEADY)
