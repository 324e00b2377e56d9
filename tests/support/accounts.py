"""What tests of accounts need: a school, codes, second accounts, and whose an account is."""

from api.people.codes import issue_claim_code
from storage.communities import Community
from storage.people import Identity, Person
from tests.support.talk import Voice, World


async def school_of(world: World) -> tuple[Community, Community]:
    """A county and a school of it."""
    county = await world.region()
    return county, await world.school(county, "第一小学")


async def code_for(world: World, voice: Voice) -> str:
    """A new claim code of a person."""
    return (await world.run(issue_claim_code, voice.person)).code


async def an_account(world: World, voice: Voice, name: str = "另一部手机") -> Voice:
    """A second account, not bound yet."""
    other = await world.teacher(name, bound=False)
    other.person = voice.person
    return other


async def owner(world: World, voice: Voice) -> str | None:
    """The name of the person an account is bound to."""

    def read(ctx) -> str | None:
        account = ctx.session.query(Identity).filter_by(native=voice.native).one()
        return ctx.session.get(Person, account.person_id).name if account.person_id else None

    return await world.run(read)
