"""What is needed to show a story once that several sources tell."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "bands",
        sa.Column("band", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("article_id", row_id, nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name="fk_bands_article_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("band", "article_id", name="pk_bands"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_bands_article_id", "bands", ["article_id"], unique=False)
    op.create_table(
        "covered",
        sa.Column("category_id", row_id, nullable=False),
        sa.Column("article_id", row_id, nullable=False),
        sa.Column("by_article_id", row_id, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["category_id"], ["categories.id"], name="fk_covered_category_id"),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name="fk_covered_article_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["by_article_id"], ["articles.id"], name="fk_covered_by_article_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("category_id", "article_id", name="pk_covered"),
    )
    for name in ("article_id", "by_article_id"):
        op.create_index(f"ix_covered_{name}", "covered", [name], unique=False)
