"""What a Matrix account is called, and what a template calls the account of a staff number. Pure.

Grammar: Matrix specification, appendix "User identifiers". Homeservers make names of small letters only: however one is
typed, it is meant in small letters.
"""

import re

MARK = "{staff_no}"
LONGEST = 255
LOCAL = re.compile(r"[a-z0-9._=/+-]+", re.ASCII)
SERVER = r"(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?"
USER_ID = re.compile(rf"@{LOCAL.pattern}:{SERVER}", re.ASCII)


def read_user_id(text: str) -> str | None:
    """The account that a text names, as homeservers write it; None when it names none."""
    text = text.lower()
    return text if len(text) <= LONGEST and USER_ID.fullmatch(text) else None


def read_template(text: str) -> str:
    """A template such as "@{staff_no}:example.org" in small letters. Raises ValueError saying what is wrong."""
    if text.count(MARK) != 1:
        raise ValueError(f"write {MARK} once, for example @{MARK}:example.org")
    before, after = text.lower().split(MARK)
    if ":" in before or read_user_id(f"{before}1{after}") is None:
        raise ValueError(f"with a number in place of {MARK} it must be a Matrix account: @{MARK}:example.org")
    return f"{before}{MARK}{after}"


def account_of(template: str, number: str) -> str | None:
    """What a template calls the account of a staff number in small letters; None where that makes no account."""
    if not template or not LOCAL.fullmatch(number):
        return None
    account = template.replace(MARK, number)
    return account if len(account) <= LONGEST else None


def number_of(template: str, account: str) -> str | None:
    """The staff number, in small letters, whose account a template calls so."""
    before, mark, after = template.partition(MARK)
    number = account[len(before) : len(account) - len(after)] if mark else ""
    return number if number and account_of(template, number) == account else None
