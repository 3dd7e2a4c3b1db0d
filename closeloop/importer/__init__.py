"""``closeloop import``: a file of events to the gateway, in order, with every bad line named."""

from closeloop.importer.run import run_import

__all__ = ["run_import"]
