"""`make homeserver` and `make emulator` print what to configure, and a service that is told so has both platforms."""

import re
import time

import httpx2
import pytest

from tests.support.program import Program, Running
from tests.support.trying import EMULATOR, HOMESERVER, PATIENCE, configured, printing


def missing(service: Running) -> set[str]:
    """What is not there yet."""
    return {check["name"] for check in service.get("/readyz").json()["checks"] if not check["ok"]}


def test_people_sign_in_to_the_homeserver_and_it_ends_when_told() -> None:
    with printing(*HOMESERVER) as (process, said):
        address = re.search(r"http://127\.0\.0\.1:\d+", said)
        people = re.findall(r"(\S+)  (@\w+:localhost)  password (\S+)", said)
        assert address and len(people) == 3
        for called, user, password in people:
            who = {"type": "m.id.user", "user": user}
            body = {"type": "m.login.password", "identifier": who, "password": password}
            signed = httpx2.post(f"{address[0]}/_matrix/client/v3/login", json=body)
            assert signed.status_code == 200
            named = httpx2.get(f"{address[0]}/_matrix/client/v3/profile/{user}/displayname")
            assert named.json() == {"displayname": called}
    assert process.returncode == 0
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(address[0])


def test_a_service_told_what_both_print_has_three_platforms(migrated: Program) -> None:
    with (
        printing(*HOMESERVER) as (_, matrix),
        printing(*EMULATOR) as (_, telegram),
    ):
        (migrated.folder / "config.toml").write_text(configured(matrix) + configured(telegram))
        service = migrated.run("--sample")
        deadline = time.monotonic() + PATIENCE
        while missing(service) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert not missing(service)
        assert service.log.read_text().count('"event": "open"') == 3
        answer = migrated("check", "--json")
        faults = [check["name"] for check in answer.data["checks"] if not check["ok"]]
        assert faults == ["telegram privacy mode"], "a new bot's, as BotFather makes them: the page has a switch"
