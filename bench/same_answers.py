"""The proof that a fast answer is the right one: kept pages equal pages rendered anew, whoever asks."""

import http.client
from hashlib import sha256

from bench.newsroom import Newsroom
from bench.processes import Failed, Server

# They name the answer, not the page.
_OF_ONE_ANSWER = frozenset(("date", "x-request-id"))

Answer = tuple[int, frozenset[tuple[str, str]], str]


def compare(cached: Server, anew: Server, newsroom: Newsroom) -> int:
    """Asks both for every article, each twice with and twice without the cookie.

    Returns how many answers were compared. Raises `Failed` unless status, headers and hash of the body are equal.
    """
    asked = [(f"/articles/{slug}", headers) for slug in newsroom.slugs for headers in ({}, {"Cookie": newsroom.cookie})]
    expected = _ask(anew, asked)
    for answers in (_ask(cached, asked), _ask(cached, asked)):
        for (path, headers), answer, other in zip(asked, answers, expected, strict=True):
            if answer != other or answer[0] != 200:
                who = "with" if headers else "without"
                raise Failed(f"{path} {who} a cookie: {answer} from the cache, {other} rendered anew")
    without_cookie, with_cookie = expected[::2], expected[1::2]
    if without_cookie != with_cookie or len({body for _, _, body in expected}) != len(newsroom.slugs):
        raise Failed("Articles are not the same for everyone, or not different from each other.")
    return 3 * len(asked)


def _ask(server: Server, asked: list[tuple[str, dict[str, str]]]) -> list[Answer]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        return [_one(connection, path, headers) for path, headers in asked]
    finally:
        connection.close()


def _one(connection: http.client.HTTPConnection, path: str, headers: dict[str, str]) -> Answer:
    # One Host for both, as behind a proxy: it may stand in a page.
    connection.request("GET", path, headers={"Host": "localhost", **headers})
    answer = connection.getresponse()
    kept = {(name.lower(), value) for name, value in answer.getheaders() if name.lower() not in _OF_ONE_ANSWER}
    return answer.status, frozenset(kept), sha256(answer.read()).hexdigest()
