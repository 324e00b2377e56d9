"""What the two state machines share: an empty database for each example, a clock, and one commit at a time."""

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, run_state_machine_as_test
from pydantic import SecretStr
from sqlalchemy import delete

from api.config import Config
from api.runtime import Runtime
from storage.blobs import Blobs
from storage.engine import Database
from storage.messaging import Chat, Cursor, Delivery, Incoming, Message, Sender, SentEvent
from tests.support.databases import Databases
from tests.support.talk import NOW

WRITTEN = (SentEvent, Delivery, Message, Incoming, Chat, Cursor, Sender)  # by the rules; children first
CHATS = st.sampled_from(["c0", "c1"])


class Machine(RuleBasedStateMachine):
    """Rules are single commits of the real code; between any two of them a worker may have died."""

    database: Database

    @initialize()
    def begin(self) -> None:
        self.clock = NOW
        config = Config(web={"secret": SecretStr("for tests only")})
        self.runtime = Runtime(config, self.database, Blobs("memory:"), now=lambda: self.clock)
        self.number = 0

    def do(self, operation: Any, *args: Any) -> Any:
        """One transaction."""
        with self.database.transaction() as session:
            return operation(self.runtime.context(session), *args)

    def finish(self) -> None:
        """Everybody died; others take over when the leases have run out. Then nothing may be missing."""
        raise NotImplementedError

    def teardown(self) -> None:
        if not hasattr(self, "runtime"):
            return
        try:
            self.finish()
        finally:
            with self.database.transaction() as session:
                for table in WRITTEN:
                    session.execute(delete(table))


def run(machine: type[Machine], databases: Databases, kind: str) -> None:
    """Explore on one database that is emptied after each example: making one costs more than using it."""
    with databases.fresh(kind) as url:
        database = Database(url)
        try:
            run_state_machine_as_test(
                type(machine.__name__, (machine,), {"database": database}),
                settings=settings(
                    max_examples=120 if kind == "sqlite" else 25, stateful_step_count=30, deadline=None,
                    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
                ),
            )  # fmt: skip
        finally:
            database.close()
