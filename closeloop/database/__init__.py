"""The database as daily work sees it: is it what the code needs, what is large in it, what may go."""
