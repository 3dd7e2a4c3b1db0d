"""Who runs a command, for the audit trail."""

import getpass

from schemas.audit import Who


def at_terminal() -> Who:
    """The user of this machine who runs the command, as far as the machine knows."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as in some containers
        name = "unknown"
    return Who(name=name, kind="command", via="command")
