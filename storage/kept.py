"""Small values that the service makes once and keeps, where there is no file beside the database for them."""

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base
from storage.writing import upsert


class Kept(Base):
    """One value by its name: "web.secret"."""

    __tablename__ = "kept"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[str]


def keep(session: Session, name: str, value: str) -> str:
    """Keep `value` unless the name has one already; returns the one that is kept."""
    session.execute(upsert(session, Kept).values(name=name, value=value).on_conflict_do_nothing())
    return session.scalars(select(Kept.value).where(Kept.name == name)).one()
