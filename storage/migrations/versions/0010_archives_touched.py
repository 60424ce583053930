"""How often an archive document was called for, so that what leaves it while it is written is not forgotten."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("archives", sa.Column("touched", sa.Integer(), server_default="0", nullable=False))
