"""On a terminal: tabs, keys and a picture that is drawn anew when something changed, at most a few times a second."""

from datetime import UTC, datetime
from typing import ClassVar

from rich.console import Group
from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Footer, Static, Tab, Tabs

from closeloop.watch.frame import TABS, status, tab_lines, title
from closeloop.watch.known import chosen_window, next_window
from closeloop.watch.link import Watcher
from closeloop.watch.speech import Speech

DRAW_S = 0.25
"""How often it is drawn where something changed."""
CLOCK_S = 1.0
"""How often it is drawn where nothing did: times go on."""


class WatchApp(App[None]):
    """The whole screen."""

    CSS = """
    Screen { background: ansi_default; color: ansi_default; }
    #status { height: 1; padding: 0 1; }
    #page { padding: 0 1; scrollbar-size-vertical: 1; background: ansi_default; }
    #page:focus { background: ansi_default; }
    #content { width: 100%; height: auto; background: ansi_default; }
    Tabs { height: 2; }
    """
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "beside(-1)", show=False, priority=True),
        Binding("right,tab", "beside(1)", show=False, priority=True),
        Binding("j", "scroll(1)", show=False),
        Binding("k", "scroll(-1)", show=False),
    ]

    def __init__(self, url: str, key: str | None, tab: str, window: str, speech: Speech) -> None:
        super().__init__(ansi_color=True)
        self._speech = speech
        self.bind("q", "quit", description=speech.say("watch-quit"))
        for number, name in enumerate(TABS, start=1):
            self.bind(str(number), f"tab('{name}')", description=title(name, speech))
        self.bind("w", "window", description=speech.say("window"))
        self._url = url
        self._at_tab = tab
        self._window = window
        self._dirty = True
        self._drawn_at = 0.0
        self._watcher = Watcher(url, key, self._changed, window)

    def compose(self) -> ComposeResult:
        """Status, tabs, the page, the keys."""
        yield Static(id="status")
        yield Tabs(*(Tab(title(tab, self._speech), id=tab) for tab in TABS), active=self._at_tab)
        with VerticalScroll(id="page"):
            yield Static(id="content")
        yield Footer()

    def on_mount(self) -> None:
        """Begin to follow and to draw."""
        self.query_one("#page").focus()
        self.run_worker(self._watcher.run(), exclusive=True)
        self.set_interval(DRAW_S, self._draw_if_due)
        self._draw()

    def on_resize(self) -> None:
        """The width decides what stands beside what."""
        self._dirty = True

    def on_tabs_tab_activated(self, event: Tabs.TabActivated) -> None:
        """Another tab was chosen, by key or by mouse."""
        chosen = event.tab.id or TABS[0]
        if chosen != self._at_tab:
            self._at_tab = chosen
            self.query_one("#page").scroll_home(animate=False)
        self._draw()

    def action_tab(self, tab: str) -> None:
        """Go to a tab."""
        self.query_one(Tabs).active = tab

    def action_beside(self, step: int) -> None:
        """Go to the tab beside this one, around."""
        self.action_tab(TABS[(TABS.index(self._at_tab) + step) % len(TABS)])

    def action_window(self) -> None:
        """Take the next window."""
        known = self._watcher.known
        self._window = self._watcher.window = next_window(known, chosen_window(known, self._window))
        self._draw()

    def action_scroll(self, step: int) -> None:
        """Scroll by lines, as ``less`` does."""
        self.query_one("#page").scroll_relative(y=step, animate=False)

    def _changed(self) -> None:
        self._dirty = True

    def _draw_if_due(self) -> None:
        if self._dirty or datetime.now(UTC).timestamp() - self._drawn_at >= CLOCK_S:
            self._draw()

    def _draw(self) -> None:
        at = datetime.now(UTC)
        self._dirty, self._drawn_at = False, at.timestamp()
        known = self._watcher.known
        self.query_one("#status", Static).update(status(known, self._url, at, self._speech))
        width = max(self.size.width - 3, 20)
        lines = tab_lines(self._at_tab, known, chosen_window(known, self._window), width, at, self._speech)
        self.query_one("#content", Static).update(Group(*(lines or [Text("")])))
