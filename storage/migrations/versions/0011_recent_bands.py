"""The bands of the latest articles stand in a small table, until there are enough of them to be put in order."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "recent_bands",
        sa.Column("band", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("article_id", row_id, nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name="fk_recent_bands_article_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("band", "article_id", name="pk_recent_bands"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_recent_bands_article_id", "recent_bands", ["article_id"], unique=False)
