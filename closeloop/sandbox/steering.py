"""The control API as a typed client, for tests and scripts in another process than the sandbox; not asynchronous."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias
from urllib.parse import urlencode

import msgspec

from closeloop.sandbox.deeds import Click, Dismiss, OpenHome, Say, Submit
from closeloop.sandbox.faults import Fault, FaultKind
from closeloop.sandbox.model import Json

Deed: TypeAlias = Click | Submit | Dismiss | Say | OpenHome
_PATHS: dict[type[Deed], str] = {Click: "click", Submit: "submit", Dismiss: "dismiss", Say: "say", OpenHome: "home"}
_TIMEOUT_S = 60.0


class OrderError(Exception):
    """The sandbox refused an order or a deed; the text is its own."""


class Steering:
    """Steers the sandbox at `url` (without a trailing slash): faults, the app's token, people, channels, deeds."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def _call(self, method: str, path: str, body: Any = None, **query: Any) -> Json:
        given = urlencode({name: value for name, value in query.items() if value is not None})
        data = None if body is None else msgspec.json.encode(body)
        request = urllib.request.Request(f"{self._url}{path}?{given}", data, method=method)  # noqa: S310 - http only
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as response:
                return dict(json.load(response))
        except urllib.error.HTTPError as refused:
            with refused:
                answer = json.load(refused)
            raise OrderError(str(answer.get("problem") or answer)) from None

    # Faults

    def order(self, *faults: Fault) -> None:
        """Put faults in force; they are tried in the order given."""
        self._call("POST", "/control/faults", faults)

    def once(self, method: str, *kinds: FaultKind, **more: Any) -> None:
        """Queue faults that happen once each: the next call of `method` meets the first, the one after the second."""
        self.order(*(Fault(kind=kind, method=method, times=1, **more) for kind in kinds))

    def rates(self, method: str, chances: Mapping[FaultKind, float], *, seed: int = 0, **more: Any) -> None:
        """Let calls of `method` fail from now on: of all calls the share `chances[kind]` meets that kind.

        Raises:
            ValueError: the chances are over 1 together.
        """
        left, faults = 1.0, []
        for kind, chance in chances.items():
            if chance > left + 1e-9:
                raise ValueError(f"{kind}: the chances are over 1 together")
            # a fault is only tried when those before it did not apply
            faults.append(Fault(kind=kind, method=method, probability=min(1.0, chance / left), **more))
            left -= chance
        self._call("POST", "/control/faults", faults, seed=seed)

    def clear(self) -> None:
        """Take every fault back."""
        self._call("DELETE", "/control/faults")

    # The app's standing, people and channels

    def revoke(self, refusal: str = "token_revoked") -> None:
        """Answer every call with this code until `restore`; the app hears `tokens_revoked`."""
        self._call("POST", "/control/token", {"refusal": refusal})

    def restore(self) -> None:
        """Take the token again."""
        self._call("POST", "/control/token", {"refusal": ""})

    def grant(self, *scopes: str) -> None:
        """Leave the token these scopes and no others."""
        self._call("POST", "/control/token", {"scopes": scopes})

    def archive(self, channel: str, *, archived: bool = True) -> None:
        """Archive a channel (id or name), or take it back; the app hears of it."""
        self._call("POST", "/control/archive", {"channel": channel, "archived": archived})

    def deactivate(self, user: str, *, deleted: bool = True) -> None:
        """Deactivate a person (id or e-mail address), or take them back."""
        self._call("POST", "/control/deactivate", {"user": user, "deleted": deleted})

    # Socket Mode

    def refuse_handshakes(self, times: int) -> None:
        """Answer the next Socket Mode handshakes with 503."""
        self.order(Fault(kind=FaultKind.HTTP_500, method="socket.handshake", times=times))

    def end_sockets(self, how: Literal["warning", "refresh_requested", "link_disabled", "close", "cut"]) -> int:
        """End the Socket Mode connections. Returns how many there were."""
        return int(self._call("POST", "/control/sockets", {"how": how})["ended"])

    # What people do, and what became of it

    def act(self, deed: Deed) -> Json:
        """Let a person act, as the page does.

        Raises:
            OrderError: there is no such message, view, element or value.
        """
        return self._call("POST", f"/page/{_PATHS[type(deed)]}", deed)

    def state(self, channel: str | None = None) -> Json:
        """Everything that `GET /control/state` answers, for one channel or all."""
        return self._call("GET", "/control/state", channel=channel)

    def counts(self) -> Json:
        """The state without its messages: cheap, however many there are."""
        return self._call("GET", "/control/state", counts=1)
