"""Ways to tell somebody when Slack does not take the message: e-mail and webhooks, and what is known to be broken."""
