import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.views.defaults import server_error


def test_an_unknown_address_says_so_within_the_shell(client, curator):
    client.force_login(curator)
    response = client.get("/nothing/here/")
    assert response.status_code == 404
    assert "There is nothing at this address" in response.content.decode()
    assert 'aria-label="Main"' in response.content.decode()


def test_a_missing_permission_says_who_can_help(client, nobody, problem):
    client.force_login(nobody)
    response = client.get(reverse("problem_detail", args=[problem.pk]))
    assert response.status_code == 403
    assert "An administrator can add you to a role" in response.content.decode()


def test_a_form_from_an_old_page_is_refused_in_words(db):
    response = Client(enforce_csrf_checks=True).post(reverse("preferences"), {"theme": "dark"})
    assert response.status_code == 403
    assert "nothing was saved" in response.content.decode()


def test_a_part_of_an_old_page_is_refused_in_a_sentence_that_says_what_to_do(db):
    strict = Client(enforce_csrf_checks=True)
    response = strict.post(reverse("preferences"), {"theme": "dark"}, headers={"HX-Request": "true"})
    assert (response.status_code, response["Content-Type"]) == (403, "text/plain; charset=utf-8")
    assert response.content.decode().endswith("so nothing was saved. Reload it and try again.")


def test_a_server_error_shows_a_page_that_needs_nothing(rf):
    response = server_error(rf.get("/"))
    assert response.status_code == 500
    assert "The server could not answer" in response.content.decode()


@pytest.mark.parametrize("name", ["400.html", "403_csrf.html", "500.html", "503.html"])
def test_pages_without_the_shell_share_one_head(name):
    page = render_to_string(name)
    head = page[page.index("<head>") : page.index("</head>")]
    assert page.lstrip().startswith("<!doctype html>")
    assert head.count("<title>") == 1
    assert "components.css" in head
    assert 'name="color-scheme"' in head
    assert "<h1>" in page
    assert "<nav" not in page
