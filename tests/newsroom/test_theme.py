"""The newsroom's colour reaches the page without inline style."""

from flask.testing import FlaskClient


def test_the_theme_is_a_stylesheet_that_may_be_kept(client: FlaskClient) -> None:
    answer = client.get("/theme.css")
    assert answer.status_code == 200
    assert "--accent:#" in answer.text
    assert "Set-Cookie" not in answer.headers


def test_an_unknown_page_is_a_page_of_ours(client: FlaskClient) -> None:
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "<html" in answer.text
