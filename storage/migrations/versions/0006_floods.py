"""What is needed to know an article again under another guid, and to hold what comes in floods."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for column in (
        sa.Column("link_key", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("title_key", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
    ):
        op.add_column("articles", column)
    for name in ("link_key", "title_key"):
        is_set = sa.text(f"{name} <> 0")
        op.create_index(f"ix_articles_{name}", "articles", [name], sqlite_where=is_set, postgresql_where=is_set)
    is_held = sa.text("held_at IS NOT NULL")
    op.create_index(
        "ix_articles_held", "articles", ["source_id", "held_at"], sqlite_where=is_held, postgresql_where=is_held
    )
    op.create_table(
        "aliases",
        sa.Column("source_id", row_id, nullable=False),
        sa.Column("guid", sa.Text(), nullable=False),
        sa.Column("article_id", row_id, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name="fk_aliases_source_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name="fk_aliases_article_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("source_id", "guid", name="pk_aliases"),
    )
    op.create_index("ix_aliases_article_id", "aliases", ["article_id"], unique=False)
