"""`gongfang check` for Matrix: asked with a connection of its own, while the service may be running."""

import json

from api.matrix.service import device_of, keys_of
from bot.platforms.base import Finding, RetryAfter, SendError
from bot.platforms.matrix.connection import Connection, who_am_i
from bot.platforms.matrix.homeserver import CLIENT, Homeserver, Refused, SignedOut
from bot.platforms.matrix.signing import is_foreign, is_signed

NAME = "matrix"
BURST = 12  # one more than Synapse allows at once when nobody lifted its limits
NO_VERSION = "gongfang-check"
UNSIGNED = "is not signed by its account: some clients will not let it read; put the password into [matrix] and restart"
FOREIGN = (
    "is not signed: the account has an identity that another client made; sign in there as the bot and verify the "
    "device by its keys"
)
OUTDATED = (
    "has keys from an older backup, which it cannot go on with: put the password, or the token of a new device, into "
    "[matrix] and restart"
)


async def look(connection: Connection) -> list[Finding]:
    """The findings, the first bad one last where it makes asking further useless."""
    home = Homeserver(connection.home.url)
    try:
        return await _look(connection, home)
    except SendError as error:
        return [Finding(NAME, False, str(error))]
    finally:
        await home.close()


async def _look(connection: Connection, home: Homeserver) -> list[Finding]:
    try:
        await home.call("GET", "/_matrix/client/versions")
    except SendError as error:
        return [Finding(NAME, False, f"{home.url} does not answer as a homeserver: {error}")]
    found = [Finding(NAME, True, home.url)]
    try:
        token = await _token(connection, home)
    except SendError as error:
        return [*found, Finding(f"{NAME} account", False, str(error))]
    if token is None:
        return [*found, Finding(f"{NAME} account", True, f"{connection.me} signs in when the service starts")]
    home.token = token
    found.append(Finding(f"{NAME} account", True, connection.me))
    return [*found, await _encryption(connection, home), await _limits(home)]


async def _token(connection: Connection, home: Homeserver) -> str | None:
    """A token that is valid; None where the password will bring one. Raises SignedOut."""
    kept = await connection.runtime.read(device_of, connection.account)
    given = connection.config.access_token.get_secret_value()
    for token in filter(None, (given, kept.token if kept else "")):
        try:
            known = await who_am_i(home, token)
        except SignedOut:
            continue
        if known.get("user_id") != connection.me:
            raise SignedOut(f"the access token belongs to {known.get('user_id')}, not to {connection.me}")
        return token
    if connection.config.password.get_secret_value():
        return None
    raise SignedOut("the access token is not valid: put a new one, or the password, into [matrix]")


async def _encryption(connection: Connection, home: Homeserver) -> Finding:
    subject, kept = f"{NAME} encryption", await connection.runtime.read(device_of, connection.account)
    if kept is None:
        return Finding(subject, True, "its device is made when the service starts")
    keys = {kind: json.loads(value) for kind, _, value in await connection.runtime.read(keys_of, connection.account)}
    if keys.get("outdated") == kept.device_id:
        return Finding(subject, False, f"device {kept.device_id} {OUTDATED}")
    answer = await home.call("POST", f"{CLIENT}/keys/query", {"device_keys": {connection.me: []}})
    if is_signed(answer, connection.me, kept.device_id):
        return Finding(subject, True, f"device {kept.device_id} is signed by its account")
    foreign = is_foreign(answer, connection.me, keys.get("signing"))
    return Finding(subject, False, f"device {kept.device_id} {FOREIGN if foreign else UNSIGNED}")


async def _limits(home: Homeserver) -> Finding:
    """Ask for rooms of a version that does not exist: Synapse counts that before it refuses it."""
    subject = f"{NAME} limits"
    for _ in range(BURST):
        try:
            await home.call("POST", f"{CLIENT}/createRoom", {"room_version": NO_VERSION})
        except RetryAfter:
            note = "the homeserver slows the bot down after a few messages: lift its limits (operator's guide, Matrix)"
            return Finding(subject, False, note)
        except Refused:
            continue
    return Finding(subject, True, "lifted for this account")
