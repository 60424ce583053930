"""What a source that a list names is called, so that it stays that when others leave the list."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("listed", sa.Column("name", sa.Text(), server_default="", nullable=False))
