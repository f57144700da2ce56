"""Secrets on the page that their form leads to.

A form that makes a secret answers with a redirect, so that loading the page again sends nothing again. On its way to
that page the secret is in a cookie for it, which the page takes away: it is kept nowhere here, and in no address. It
follows from the form (`seed_of`), so that a form that is sent twice leads to the same secret.
"""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

COOKIE = "shown_once"
WAY_SECONDS = 60


def lead_to_secret(request: HttpRequest, response: HttpResponse, secret: str) -> HttpResponse:
    """Give a redirect the secret that its page shows; any other answer stays as it is."""
    if isinstance(response, HttpResponseRedirect):
        response.set_cookie(
            COOKIE,
            secret,
            max_age=WAY_SECONDS,
            path=response.url,
            secure=request.is_secure(),
            httponly=True,
            samesite="Strict",
        )
    return response


def secret_on_its_way(request: HttpRequest) -> str:
    """The secret that a form led here with, "" for none. Whoever shows it looks first whether it is one."""
    return request.COOKIES.get(COOKIE, "")


def take_away(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Have the browser forget the secret that this page has shown."""
    if COOKIE in request.COOKIES:
        response.delete_cookie(COOKIE, path=request.path, samesite="Strict")
    return response
