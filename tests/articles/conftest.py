"""A folder of articles, and where pictures go."""

from pathlib import Path

import pytest

from membership.settings import Settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "newsroom" / "articles"
    path.mkdir(parents=True)
    return path


@pytest.fixture
def media(settings: Settings) -> Path:
    return settings.instance / "media"
