"""Archive documents, which hold what has left a shelf's newest; and a shelf for each source."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    # Not by copying the table, as SQLite wants it for constraints: others refer to it.
    own_shelf = sa.ForeignKey("sources.id", name="fk_categories_source_id")
    op.add_column("categories", sa.Column("source_id", row_id, own_shelf, nullable=True), inline_references=True)
    op.create_index("ix_categories_source_id", "categories", ["source_id"], unique=True)
    op.add_column("shelves", sa.Column("archive", sa.Integer(), nullable=True))
    unarchived = sa.text("archive IS NULL")
    op.create_index(
        "ix_shelves_unarchived",
        "shelves",
        ["category_id", "published", sa.text("article_id DESC")],
        unique=False,
        sqlite_where=unarchived,
        postgresql_where=unarchived,
    )
    op.create_index("ix_shelves_archive", "shelves", ["category_id", "archive"], unique=False)
    op.create_table(
        "archives",
        sa.Column("category_id", row_id, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("is_written", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["category_id"], ["categories.id"], name="fk_archives_category_id"),
        sa.PrimaryKeyConstraint("category_id", "number", name="pk_archives"),
    )
    op.create_index(
        "ix_archives_unwritten",
        "archives",
        ["category_id", "number"],
        unique=False,
        sqlite_where=sa.text("is_written = 0"),
        postgresql_where=sa.text("NOT is_written"),
    )
    withdrawn = sa.text("reason = 'withdrawn'")
    op.create_index(
        "ix_tombstones_withdrawn",
        "tombstones",
        ["deleted_at"],
        unique=False,
        sqlite_where=withdrawn,
        postgresql_where=withdrawn,
    )
    # Every source is shelved anew when the config is read next: its own shelf is filled then.
    op.execute("UPDATE sources SET shelving_digest = '' WHERE shelving_digest IS NOT NULL")
