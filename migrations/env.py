"""Runs the migrations on the connection that `membership.migrating` hands over."""

from alembic import context
from sqlalchemy import Connection

from membership.accounts import models as accounts
from membership.articles import models as articles
from membership.db import Base
from membership.newsroom import models as newsroom
from membership.outbox import models as outbox
from membership.patrons import models as patrons
from membership.payments import models as payments
from membership.support import models as support
from membership.topics import models as topics

TABLES = (accounts, articles, newsroom, outbox, patrons, payments, support, topics)


def run(connection: Connection) -> None:
    """Migrates, each revision in a transaction of its own."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        transaction_per_migration=True,
        compare_type=True,
        render_as_batch=False,
    )
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
