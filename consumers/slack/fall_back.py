"""Where a message goes when its destination takes nothing. Pure."""

from schemas.config import Loop


def next_destination(loop: Loop, receiver: str, destination: str) -> str | None:
    """The next link of the chain: destination, its receiver's channel, the default receiver's channel; then none."""
    names = (receiver, loop.route.receiver)
    channels = [loop.receivers[name].channel for name in names if name is not None and name in loop.receivers]
    if destination in channels:
        channels = channels[len(channels) - channels[::-1].index(destination) :]
    return channels[0] if channels else None
