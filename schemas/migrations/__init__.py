"""Alembic's migrations of schemas.tables. They run through schemas.migrate; there is no alembic.ini."""
