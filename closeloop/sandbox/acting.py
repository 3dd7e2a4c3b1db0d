"""What people do in the workspace: click, type, submit, write. Turns each into a delivery and its consequences."""

from closeloop.sandbox import interactions
from closeloop.sandbox.announcing import Announcer
from closeloop.sandbox.core import Core
from closeloop.sandbox.deeds import Click, Dismiss, OpenHome, Say, Submit
from closeloop.sandbox.delivery import Delivery, Outcome
from closeloop.sandbox.model import Json, Message, SlackError, View
from closeloop.sandbox.rules import MESSAGE_TEXT


def _sentence(outcome: Outcome) -> Json:
    return {"acked": outcome.acked, "via": outcome.via, "problem": outcome.problem}


class People:
    """Lets people act; every method answers what their client would show."""

    def __init__(self, core: Core, delivery: Delivery, announcer: Announcer) -> None:
        self._core = core
        self._delivery = delivery
        self._announcer = announcer
        self.origin = ""
        """Scheme, host and port that response URLs start with; set once the server listens."""

    async def click(self, click: Click) -> Json:
        """Deliver a block_actions interaction.

        Returns `acked`, `via` and `problem`. Raises SlackError if there is no such message, view or element.
        """
        core, now = self._core, self._core.clock()
        if click.view_id:
            view = self._own_view(click.user, click.view_id)
            payload = interactions.view_action(core, view, click, now)
        else:
            payload = interactions.message_action(core, self._message(click), click, now)
            payload["response_url"] = f"{self.origin}{payload['response_url']}"
        return _sentence(await self._delivery.interact(payload))

    def _message(self, click: Click) -> Message:
        channel, ts = click.channel or "", click.ts or ""
        message = self._core.workspace.message(channel, ts) or self._core.workspace.ephemeral(channel, ts)
        if message is None or message.deleted:
            raise SlackError("message_not_found")
        return message

    def _own_view(self, user: str, view_id: str) -> View:
        view = self._core.views.find(view_id)
        if view.user != user:
            raise SlackError("not_found")
        return view

    async def submit(self, submit: Submit) -> Json:
        """Deliver a view_submission and do what its ack says.

        Returns `acked`, `problem` and `errors` by block id, from the client's own check or from the app.
        """
        core, views = self._core, self._core.views
        view = self._own_view(submit.user, submit.view_id)
        view.state = interactions.fill(view.body["blocks"], submit.typed)
        missing = interactions.missing_inputs(view)
        if missing:
            return {"acked": False, "via": "none", "problem": "", "errors": missing}
        outcome = await self._delivery.interact(interactions.submission(core, submit.user, view, core.clock()))
        result = _sentence(outcome) | {"errors": {}}
        if not outcome.acked:
            return result
        action = outcome.answer.get("response_action")
        try:
            if action == "errors":
                known = {block["block_id"] for block in view.body["blocks"]}
                errors = outcome.answer.get("errors") or {}
                result["errors"] = errors
                if not errors or not known.issuperset(errors):
                    result["problem"] = "the app answered errors for inputs that the dialog does not have"
            elif action == "update":
                views.update(view, outcome.answer.get("view") or {})
            elif action == "push":
                views.push(submit.user, outcome.answer.get("view") or {})
            elif view in views.stacks[submit.user]:
                views.close(view, everything=action == "clear")
        except SlackError as error:
            result["problem"] = f"the app answered a view that Slack refuses: {' '.join(error.messages) or error.code}"
        return result

    async def dismiss(self, dismiss: Dismiss) -> Json:
        """Close a modal; the app hears of it if the view asked for that."""
        core = self._core
        view = self._own_view(dismiss.user, dismiss.view_id)
        everything = dismiss.everything or bool(view.body.get("clear_on_close"))
        closed = core.views.close(view, everything=everything)
        outcome = Outcome(acked=True, via="none")
        for shut in closed:
            if shut.body.get("notify_on_close"):
                payload = interactions.closing(core, dismiss.user, shut, core.clock(), cleared=everything)
                outcome = await self._delivery.interact(payload)
        return _sentence(outcome)

    def say(self, say: Say) -> Json:
        """Post as a person. Returns the message's `ts`."""
        core = self._core
        user = core.workspace.user(say.user)
        channel = core.workspace.channels.get(say.channel)
        if channel is None or (channel.is_im and channel.user != user.id):
            raise SlackError("channel_not_found")
        if channel.is_archived:
            raise SlackError("is_archived")
        if not say.text.strip():
            raise SlackError("no_text")
        message = Message(
            channel=channel.id,
            ts=core.workspace.next_ts(core.clock()),
            user=user.id,
            text=say.text[:MESSAGE_TEXT],
            thread_ts=say.thread_ts,
            from_bot=False,
        )
        core.workspace.post(channel, message)
        return {"ts": message.ts}

    async def open_home(self, opened: OpenHome) -> Json:
        """Tell the app that a person opened its Home or Messages tab."""
        event = interactions.home_opened(self._core, opened.user, self._core.clock(), opened.tab)
        return _sentence(await self._announcer.tell(event))
