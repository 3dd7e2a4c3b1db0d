"""Slack's signed HTTP mode: clicks and dialogs come in here, verified, remembered, and applied through the ledger."""
