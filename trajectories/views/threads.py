"""Threads on a trace: beginning one, answering, resolving; and where one is called."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from trajectories.core.faults import Fault
from trajectories.forms.threads import RemarkForm, ThreadForm
from trajectories.models import QueueItem, Thread
from trajectories.selectors.blinding import ADD_REVIEWS, sight_of, sight_on_screen
from trajectories.selectors.queues import may_know_others, may_work
from trajectories.selectors.threads import MENTIONS_SHOWN, threads_of, unread_mentions
from trajectories.services.curation.threads import add_to_thread, open_thread, read_mention
from trajectories.views.fragments import wants_fragment
from trajectories.views.paging import read_key
from trajectories.views.permissions import Refused, needs
from trajectories.views.traces import cut_of, find_trace
from trajectories.views.visitors import visitor

add_threads = needs("trajectories.add_thread", "trajectories.view_trace")
see_threads = needs("trajectories.view_trace")


@require_POST
@add_threads
def thread_new(request: HttpRequest, trace_id: int) -> HttpResponse:
    """Begin a thread on a trace."""
    trace, form = find_trace(trace_id, cut_of(request)), ThreadForm(request.POST)
    if form.is_valid():
        try:
            open_thread(
                author=visitor(request),
                trace=trace,
                about=form.about(),
                body=form.cleaned_data["body"],
                key=form.cleaned_data["key"],
            )
        except Fault as fault:
            form.add_fault(fault)
        else:
            return _show(request, trace_id, None)
    return _show(request, trace_id, form)


@require_POST
@add_threads
def thread_add(request: HttpRequest, thread_id: int) -> HttpResponse:
    """Say something in a thread, resolve it (`kind=resolve`) or open it again (`kind=reopen`)."""
    thread = get_object_or_404(Thread, pk=thread_id)
    if not _told(request, thread.trace_id) and thread.author_id != visitor(request).pk:
        raise Refused("What others say of this trace shows up once your own decision on it is in.")
    form = RemarkForm(request.POST)
    if form.is_valid():
        try:
            add_to_thread(
                author=visitor(request),
                thread=thread,
                kind=request.POST.get("kind", "comment"),
                body=form.cleaned_data["body"],
                key=form.cleaned_data["key"],
            )
        except Fault as fault:
            form.add_fault(fault)
        else:
            return _show(request, thread.trace_id, None)
    return _show(request, thread.trace_id, form, thread_id)


@require_safe
@see_threads
def mention_list(request: HttpRequest) -> HttpResponse:
    """Where the visitor is called and has not read it."""
    mentions = list(unread_mentions(visitor(request), sight_of(request.user))[:MENTIONS_SHOWN])
    return render(request, "trajectories/threads/mentions.html", {"mentions": mentions, "most": MENTIONS_SHOWN})


@require_POST
@see_threads
def mention_read(request: HttpRequest, mention_id: int) -> HttpResponse:
    """Say that a mention was read."""
    read_mention(person=visitor(request), mention_id=mention_id)
    return redirect("mention_list")


def _told(request: HttpRequest, trace_id: int) -> bool:
    """Whether the visitor may know what others say of a trace, as on the page that asks: its own, or an item's."""
    if (item := _item(request, trace_id)) is not None:
        return may_know_others(item, visitor(request))
    return sight_on_screen(request.user, asked=request.GET.get("reviews") == "all").covers(trace_id)


def _item(request: HttpRequest, trace_id: int) -> QueueItem | None:
    """The item of a queue on whose screen the threads stand, named by the address; None on the trace's own page."""
    number = read_key(request, "item")
    if number is None or not request.user.has_perm(ADD_REVIEWS):
        return None
    item = QueueItem.objects.select_related("queue").filter(pk=number, trace=trace_id).first()
    return item if item is not None and may_work(item.queue, visitor(request)) else None


def _page(request: HttpRequest, trace_id: int) -> str:
    """The page that the threads stand on."""
    item = _item(request, trace_id)
    if item is None:
        return reverse("trace_detail", args=[trace_id])
    return reverse("queue_item", args=[item.queue_id, item.pk])


def _show(request: HttpRequest, trace_id: int, form: RemarkForm | None, at: int | None = None) -> HttpResponse:
    """The threads of a trace, with a form that was refused (422); without htmx, the trace's page."""
    if not wants_fragment(request):
        for fault in () if form is None else (text for texts in form.errors.values() for text in texts):
            messages.error(request, str(fault))
        return redirect(_page(request, trace_id) + "#threads")
    trace, told = find_trace(trace_id, cut_of(request)), _told(request, trace_id)
    context = {
        "trace": trace,
        "told": told,
        "threads": threads_of(trace, reader_id=visitor(request).pk, told=told),
        "thread_form": form if isinstance(form, ThreadForm) else ThreadForm(),
        "refused": form,
        "refused_at": at,
        "item": _item(request, trace_id),
    }
    status = 422 if form is not None else 200
    return render(request, "trajectories/threads/_panel.html", context, status=status)
