"""What one partition keeps: events counted into panes on the source side, panes set into metrics on the merge side."""
