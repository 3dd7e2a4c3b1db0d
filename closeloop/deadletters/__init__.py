"""Dead letters as daily work sees them: which there are, what one holds, and sending them again once it is mended."""
