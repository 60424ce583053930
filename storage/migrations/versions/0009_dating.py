"""How far the dates of a source can be believed."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("sources", sa.Column("dating", sa.Text(), server_default="{}", nullable=False))
