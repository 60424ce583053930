"""A journal of each source's days; who subscribed to what we publish, whom we tell of it, and to what we subscribed."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "journal",
        sa.Column("source_id", row_id, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("fetched", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("new", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name="fk_journal_source_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("source_id", "day", name="pk_journal"),
    )
    op.create_index("ix_journal_day", "journal", ["day"], unique=False)
    op.create_table(
        "subscribers",
        sa.Column("id", row_id, nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("callback", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), server_default="", nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered", sa.Text(), server_default="", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_subscribers"),
        sa.UniqueConstraint("topic", "callback", name="uq_subscribers_topic_callback"),
    )
    op.create_index("ix_subscribers_next_attempt_at", "subscribers", ["next_attempt_at"], unique=False)
    op.create_table(
        "announcements",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("topic", name="pk_announcements"),
    )
    op.create_index("ix_announcements_next_attempt_at", "announcements", ["next_attempt_at"], unique=False)
    op.create_table(
        "subscriptions",
        sa.Column("source_id", row_id, nullable=False),
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_push_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name="fk_subscriptions_source_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("source_id", name="pk_subscriptions"),
        sa.UniqueConstraint("token", name="uq_subscriptions_token"),
    )
    op.create_index("ix_subscriptions_next_attempt_at", "subscriptions", ["next_attempt_at"], unique=False)
