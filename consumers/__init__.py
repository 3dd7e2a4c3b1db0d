"""The consumers room: alerts become cases, cases become Slack cards, and every transition goes back to the stream."""
