"""What published files that stand on no shelf were made of, so that they are made again only when that has moved."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "loose_files",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("made_of", sa.Text(), nullable=False),
        sa.Column("modified", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("path", name="pk_loose_files"),
    )
    if op.get_bind().dialect.name == "postgresql":  # as it is called in a new database
        op.execute("ALTER TABLE categories RENAME CONSTRAINT categories_source_id_fkey TO fk_categories_source_id")
