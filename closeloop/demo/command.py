"""``closeloop demo``: the whole loop on this machine, a simulated shop, five lines that say where to click."""

import tempfile
import threading
from pathlib import Path

from rich.console import Console

import closeloop
from closeloop.demo.drive import drive
from closeloop.demo.shop import CASES_TO_RECOVER, TROUBLE_STARTS
from closeloop.demo.world import TROUBLED
from closeloop.supervisor import StartError
from closeloop.up import Addresses, UpOptions, run_up


def run_demo(port: int, customers: int, seed: int) -> int:
    """Run until Ctrl-C. Everything lives in a temporary folder that is removed at the end. Returns the exit code."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    over = threading.Event()
    shop: list[threading.Thread] = []
    with tempfile.TemporaryDirectory(prefix="closeloop-demo-") as folder:
        options = UpOptions(
            port=port,
            data_dir=Path(folder),
            broker="embedded",
            clock="wall",
            config=_configuration(),
        )

        def ready(addresses: Addresses) -> None:
            where = addresses.sandbox or "your Slack workspace"
            troubled, start = TROUBLED, f"{TROUBLE_STARTS:.0f}"
            console.print(f"[bold]closeloop[/bold] is running with a shop of {customers:,} simulated customers")
            console.print(f"  console   {addresses.console}    live metrics, cases and the books")
            console.print(f"  Slack     {where}    a local stand-in: its buttons and dialogs work")
            console.print(f"  in {start} s deliveries in {troubled} go wrong; resolve {CASES_TO_RECOVER} to mend them")
            console.print("  Ctrl-C stops everything and leaves nothing behind")
            thread = threading.Thread(
                target=drive, args=(addresses.console, customers, seed, over, console.print), name="shop"
            )
            thread.start()
            shop.append(thread)

        console.print("starting: broker, database, sandbox, streams, consumers, gateway (about 10 s)")
        try:
            return run_up(options, console.print, ready, stopping=over.set)
        finally:
            for thread in shop:
                thread.join(5)


def _configuration() -> Path:
    """loop.yaml of the current folder, else the one beside the package (a checkout)."""
    here = Path("loop.yaml")
    if here.exists():
        return here
    beside = Path(closeloop.__file__).parents[1] / "loop.yaml"
    if beside.exists():
        return beside
    raise StartError("loop.yaml is not in this folder; run the demo in a checkout of closeloop")
