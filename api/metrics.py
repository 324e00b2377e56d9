"""What /metrics counts in this process. Numbers only: no names, no ids, no texts."""

from prometheus_client import Counter, Gauge

DELIVERIES = Counter("gongfang_deliveries", "Deliveries that ended, by how", ["platform", "state"])
AMBIGUOUS_SENDS = Counter("gongfang_ambiguous_sends", "Sends repeated because the answer was never heard", ["platform"])
HANDLER_FAILURES = Counter("gongfang_handler_failures", "Messages whose handler failed with a reference number")
JOB_FAILURES = Counter("gongfang_job_failures", "Clock jobs that failed", ["job"])
WORKER_RESTARTS = Counter("gongfang_worker_restarts", "Background workers that failed and were restarted", ["worker"])
OPEN_PAGES = Gauge("gongfang_open_pages", "Pages that hold a live connection (SSE)")
ROOM_ACTIONS = Counter("gongfang_room_actions", "What was done to keep rooms in step", ["platform", "kind", "result"])
