"""What /metrics counts in this process. Numbers only: no names, no ids, no texts.

What waits in the database is counted when somebody asks (api/health.py); it is the same whichever process is asked.
"""

from prometheus_client import Counter, Gauge, Histogram

# seconds: of a transaction or a handler; of a call over the network, which may wait for its turn; of waiting
WORK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)
CALL = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
WAIT = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0)
JOB = (0.005, 0.025, 0.1, 0.5, 2.5, 10.0, 60.0)
LOCK = (0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0)

ARRIVALS = Counter("gongfang_arrivals", "What platforms brought and was stored", ["platform"])
ARRIVAL_LAG = Histogram(
    "gongfang_arrival_lag_seconds", "Age of the newest thing that a read brought, when it was stored", ["platform"],
    buckets=WAIT,
)  # fmt: skip
PLATFORM_OPEN = Gauge("gongfang_platform_open", "Whether a platform could be opened since the start", ["platform"])
LAST_READ = Gauge(
    "gongfang_last_read_timestamp_seconds", "When a platform last answered our reading", ["platform", "account"]
)

HANDLED = Counter("gongfang_handled", "What arrived and was handled, by how it ended", ["platform", "result"])
HANDLER_SECONDS = Histogram(
    "gongfang_handler_seconds", "How long handling took, with its commit", ["platform"], buckets=WORK
)
HANDLING_LAG = Histogram(
    "gongfang_handling_lag_seconds", "How long what arrived waited for a handler", ["platform"], buckets=WAIT
)
HANDLER_FAILURES = Counter("gongfang_handler_failures", "Messages whose handler failed with a reference number")

DELIVERIES = Counter("gongfang_deliveries", "What became of deliveries", ["platform", "state"])
SENDS = Counter("gongfang_sends", "Attempts to send, by what the platform said", ["platform", "kind", "result"])
SEND_SECONDS = Histogram(
    "gongfang_send_seconds", "How long an attempt took, with waiting for the platform's limits", ["platform"],
    buckets=CALL,
)  # fmt: skip
DELIVERY_LAG = Histogram(
    "gongfang_delivery_lag_seconds", "How long after its moment a delivery was sent", ["platform", "lane"], buckets=WAIT
)
AMBIGUOUS_SENDS = Counter("gongfang_ambiguous_sends", "Sends repeated because the answer was never heard", ["platform"])

JOB_LAG = Gauge("gongfang_job_lag_seconds", "How late a job of the clock began last, or is now if it is due", ["job"])
JOB_SECONDS = Histogram("gongfang_job_seconds", "How long a job of the clock took", ["job"], buckets=JOB)
JOB_FAILURES = Counter("gongfang_job_failures", "Clock jobs that failed", ["job"])

DATABASE_WAIT = Histogram(
    "gongfang_database_wait_seconds", "How long transactions waited for the writer (SQLite) or a thread (PostgreSQL)",
    buckets=LOCK,
)  # fmt: skip

WORKER_RESTARTS = Counter("gongfang_worker_restarts", "Background workers that failed and were restarted", ["worker"])
OPEN_PAGES = Gauge("gongfang_open_pages", "Pages that hold a live connection (SSE)")
ROOM_ACTIONS = Counter("gongfang_room_actions", "What was done to keep rooms in step", ["platform", "kind", "result"])


def note_read(platform: str, account: str, now: float, newest: float | None) -> None:
    """A platform answered our reading of an account at `now`. `newest`: when the newest thing it brought happened, if
    it brought any that says so. Both are seconds since 1970."""
    LAST_READ.labels(platform, account).set(now)
    note_age(platform, now, newest)


def note_age(platform: str, now: float, newest: float | None) -> None:
    """What happened at `newest` was stored at `now`. Clocks differ: nothing is younger than new."""
    if newest is not None:
        ARRIVAL_LAG.labels(platform).observe(max(0.0, now - newest))
