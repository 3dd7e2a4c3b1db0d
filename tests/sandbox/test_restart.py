"""What a data directory keeps over a stop and over a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from slack_sdk import WebClient

from closeloop.sandbox import Sandbox, Settings, in_thread
from closeloop.sandbox.command import read_seed
from tests.sandbox.blocks import card, metadata, section
from tests.sandbox.conftest import SEED

SERVE = """
import sys, pathlib
from closeloop.sandbox import run_sandbox
run_sandbox(port=0, data_dir=pathlib.Path(sys.argv[1]), pace=0, on_ready=lambda url: print(url, flush=True))
"""


def test_a_restart_keeps_what_was_said_and_who_is_there(tmp_path: Path) -> None:
    settings = Settings(pace=0, data_dir=tmp_path)
    with in_thread(Sandbox(settings, SEED)) as first:
        client = WebClient("xoxb-sandbox", base_url=first.api_url, retry_handlers=[])
        ts = client.chat_postMessage(channel="C0CARDS", text="a", blocks=card(), metadata=metadata())["ts"]
        client.chat_postMessage(channel="C0CARDS", text="reply", thread_ts=ts)
        client.chat_update(channel="C0CARDS", ts=ts, text="b", blocks=[section("new")])
        gone = client.chat_postMessage(channel="U0ANA", text="gone", metadata=metadata("o-2"))
        client.chat_delete(channel=gone["channel"], ts=gone["ts"])
        client.views_publish(user_id="U0ANA", view={"type": "home", "blocks": [section("home")]})
        before = first.state()
    with in_thread(Sandbox(settings)) as second:
        after = second.state()
        client = WebClient("xoxb-sandbox", base_url=second.api_url, retry_handlers=[])
        for part in ("messages", "users", "channels", "homes", "posts_by_metadata", "counts"):
            assert after[part] == before[part], part
        assert client.users_lookupByEmail(email="ana@shop.example")["user"]["id"] == "U0ANA"
        assert client.chat_postMessage(channel="#unhappy-customers", text="c")["channel"] == "C0CARDS"
        parent = client.conversations_replies(channel="C0CARDS", ts=ts)["messages"][0]
        assert (parent["reply_count"], parent["blocks"][0]["text"]["text"]) == (1, "new")


def test_a_kill_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    def start() -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen([sys.executable, "-c", SERVE, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        return process, process.stdout.readline().strip()

    process, url = start()
    try:
        client = WebClient("xoxb-sandbox", base_url=f"{url}/api/", retry_handlers=[])
        stamps = [client.chat_postMessage(channel="C0CARDS9", text=str(n))["ts"] for n in range(30)]
        client.chat_update(channel="C0CARDS9", ts=stamps[-1], text="last")
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=30)
    process, url = start()
    try:
        client = WebClient("xoxb-sandbox", base_url=f"{url}/api/", retry_handlers=[])
        messages = client.conversations_history(channel="C0CARDS9")["messages"]
        assert [message["ts"] for message in messages] == stamps[::-1]
        assert messages[0]["text"] == "last"
        with urllib.request.urlopen(f"{url}/healthz") as response:
            assert json.load(response) == {"ok": True}
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode == 0, "SIGTERM is a clean stop"


def test_seed_files(tmp_path: Path) -> None:
    path = tmp_path / "seed.json"
    path.write_text('{"users": [{"id": "U1", "name": "ana", "email": "a@x.example"}], "channels": []}')
    assert read_seed(path).users[0].email == "a@x.example"
    path.write_text('{"users": [{"id": "U1", "nome": "ana"}]}')
    with pytest.raises(ValueError, match=r"seed\.json.*users\["):
        read_seed(path)
