"""Small forms of a page that is about something else: refused, they lead back to the page with the reasons on top."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from trajectories.templatetags.faults import faults


def refuse(request: HttpRequest, form: forms.BaseForm, view: str, key: int) -> HttpResponse:
    """Go back to the page of a thing, with every fault as a message and the focus on the first field at fault."""
    found = faults(form)
    for fault in found:
        messages.error(request, f"{fault.label}: {fault.text}" if fault.label else fault.text)
    target = next((fault.target for fault in found if fault.target), "")
    return HttpResponseRedirect(f"{reverse(view, args=[key])}{f'#{target}' if target else ''}")
