"""Where the site of a source is, which the published list of sources tells."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("sources", sa.Column("site_url", sa.Text(), server_default="", nullable=False))
