"""The date of what is gone: an article of the same title and another date is not it."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("tombstones", sa.Column("said", sa.DateTime(timezone=True), nullable=True))
