"""The manifest from which a company makes its own Slack app. Pure."""

from typing import Any

import yaml

SCOPES: dict[str, str] = {
    "chat:write": "posts and updates cards",
    "users:read": "knows who clicked",
    "users:read.email": "finds people of loop.yaml by their e-mail address",
    "im:write": "writes direct messages",
    "im:history": "finds a direct message whose answer was lost",
    "channels:read": "finds channels by name",
    "channels:history": "finds a message whose answer was lost",
    "channels:join": "joins a public channel by itself",
    "groups:read": "finds private channels by name",
    "groups:history": "finds a message in a private channel whose answer was lost",
}
"""The bot's scopes, and what each is for."""

EVENTS = ("app_home_opened", "app_uninstalled", "tokens_revoked", "channel_archive", "member_left_channel")
PLACEHOLDER = "https://closeloop.example.com"

_HEAD = """# The Slack app of your workspace: https://api.slack.com/apps, "Create New App", "From a manifest".
# One app for each environment: two gateways behind one app would take each other's clicks.
"""
_OVER_HTTP = "# Clicks come signed to the addresses below: set SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET.\n"
_OVER_SOCKET = (
    "# Clicks come over Socket Mode, nothing has to be reachable from outside: make an app-level token with the\n"
    "# scope connections:write (Basic Information) and set SLACK_BOT_TOKEN and SLACK_APP_TOKEN.\n"
)


def manifest(name: str = "closeloop", url: str | None = PLACEHOLDER) -> str:
    """The manifest in YAML. ``url`` is the gateway's address; without one the app uses Socket Mode."""
    events: dict[str, Any] = {"bot_events": list(EVENTS)}
    interactivity: dict[str, Any] = {"is_enabled": True}
    if url is not None:
        base = url.rstrip("/")
        events = {"request_url": f"{base}/slack/events"} | events
        interactivity["request_url"] = f"{base}/slack/interactions"
    body = {
        "display_information": {
            "name": name,
            "description": "One message for each unhappy customer, and what was done about it",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": True,
            },
            "bot_user": {"display_name": name, "always_online": True},
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": events,
            "interactivity": interactivity,
            "org_deploy_enabled": False,
            "socket_mode_enabled": url is None,
            "token_rotation_enabled": False,
        },
    }
    text = yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=110)
    for scope, why in SCOPES.items():
        text = text.replace(f"- {scope}\n", f"- {scope} # {why}\n")
    return _HEAD + (_OVER_SOCKET if url is None else _OVER_HTTP) + text
