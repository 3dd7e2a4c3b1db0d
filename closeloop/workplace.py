"""The people and channels of loop.yaml as the workspace of the Slack sandbox."""

from closeloop.errors import UserError
from closeloop.sandbox import Channel, Seed, User, run_sandbox
from closeloop.sandbox.workspace import identify
from schemas.config import Loop
from schemas.loop_yaml import load
from schemas.settings import Settings

_LOCALES = {"de": "de-DE", "pt": "pt-BR", "zh": "zh-CN"}
"""Slack's own languages among those of people; it speaks neither Russian nor Ukrainian."""


def seed_of(loop: Loop) -> Seed:
    """Everybody of ``people`` as a user, and every receiver's channel.

    A person without a Slack id gets one made from their key, so that they can be looked up by e-mail as in Slack.
    """
    users = []
    for key, person in loop.people.items():
        calendar = loop.calendars.get(person.calendar or "")
        users.append(
            User(
                id=person.slack or identify("U", person.email.lower()),
                name=key,
                real_name=person.name,
                email=person.email,
                tz=calendar.zone if calendar else "UTC",
                locale=_LOCALES.get(person.language, "en-US"),
            )
        )
    names = dict.fromkeys(receiver.channel.removeprefix("#") for receiver in loop.receivers.values())
    channels = [Channel(id=identify("C", name), name=name) for name in names]
    return Seed(users=users, channels=channels)


def run_workplace(settings: Settings, *, host: str, port: int, events_url: str, pace: float) -> int:
    """Serve the sandbox for the people of loop.yaml until SIGTERM. Returns the exit code."""
    try:
        _serve(settings, host=host, port=port, events_url=events_url, pace=pace)
    except OSError as error:
        raise UserError(f"{host}:{port} cannot be listened on: {error.strerror or error}") from None
    return 0


def _serve(settings: Settings, *, host: str, port: int, events_url: str, pace: float) -> None:
    run_sandbox(
        host=host,
        port=port,
        data_dir=settings.data_dir / "sandbox",
        events_url=events_url,
        pace=pace,
        mode="http",
        seed=seed_of(load(settings.config, settings.zone)),
        bot_token=settings.slack_bot_token,
        signing_secret=settings.slack_signing_secret,
    )
