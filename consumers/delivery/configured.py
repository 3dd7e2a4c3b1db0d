"""From loop.yaml and the environment to the ways out of Slack that this process has."""

import os
from collections.abc import Mapping

import structlog
from sqlalchemy.orm import Session, sessionmaker

from consumers.delivery.elsewhere import Elsewhere
from consumers.delivery.mailer import Mailer
from consumers.delivery.webhooks import Hook
from schemas.config import Loop
from schemas.settings import Settings, SettingsError


def ways_out(
    settings: Settings, loop: Loop, readers: sessionmaker[Session], environ: Mapping[str, str] | None = None
) -> Elsewhere:
    """E-mail and webhooks as configured. Raises :class:`SettingsError` for a webhook without a usable secret."""
    env = os.environ if environ is None else environ
    hooks: dict[str, Hook] = {}
    for name, hook in loop.webhooks.items():
        secret = env.get(hook.secret_env)
        if not secret:
            raise SettingsError(f"{hook.secret_env}: is missing; it holds the signing secret of webhooks.{name}")
        try:
            hooks[name] = Hook(hook.url, secret)
        except ValueError as error:
            raise SettingsError(f"{hook.secret_env}: {error}") from None
    if loop.mail is not None and settings.smtp_url is None:
        structlog.get_logger().warning("SMTP_URL is not set: what Slack does not take is not sent by e-mail either")
    mailer = None if settings.smtp_url is None else Mailer(settings.smtp_url)
    return Elsewhere(loop, readers, settings.public_url, mailer, hooks)
