"""Instructions: the list, one with the messages it makes, and writing one."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from trajectories.charts import INSTRUCTION_CHARTS
from trajectories.core.problems import ProblemError
from trajectories.core.problems.kinds import is_grids
from trajectories.core.prompts import PromptError, draw_variation, render_messages
from trajectories.core.prompts.leaks import find_leak
from trajectories.core.prompts.pictures import estimate_shown
from trajectories.core.prompts.shipped import TEMPLATES
from trajectories.core.prompts.variation import SYMMETRIES
from trajectories.core.records import InstructionRecord, ProblemKind
from trajectories.forms.instructions import KIND_TITLES, STYLE_TITLES, InstructionForm, PreviewForm, first_values
from trajectories.models import Instruction, Problem
from trajectories.selectors.blinding import Sight, sight_of
from trajectories.selectors.examples import choose_examples
from trajectories.selectors.insights.scopes import InsightScope
from trajectories.selectors.instructions import (
    find_preview_problem,
    list_instruction_rows,
    list_versions,
    to_record,
)
from trajectories.selectors.problems import to_public
from trajectories.services.prompts.instructions import (
    InstructionError,
    add_instruction,
    check_draft,
    ensure_symbolic_views,
    revise_instruction,
)
from trajectories.views.addresses import read_text
from trajectories.views.fragments import wants_fragment
from trajectories.views.permissions import needs
from trajectories.views.shown.figures import slots
from trajectories.views.submissions import once
from trajectories.views.visitors import visitor

view_instructions = needs("trajectories.view_instruction")
add_instructions = needs("trajectories.add_instruction")


@require_safe
@view_instructions
@vary_on_headers("HX-Request")
def instruction_list(request: HttpRequest) -> HttpResponse:
    """All instructions in their newest versions, filtered by the address."""
    ensure_symbolic_views()
    suits, kind = read_text(request, "suits"), read_text(request, "kind")
    query = read_text(request, "q").strip()[:200]
    sight = sight_of(request.user)
    context = {
        "rows": list_instruction_rows(sight, suits=suits, kind=kind, query=query),
        "own": sight.is_blind,
        "suits": suits,
        "kind": kind,
        "query": query,
        "samplers": Instruction.Suits.choices,
        "kinds": [(each.value, title) for each, title in KIND_TITLES.items()],
        "styles": STYLE_TITLES,
    }
    name = "_table" if wants_fragment(request) else "list"
    return render(request, f"trajectories/instructions/{name}.html", context)


@require_safe
@view_instructions
@vary_on_headers("HX-Request")
def instruction_detail(request: HttpRequest, instruction_id: int) -> HttpResponse:
    """One version: its template, all versions, and the messages it makes of a problem."""
    instruction = get_object_or_404(Instruction, pk=instruction_id)
    context: dict[str, Any] = {"instruction": instruction, "is_chat": instruction.suits == Instruction.Suits.CHAT}
    if context["is_chat"]:
        context |= preview(request.GET, to_record(instruction), instruction.problem_kind, sight_of(request.user))
    status = 422 if context.get("fault") else 200
    if wants_fragment(request):
        return render(request, "trajectories/instructions/_preview.html", context, status=status)
    context["figures"] = slots(INSTRUCTION_CHARTS, InsightScope(instruction=instruction.pk))
    context["versions"] = list(list_versions(instruction))
    context["template"] = instruction.template or TEMPLATES.get(instruction.style, "")
    context["style"] = STYLE_TITLES.get(instruction.style, instruction.style)
    context["kind"] = dict(InstructionForm.base_fields["problem_kind"].choices).get(instruction.problem_kind)  # type: ignore[attr-defined]
    return render(request, "trajectories/instructions/detail.html", context, status=status)


def preview(data: QueryDict, record: InstructionRecord, kind: str, sight: Sight) -> dict[str, Any]:
    """The context of a preview: the exact messages, or `fault`, the sentence that says why there are none."""
    form = PreviewForm(data)
    context: dict[str, Any] = {"preview_form": form}
    if not form.is_valid():
        name, errors = next(iter(form.errors.items()))
        return {**context, "fault": f"{form[name].label}: {errors[0]}"}
    name = form.cleaned_data["problem"].replace("\0", "").strip()
    problem = find_preview_problem(kind, name)
    if problem is None:
        what = f"{KIND_TITLES[ProblemKind(kind)]} problem" if kind else "problem"
        fault = f"Found no {what} named {name[:80]!r}." if name else ""
        return {**context, "fault": fault, "no_problem": not name}
    try:
        return {**context, **_messages(form, record, problem, sight)}
    except (PromptError, ProblemError) as fault:
        return {**context, "fault": str(fault)}


def _messages(form: PreviewForm, record: InstructionRecord, problem: Problem, sight: Sight) -> dict[str, Any]:
    wanted, seed = form.cleaned_data["examples"] or 0, form.cleaned_data["variation"]
    examples = choose_examples(problem, record, wanted, seed or 0, sight=sight)
    public = to_public(problem)
    varies = seed is not None and is_grids(problem.kind)
    variation = draw_variation(seed, len(public.spec["train"])) if varies else None
    rendered = render_messages(record, public, examples, variation)
    sizes = [estimate_shown(str(message["content"])) for message in rendered]
    leak = "" if variation is not None else find_leak(public, problem.reference, rendered)
    return {
        "problem": problem,
        "turns": [{**message, "tokens": size} for message, size in zip(rendered, sizes, strict=True)],
        "tokens": sum(sizes),
        "missing_examples": wanted - len(examples),
        "wanted_examples": wanted,
        "symmetry": SYMMETRIES[variation.symmetry] if variation else "",
        "leak": leak,
    }


@require_http_methods(["GET", "HEAD", "POST"])
@add_instructions
@once
def instruction_new(request: HttpRequest) -> HttpResponse:
    """Write a new instruction."""
    form = InstructionForm(request.POST) if request.method == "POST" else InstructionForm(initial=first_values(None))
    if form.is_bound and form.is_valid():
        try:
            instruction = add_instruction(actor=visitor(request), draft=form.draft)
            return redirect("instruction_detail", instruction.pk)
        except InstructionError as fault:
            form.add_fault(fault)
    return _form_page(request, form, None)


@require_http_methods(["GET", "HEAD", "POST"])
@add_instructions
@once
def instruction_edit(request: HttpRequest, instruction_id: int) -> HttpResponse:
    """Write the next version of an instruction."""
    instruction = get_object_or_404(Instruction, pk=instruction_id, suits=Instruction.Suits.CHAT)
    if request.method == "POST":
        form = InstructionForm(request.POST, instruction=instruction)
    else:
        form = InstructionForm(initial=first_values(instruction), instruction=instruction)
    if form.is_bound and form.is_valid():
        try:
            newest = revise_instruction(actor=visitor(request), instruction=instruction, draft=form.draft)
            said = f"This is version {newest.version}. Earlier runs keep theirs."
            messages.success(request, said if newest.pk != instruction.pk else "Nothing has changed.")
            return redirect("instruction_detail", newest.pk)
        except InstructionError as fault:
            form.add_fault(fault)
    return _form_page(request, form, instruction)


def _form_page(request: HttpRequest, form: InstructionForm, instruction: Instruction | None) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "instruction": instruction}
    if form.is_bound:
        context |= {"preview_form": PreviewForm()}
    else:
        record = InstructionRecord("", 1, "digits", "program", form.initial["template"])
        context |= preview(
            QueryDict(),
            record if instruction is None else to_record(instruction),
            ProblemKind.ARC.value if instruction is None else instruction.problem_kind,
            sight_of(request.user),
        )
    return render(request, "trajectories/instructions/form.html", context, status=422 if form.is_bound else 200)


@require_POST
@add_instructions
def instruction_preview(request: HttpRequest) -> HttpResponse:
    """The messages that an instruction would make which is still being written."""
    form = InstructionForm({**request.POST.dict(), "title": "preview", "name": "preview"})
    context: dict[str, Any] = {"preview_form": PreviewForm(request.POST), "unsaved": True}
    if form.is_valid():
        try:
            check_draft(form.draft)
            context |= preview(request.POST, form.draft.record, form.draft.problem_kind, sight_of(request.user))
        except InstructionError as fault:
            context["fault"] = str(fault)
    else:
        name, errors = next(iter(form.errors.items()))
        context["fault"] = f"{form[name].label}: {errors[0]}"
    status = 422 if context.get("fault") else 200
    return render(request, "trajectories/instructions/_preview.html", context, status=status)
