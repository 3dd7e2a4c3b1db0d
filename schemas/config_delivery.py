"""How people are told when Slack does not take a message, in loop.yaml: e-mail and webhooks."""

from msgspec import field

from schemas.config_base import Section


class Mail(Section, frozen=True, kw_only=True):
    """E-mail to the owner of a case. The server stands in SMTP_URL of the environment, as it holds a password."""

    from_: str = field(name="from")
    """The sender's address."""
    subject_prefix: str = "[closeloop]"
    """What each subject begins with, so that mail can be sorted by it."""


class Webhook(Section, frozen=True, kw_only=True):
    """An address that is told of cases of which nobody could be told, signed by Standard Webhooks."""

    url: str
    secret_env: str
    """The name of the environment variable that holds the signing secret (``whsec_...``)."""
