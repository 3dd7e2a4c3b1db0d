"""A Slack that runs on this machine: the Web API, Socket Mode, signed interactions, faults on order, and a page.

It stands in for Slack in the demo and in the tests; the real slack-sdk talks to it. It knows nothing of the loop.
"""

from closeloop.sandbox.command import read_seed, run_sandbox
from closeloop.sandbox.deeds import Click, Dismiss, OpenHome, Say, Submit
from closeloop.sandbox.faults import Fault, FaultKind
from closeloop.sandbox.model import SCOPES, Channel, Seed, Settings, User
from closeloop.sandbox.server import Sandbox
from closeloop.sandbox.steering import OrderError, Steering
from closeloop.sandbox.threaded import ThreadedSandbox, in_thread

__all__ = [
    "SCOPES",
    "Channel",
    "Click",
    "Dismiss",
    "Fault",
    "FaultKind",
    "OpenHome",
    "OrderError",
    "Sandbox",
    "Say",
    "Seed",
    "Settings",
    "Steering",
    "Submit",
    "ThreadedSandbox",
    "User",
    "in_thread",
    "read_seed",
    "run_sandbox",
]
