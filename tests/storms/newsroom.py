"""The newsroom as storms run it: as in production, but for mail to a sink, and for a disk that can be full.

Apps and workers make it anew in each of their processes: `tests.storms.newsroom:create_app`.
"""

import gc
import os
import resource
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from flask import Flask

from membership import factory
from membership.articles.views import Views
from membership.mail.transport import SmtpTransport
from membership.settings import from_environment, keep_files_private
from membership.web import logs

MOST_BYTES = "most-bytes"


def create_app() -> Flask:
    """Makes the application as `app.create_app` does; but unlike a demo's, its mail goes out by SMTP."""
    keep_files_private()
    logs.configure()
    settings = from_environment(os.environ)
    app = factory.create_app(settings, mail=SmtpTransport(settings.mail_url))
    views: Views = app.extensions["views"]
    views.keep_writing()
    gc.freeze()
    app.wsgi_app = BoundedDisk(app.wsgi_app, settings.instance / MOST_BYTES)  # type: ignore[method-assign]  # Flask's own way to add a layer
    return app


class BoundedDisk:
    """Lets no file of this process grow beyond the number that stands in `bound`; without that file, beyond nothing.

    What is written behind it fails with EFBIG, as it would fail with ENOSPC on a full disk. It needs no rights, and
    can be taken back.
    """

    def __init__(self, app: Callable[..., Iterable[bytes]], bound: Path) -> None:
        self._app, self._bound = app, bound
        self._hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        most = int(self._bound.read_text("ascii")) if self._bound.exists() else self._hard
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, self._hard))
        return self._app(environ, start_response)
