"""``closeloop surveys links``: a survey link for each customer of a file, for whoever sends the mailing."""
