"""The page cache answers as the application would, only sooner; and never with what is old or someone's own."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from gzip import decompress
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from membership.clock import SteppedClock
from membership.web.caching import for_everyone
from membership.web.kept_page import accepts_gzip
from membership.web.page_cache import PageCache, without_ignored

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

GZIP = {"Accept-Encoding": "gzip, br"}


class Site:
    """A site of a few pages that counts how often each is rendered."""

    def __init__(self) -> None:
        self.clock = SteppedClock(datetime(2026, 11, 22, 12, 0, tzinfo=UTC))
        self.version = 1
        self.rendered: list[str] = []
        self.fresh_until: datetime | None = None
        self.extra: dict[str, str] = {}
        self.body = "word " * 400
        self.is_away = self.names_people = False

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        request = Request(environ)
        self.rendered.append(request.full_path.rstrip("?"))
        response = Response(f"{self.body}{request.args.get('before', '')}", mimetype="text/html")
        response.headers.update(self.extra)
        if request.path == "/mine":
            response.headers["Cache-Control"] = "no-store"
        elif request.path == "/gone":
            response.status_code = 404
            response.headers["Cache-Control"] = "public, max-age=60"
        else:
            response.headers["Cache-Control"] = for_everyone(
                self.fresh_until, may_be_stale=not self.names_people, now=self.clock.now()
            )
        if self.fresh_until:
            response.headers["X-Fresh-Until"] = self.fresh_until.isoformat()
        return response(environ, start_response)

    def watch(self) -> int:
        if self.is_away:
            raise ConnectionError("the database is away")
        return self.version

    def client(self, **options: Any) -> Client:
        return Client(PageCache(self, version=self.watch, now=self.clock.now, **options), use_cookies=False)


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def client(site: Site) -> Client:
    return site.client()


def test_a_public_page_is_rendered_once(site: Site, client: Client) -> None:
    answers = [client.get("/a") for _ in range(3)]
    assert site.rendered == ["/a"]
    assert len({(each.status, each.text, str(each.headers)) for each in answers}) == 1


def test_another_version_of_the_site_is_rendered_anew(site: Site, client: Client) -> None:
    client.get("/a")
    site.version, site.body = 2, "other"
    assert client.get("/a").text == "other"


def test_a_page_rendered_while_the_site_changed_is_not_kept_as_new(site: Site) -> None:
    def changing(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        answer = list(site(environ, start_response))
        site.version, site.body = 2, "new"
        return answer

    client = Client(PageCache(changing, version=site.watch, now=site.clock.now))
    assert client.get("/a").text != "new"
    assert client.get("/a").text == "new"


def test_a_page_is_dropped_when_the_clock_changes_it(site: Site, client: Client) -> None:
    site.fresh_until = site.clock.now() + timedelta(seconds=90)
    controls = []
    for _ in range(3):
        answer = client.get("/a")
        assert "X-Fresh-Until" not in answer.headers
        controls.append(answer.headers["Cache-Control"])
        site.clock.advance(timedelta(seconds=40))
    assert controls == [
        "public, max-age=0, s-maxage=60, stale-while-revalidate=600",
        "public, max-age=0, s-maxage=50",
        "public, max-age=0, s-maxage=10",
    ]
    assert site.rendered == ["/a"]
    client.get("/a")
    assert site.rendered == ["/a", "/a"]


def test_a_page_that_names_people_is_shown_by_nobody_after_its_minute(site: Site, client: Client) -> None:
    site.names_people = True
    assert client.get("/a").headers["Cache-Control"] == "public, max-age=0, s-maxage=60"
    site.fresh_until, site.version = site.clock.now() + timedelta(seconds=90), site.version + 1
    for _ in range(2):  # rendered, then kept
        assert client.get("/a").headers["Cache-Control"] == "public, max-age=0, s-maxage=60"


@pytest.mark.parametrize("path", ["/mine", "/gone"])
def test_only_public_pages_that_exist_are_kept(site: Site, client: Client, path: str) -> None:
    site.fresh_until = site.clock.now() + timedelta(seconds=90)
    for _ in range(2):
        answer = client.get(path, headers=GZIP)
        assert "ETag" not in answer.headers
        assert "Content-Encoding" not in answer.headers
        assert "X-Fresh-Until" not in answer.headers
    assert site.rendered == [path, path]


@pytest.mark.parametrize("extra", [{"Set-Cookie": "a=b"}, {"Vary": "Cookie"}])
def test_a_page_that_is_personal_by_mistake_is_neither_kept_nor_disguised(
    site: Site, client: Client, extra: dict[str, str]
) -> None:
    site.extra = extra
    for _ in range(2):
        answer = client.get("/a")
        assert extra.items() <= dict(answer.headers).items()
    assert len(site.rendered) == 2


def test_a_page_rendered_for_someone_signed_in_is_not_kept_for_others(site: Site, client: Client) -> None:
    cookie = {"Cookie": "session=abc"}
    client.get("/a", headers=cookie)
    client.get("/a")
    client.get("/a", headers=cookie)
    assert site.rendered == ["/a", "/a"]


def test_a_picture_is_passed_on_and_not_kept(site: Site, client: Client) -> None:
    site.extra = {"Content-Type": "image/png", "ETag": '"abc"'}
    assert "Content-Encoding" not in client.get("/p", headers=GZIP).headers
    answer = client.get("/p", headers={"If-None-Match": '"abc"'})
    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", '"abc"')
    assert len(site.rendered) == 2


@pytest.mark.parametrize("stores", [True, False])
def test_compressed_pages_are_the_same_pages(site: Site, stores: bool) -> None:
    client = site.client(stores=stores)
    plain, small = client.get("/a"), client.get("/a", headers=GZIP)
    assert small.headers["Content-Encoding"] == "gzip"
    assert decompress(small.data) == plain.data
    assert int(small.headers["Content-Length"]) == len(small.data) < len(plain.data)
    assert plain.headers["Vary"] == small.headers["Vary"] == "Accept-Encoding"
    assert plain.headers["ETag"] == small.headers["ETag"]


def test_short_pages_are_not_compressed(site: Site, client: Client) -> None:
    site.body = "short"
    assert "Content-Encoding" not in client.get("/a", headers=GZIP).headers


@pytest.mark.parametrize(
    ("accepted", "gzip"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000, *", False),
        ("br", False),
        ("x-gzip", False),
        ("identity;q=1, *;q=0", False),
        ("", False),
    ],
)
def test_what_a_browser_accepts_is_respected(accepted: str, gzip: bool) -> None:
    assert accepts_gzip(accepted) is gzip


@pytest.mark.parametrize("stores", [True, False])
def test_a_browser_that_has_the_page_is_told_so(site: Site, stores: bool) -> None:
    client = site.client(stores=stores)
    whole = client.get("/a")
    etag = whole.headers["ETag"]
    for tags in (etag, etag.removeprefix("W/"), f'"x", {etag}', "*"):
        answer = client.get("/a", headers={"If-None-Match": tags, **GZIP})
        assert (answer.status_code, answer.data) == (304, b"")
        for name in ("ETag", "Cache-Control", "Vary"):
            assert answer.headers[name] == whole.headers[name]
        assert not {"Content-Type", "Content-Length", "Content-Encoding"} & set(answer.headers.keys())
    assert client.get("/a", headers={"If-None-Match": '"x"'}).status_code == 200


def test_a_date_is_looked_at_only_without_a_tag(site: Site, client: Client) -> None:
    site.extra = {"Last-Modified": "Sun, 22 Nov 2026 10:00:00 GMT"}
    for since, status in (("Sun, 22 Nov 2026 10:00:00 GMT", 304), ("Sun, 22 Nov 2026 09:59:59 GMT", 200), ("x", 200)):
        assert client.get("/a", headers={"If-Modified-Since": since}).status_code == status
    both = {"If-Modified-Since": "Sun, 22 Nov 2026 10:00:00 GMT", "If-None-Match": '"x"'}
    assert client.get("/a", headers=both).status_code == 200


def test_head_has_the_headers_of_get_and_no_body(site: Site, client: Client) -> None:
    for path in ("/a", "/a", "/mine"):
        head, get = client.head(path), client.get(path)
        assert (head.status, head.data, str(head.headers)) == (get.status, b"", str(get.headers))
    assert site.rendered.count("/a") == 1


def test_what_newsletters_hang_on_links_changes_nothing(site: Site, client: Client) -> None:
    client.get("/a?utm_source=letter&before=x&utm_medium=mail&fbclid=1")
    client.get("/a?before=x")
    assert site.rendered == ["/a?before=x"]


def test_an_unknown_query_is_rendered_anew(site: Site, client: Client) -> None:
    for _ in range(2):
        assert "ETag" in client.get("/a?amount=5").headers
    assert site.rendered == ["/a?amount=5", "/a?amount=5"]


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("before=a", "before=a"),
        ("utm_source=a", ""),
        ("gclid=1&before=%20b&v=", "before=%20b&v="),
        ("amount=5", None),
        ("utm_source=a&amount=5", None),
        ("%62efore=a&utm_x=1", ""),
    ],
)
def test_a_query_is_reduced_to_what_pages_read(query: str, kept: str | None) -> None:
    assert without_ignored(query) == kept


def test_other_hosts_and_methods_find_nothing(site: Site, client: Client) -> None:
    client.get("/a")
    client.get("/a", base_url="http://elsewhere.example")
    client.post("/a")
    assert len(site.rendered) == 3


def test_the_room_is_bounded_and_the_longest_unread_go_first(site: Site) -> None:
    client = site.client(largest_total_bytes=60_000)
    for number in range(30):
        client.get(f"/{number}")
        client.get("/0")
    assert site.rendered.count("/0") == 1
    assert len(site.rendered) == 30
    client.get("/1")
    assert len(site.rendered) == 31


def test_a_page_larger_than_a_megabyte_is_not_kept_but_compressed(site: Site, client: Client) -> None:
    site.body = "word " * 210_000
    for _ in range(2):
        assert client.get("/a", headers=GZIP).headers["Content-Encoding"] == "gzip"
    assert len(site.rendered) == 2


def test_kept_pages_are_read_on_while_the_database_is_away(site: Site, client: Client) -> None:
    client.get("/a")
    site.is_away = True
    assert client.get("/a").status_code == 200
    client.get("/b")
    client.get("/b")
    assert site.rendered == ["/a", "/b", "/b"]


def test_many_threads_get_the_same_page(site: Site) -> None:
    cache = PageCache(site, version=site.watch, now=site.clock.now, largest_total_bytes=30_000)

    def read(number: int) -> tuple[str, bytes]:
        site.version += number % 50 == 0
        answer = Client(cache).get(f"/{number % 9}", headers=GZIP if number % 2 else {})
        return answer.status, decompress(answer.data) if number % 2 else answer.data

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(read, range(400))) == {("200 OK", site.body.encode())}
