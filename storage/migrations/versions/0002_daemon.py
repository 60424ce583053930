"""What a daemon needs: its lease, the traces of articles that are gone, and what it reported."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("held_by", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("renewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )
    op.create_table(
        "tombstones",
        sa.Column("source_id", row_id, nullable=False),
        sa.Column("guid", sa.Text(), nullable=False),
        sa.Column("atom_id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("categories", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name="fk_tombstones_source_id"),
        sa.PrimaryKeyConstraint("source_id", "guid", name="pk_tombstones"),
    )
    op.create_index("ix_tombstones_atom_id", "tombstones", ["atom_id"], unique=False)
    op.create_table(
        "reports",
        sa.Column("id", row_id, nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("content_html", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reports"),
    )
    op.create_index("ix_articles_source_id_published", "articles", ["source_id", "published"], unique=False)
    op.create_index("ix_sources_next_fetch_at", "sources", ["next_fetch_at"], unique=False)
