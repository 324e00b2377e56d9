"""A program that calls /v1 as somebody."""

import httpx2

from api.app import create_app
from api.people.tokens import create_token
from tests.support.talk import Voice, World


async def client_of(world: World, voice: Voice) -> httpx2.AsyncClient:
    """A client with a token of this person, reading Chinese; paths are below /v1."""
    _, secret = await world.run(create_token, voice.person, "test", ["read", "write"])
    headers = {"Authorization": f"Bearer {secret}", "Accept-Language": "zh-CN"}
    transport = httpx2.ASGITransport(app=create_app(world.runtime))
    return httpx2.AsyncClient(transport=transport, base_url="http://test/v1", headers=headers)
