"""Documents as sources sent them, what articles said before they were revised, and what is told of their making."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for column in (
        sa.Column("document_id", row_id, nullable=True),
        sa.Column("decoded", sa.Text(), server_default="", nullable=False),
        sa.Column("date_note", sa.Text(), server_default="", nullable=False),
    ):
        op.add_column("articles", column)
    op.create_table(
        "revisions",
        sa.Column("article_id", row_id, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("summary_html", sa.Text(), nullable=False),
        sa.Column("content_html", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name="fk_revisions_article_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("article_id", "number", name="pk_revisions"),
    )
    op.create_table(
        "documents",
        sa.Column("id", row_id, nullable=False),
        sa.Column("source_id", row_id, nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name="fk_documents_source_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_documents"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_documents_source_id_id", "documents", ["source_id", "id"], unique=False)
