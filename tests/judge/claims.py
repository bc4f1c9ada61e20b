"""What the judge calls in a project, and what must hold of each call."""

import dataclasses

SAFE = "safe"
UNSAFE = "unsafe"


@dataclasses.dataclass(frozen=True)
class Entry:
    """One call: `/a/path` of the site, `module:function` without arguments, or `manage.py command`.

    Of every entry: its result is the same before and after, and it never makes more queries. The claims
    below say from which tier on more is true: `SAFE` for `apply`, `UNSAFE` for `apply --unsafe`.
    """

    target: str
    #: It makes fewer queries.
    fewer: str | None = None
    #: As `fewer`; and with twice the rows it makes no more queries than with the usual ones.
    fixed: str | None = None
    #: It raises SynchronousOnlyOperation before, and returns after.
    mends: str | None = None
    #: Nothing is to be done here: the very same queries.
    right: bool = False
    #: There is a mistake here that is not found yet. Once it is, the judge asks for a claim.
    missed: bool = False
    #: What `--unsafe` does here may well change the result: there is a trap in the rows.
    unsafe_changes: bool = False


def fixed(*targets, tier=SAFE):
    return [Entry(target, fixed=tier) for target in targets]


def fewer(*targets, tier=SAFE):
    return [Entry(target, fewer=tier) for target in targets]


def missed(*targets):
    return [Entry(target, missed=True) for target in targets]


def right(*targets):
    return [Entry(target, right=True) for target in targets]
