"""Queries about workshops as such: which may be joined, which are visible, and the wishes for new ones."""

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, aliased

from storage.attachments import Attachment
from storage.communities import Community, Membership, WorkshopRequest
from storage.memberships import under


def find_joinable(session: Session, person_id: int, home: Community, region_path: str, limit: int,
                  after: int = 0) -> list[Community]:  # fmt: skip
    """Open and approval workshops in the person's region or right under what lies above it, not yet theirs."""
    mine = select(Membership.community_id).where(
        Membership.person_id == person_id, Membership.status.in_(("active", "pending", "invited"))
    )
    query = (
        select(Community)
        .where(Community.kind == "workshop", Community.archived_at.is_(None), Community.policy != "invitation")
        .where(or_(Community.path.startswith(region_path, autoescape=True), Community.parent_id.in_(home.line)))
        .where(Community.id.not_in(mine), Community.id > after)
        .order_by(Community.id)
        .limit(limit)
    )
    return list(session.scalars(query))


def find_by_join_code(session: Session, code: str) -> Community | None:
    """The community with this join code, in its stored form (AB123456)."""
    return session.scalars(select(Community).where(Community.join_code == code)).first()


def find_open_workshop(session: Session, pid: str) -> Community | None:
    """A workshop that is not archived, by its public id."""
    query = select(Community).where(Community.pid == pid, Community.kind == "workshop", Community.archived_at.is_(None))
    return session.scalars(query).first()


def page_visible(session: Session, person_id: int | None, above: Sequence[int], paths: Sequence[str], kind: str | None,
                 limit: int, after: int = 0) -> list[Community]:  # fmt: skip
    """Communities (not archived) that are above, under one of the paths, or have the person; None sees all."""
    query = select(Community).where(Community.archived_at.is_(None), Community.id > after)
    if kind is not None:
        query = query.where(Community.kind == kind)
    if person_id is not None:
        mine = select(Membership.community_id).where(Membership.person_id == person_id, Membership.status == "active")
        query = query.where(or_(Community.id.in_(above), under(Community.path, paths), Community.id.in_(mine)))
    return list(session.scalars(query.order_by(Community.id).limit(limit)))


def get_request(session: Session, pid: str) -> WorkshopRequest | None:
    """A wish for a workshop, held until the transaction ends."""
    query = select(WorkshopRequest).where(WorkshopRequest.pid == pid).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).first()


def open_requests(session: Session, person_id: int | None = None, path: str | None = None, limit: int | None = None,
                  after: int = 0) -> list[WorkshopRequest]:  # fmt: skip
    """Undecided wishes of a person, or for places under a path; oldest first, those with ids greater than `after`."""
    undecided = (WorkshopRequest.state == "open", WorkshopRequest.id > after)
    query = select(WorkshopRequest).where(*undecided).order_by(WorkshopRequest.id).limit(limit)
    if person_id is not None:
        query = query.where(WorkshopRequest.person_id == person_id)
    if path is not None:
        parent = aliased(Community)
        query = query.join(parent, parent.id == WorkshopRequest.parent_id)
        query = query.where(parent.path.startswith(path, autoescape=True))
    return list(session.scalars(query))


def requests_of(session: Session, person_id: int) -> list[WorkshopRequest]:
    """Every wish of a person, decided ones too."""
    query = select(WorkshopRequest).where(WorkshopRequest.person_id == person_id).order_by(WorkshopRequest.id)
    return list(session.scalars(query))


def with_pictures_of(session: Session, person_id: int) -> list[Community]:
    """Communities whose picture somebody sent."""
    theirs = select(Attachment.pid).where(Attachment.owner_id == person_id)
    return list(session.scalars(select(Community).where(Community.picture.in_(theirs)).order_by(Community.id)))
