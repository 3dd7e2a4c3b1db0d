"""What people read in Slack: a Fluent catalogue for each language, its reader, and text that is safe to show."""
