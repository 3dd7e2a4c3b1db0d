"""Speed, measured against peers that do the same job in the same run on the same real broker."""
