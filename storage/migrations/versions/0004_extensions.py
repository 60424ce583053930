"""What articles say in the words of podcasts and of media; the next document of a source brings it to old ones, too."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("articles", sa.Column("extensions", sa.Text(), server_default="[]", nullable=False))
