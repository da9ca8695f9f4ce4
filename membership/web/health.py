"""Health for machines: `/healthz` says that the process answers, `/readyz` that it can work."""

from datetime import datetime

import structlog
from flask import Blueprint, Response, current_app, jsonify, make_response
from sqlalchemy.exc import SQLAlchemyError

from membership.db import current_database
from membership.migrating import at_revision, newest_revision
from membership.web.current import now
from membership.web.network import is_operator

log = structlog.get_logger()

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/readyz")
def readyz() -> Response:
    """Answers 503 if the database is away or behind. Work that waits is told and is no reason to stop serving pages.

    Who asks from outside the operator's networks gets one word.
    """
    found = _look(at=now())
    status = 200 if found["ready"] else 503
    if is_operator():
        return make_response(jsonify(found), status)
    return Response("ready\n" if status == 200 else "not ready\n", status, mimetype="text/plain")


def _look(*, at: datetime) -> dict[str, object]:
    database, waits, told = current_database(), current_app.extensions["waits"], current_app.extensions["told"]
    try:
        revision = at_revision(database)
        if revision != newest_revision():
            return {"ready": False, "database": "answers", "migrations": f"at {revision}, not {newest_revision()}"}
        with database.session() as session:
            ages = {name: _age(oldest(session), at) for name, oldest in waits.items()}
            besides = {name: tell(session) for name, tell in told.items()}
    except SQLAlchemyError:
        log.exception("readyz.database_away")
        return {"ready": False, "database": "does not answer"}
    return {"ready": True, "database": "answers", "migrations": "at head", **ages, **besides}


def _age(since: datetime | None, at: datetime) -> float | None:
    """Returns for how many seconds something waits; `None` for nothing, 0 for what is not due yet."""
    return None if since is None else round(max(0.0, (at - since).total_seconds()), 3)
