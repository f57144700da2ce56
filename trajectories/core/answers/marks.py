"""Where a text marks its answer: tags, boxes, labels in many languages, headings; and how it is cut into sentences."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

MAX_ANSWER = 10_000
"""Characters of an answer that are looked at; a longer one is no final answer."""

_BOX_OR_BRACE = re.compile(
    r"(?=[\\{}bfc\x08])(?:(?P<box>(?:\\{1,3}|(?<![A-Za-z\\]))(?:boxed|bbox|fbox|framebox|colorbox\{\w+\})\s*\{|\x08oxed\s*\{)|"
    r"(?P<bare>\\boxed\s+(?P<said>-?\$?(?:\d[\d,]*(?:\.\d+)?(?:/\d+)?|[A-Z])(?![\w{^/])))|\\.|[{}])",
    re.DOTALL,
)
"""A box, also where its backslash was doubled or lost on the way (JSON makes a backspace of \\b)."""
_NOUNS = (
    "answer|ans(?=\\s?[.:=])|antwort|r[ée]ponse|respuesta|risposta|resposta|antwoord|odpowied[źz]|odpověď|"
    "svar(?:et)?|vastaus|cevap|yanıt|ответ|"
    "відповідь|απάντηση|الجواب|الإجابة|תשובה|उत्तर|đáp án|jawaban|"
    "răspuns(?:ul)?|válasz|คำตอบ|정답|답변?|答え|答案|解答|回答|正解|答"
)
_RESULTS = (
    "result|solution|conclusion|endergebnis|ergebnis|lösung|r[ée]sultat|resultado|soluci[óo]n|risultato|"
    "soluzione|результат|结果|結果"
)
_CHOICES = (
    r"(?:(?:correct|right|best|final|chosen|my)\s+(?:choice|option|letter|alternative|statement))|"
    r"choice(?=[\"'\s]*[*_`]*\s*[:=：])|richtig(?:e option|e wahl)?|选择|正确选项"
)
_COPULA = (
    r"\s+(?:(?:must|should|would|will|has to|can only|might|may)\s+be|(?:comes?|turns?|"
    r"works?)\s+(?:out\s+)?(?:to(?:\s+be)?|at)|is|are|was|were|equals?|"
    r"becomes|ist|sind|lautet|beträgt|wäre|est|sont|es|son|sería|è|é|e'|sono|são|är|er|jest|равен|"
    r"равна|равно|составляет|это|olur|adalah|là|este|on|είναι|هي|هو)"
    r"(?![^\W\d_])(?:\s*[:：])?|(?:应该是|應該是|应选|选|選|就是|等于|是|为|為|は|：|는|은|คือ)"
)
_SEPARATOR = (
    rf"(?P<colon>\s*[*_`]*\s*[:：]|\s*】[:：]?|\s*(?:=>|->|[=→⇒➜]|≈|\s[-–—](?=\s))|\.{{2,}})|(?P<copula>{_COPULA})"
)
_LETTERS = "abcefjlmorsvyđαворתاउค回正答結结解选답정"
"""What nouns, results and choices begin with: where no word begins with one of these, nothing else is tried."""
_LABEL = re.compile(
    rf"(?=[{_LETTERS}])(?<![A-Za-zÀ-ɏЀ-ӿ])"
    rf"(?:(?P<noun>{_NOUNS})|(?P<result>{_RESULTS})|(?P<choice>{_CHOICES}))"
    rf"(?P<between>(?![A-Za-zÀ-ɏ]{{3}})[^\n.:：;!?。=→|]{{0,60}}?)(?:{_SEPARATOR})",
    re.IGNORECASE,
)
_LONE_LABEL = re.compile(
    rf"^[ \t>]*(?:#{{1,6}}\s*)?(?:\d+\.\s*)?[*_`]*(?:(?:the|my|final|correct|short|la|die|el|最终|最終|最后|"
    rf"final[ea]?|endgültige)\s*)*"
    rf"(?:{_NOUNS}|{_RESULTS})(?:\s+(?:final|finale|definitiva))?\s*[:：]?[*_`]*[:：]?[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_TURNED = re.compile(
    r"^[ \t>*_`-]*(?:(?:so|thus|hence|therefore|then)\b,?\s*)?(?P<said>[^\n.!?;:]{1,80}?|"
    r"[^\n;:]{1,40}?)[*_`]*\s+(?:is|are|ist|est|es|è)\s+(?:therefore\s+)?(?:the|my|our|die|la)\s+"
    r"(?:(?:final|correct|right|best|richtige|bonne)\s+)?(?:answer|choice|option|result|antwort|réponse|respuesta|risposta)\b(?!\s+(?:to|that|which|is|if|of))",
    re.IGNORECASE | re.MULTILINE,
)
_GSM = re.compile(r"####[ \t]*(?=\S)")
_NO_LABEL_BEFORE = re.compile(
    r"(?:\b(?:this|that|these|those|any|an|no|each|every|other|another|wrong|incorrect|such|which|what|whose|possible|previous|earlier|first|second|"
    r"initial|your|expected|diese[rs]?|cette|esta|questa)\s+(?:final\s+|numerical\s+)?[*_`\"]*)$", re.IGNORECASE
)  # fmt: skip
_NO_LABEL_BETWEEN = re.compile(
    r"\s*(?:choices|options|key|format|sheet|keys|formats|s\s+(?:choices|options)|ed|ing|able)\b|.*\b(?:that|which|if|when|whether)\b",
    re.IGNORECASE,
)
_DENIED_COPULA = re.compile(r"(?:不|并非|並非|没|沒)\w{0,3}$")
_JSON_VALUE = re.compile(
    r"\s*(?:\"(?P<text>(?:[^\"\\\n]|\\.){1,500})\"|(?P<bare>-?\d[\d.eE+-]*|true|false))\s*(?=[,}\n])"
)
"""A text or a plain value, with what follows it in an object."""
_SENTENCE_END = re.compile(r"(?:[.?]|!(?!\s*[=+*/×·≈^-]))(?=[\s*_\"')\]]*(?:\s|\Z))|[。！？]|\n")
_ABBREVIATIONS = frozenset(
    [
        "approx",
        "ca",
        "circa",
        "e.g",
        "i.e",
        "dr",
        "mr",
        "mrs",
        "ms",
        "st",
        "no",
        "nr",
        "vs",
        "etc",
        "fig",
        "eq",
        "bzw",
        "z.b",
        "d.h",
        "p.ej",
        "usw",
        "ca",
        "cf",
        "vgl",
        "resp",
    ]
)

RETRACTION = re.compile(
    r"\b(?:no,? wait|wait\b|actually,|correction\b|scratch that|hold on|i made (?:a|an) (?:\w+ )?(?:mistake|"
    r"error)|let me (?:redo|recheck|re-check|reconsider|recalculate|"
    r"recompute|start over|try again|correct)|that(?:'s| is| was) (?:wrong|incorrect|not right)|"
    r"on second thought|i (?:was|am) wrong|oops|my mistake|"
    r"moment mal|falsch|attends|espera)", re.IGNORECASE
)  # fmt: skip
REFUSAL = re.compile(
    r"\b(?:i (?:do not|don't|cannot|can't|could not|couldn't|am unable to|am not able to|am not sure|have no)|"
    r"(?:cannot|can't|could not) be (?:determined|solved|answered|found)|"
    r"no (?:idea|answer)|not (?:enough|sufficient) information|unable to|impossible to (?:say|tell|determine)|"
    r"ich weiß (?:es )?nicht|je ne sais pas|no (?:lo )?sé|"
    r"non (?:lo )?so)\b|不知道|无法|無法|わかりません|分かりません|모르겠", re.IGNORECASE
)  # fmt: skip


_TAG, _WEAK_TAG = (
    re.compile(rf"<(/?)({names})>|\[(/?)(?-i:ANSWER)\]", re.IGNORECASE)
    for names in ("answer|final[_-]?answer|finalanswer", "output|result|solution|response|final")
)
"""Tags that may hold much more than an answer: they count where an answer is all that is in them."""
MAX_OPEN = 200
"""Characters. A text that opens a tag and ends within so many, without closing it, was cut off inside of it."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place where an answer may begin: what stands between `start` and `end` is said to be it.

    `strong` marks (a colon, a sign, a box) say so even where nothing readable follows.
    """

    rule: Literal["tag", "boxed", "label"]
    start: int
    end: int
    strong: bool = True


class CutOff(ValueError):  # noqa: N818
    """The text ends inside of what it marks as its answer."""


def find_tag(text: str) -> Mark | None:
    """The last <answer>...</answer>, else the last <output>...</output> or the like, which is not strong. Raises CutOff
    where another begins after it and never ends."""
    for pattern, strong in ((_TAG, True), (_WEAK_TAG, False)):
        marks = [
            found for found in pattern.finditer(text)
            if (strong or found[2]) and text[found.start() - 1 : found.start()] != "`"
        ]  # fmt: skip
        if marks and not _closes(marks[-1]):
            if strong or len(text) - marks[-1].end() <= MAX_OPEN:
                raise CutOff
            continue
        closing = marks[-1] if marks else None
        opening = next((mark for mark in reversed(marks) if not _closes(mark)), None)
        if closing is not None and opening is not None:
            return Mark("tag", opening.end(), closing.start(), strong=strong)
    return None


def _closes(tag: re.Match[str]) -> bool:
    return bool(tag[1] or tag[3])


def find_boxes(text: str) -> list[Mark]:
    r"""Every \boxed{...} that is in no other, in order. Raises CutOff where the last is not closed."""
    boxes: list[Mark] = []
    open_braces: list[int | None] = []
    depth, last, closed = 0, -1, -1
    for found in _BOX_OR_BRACE.finditer(text):
        if found["box"]:
            open_braces.append(found.end())
            depth, last = depth + 1, found.end()
        elif found["bare"]:
            boxes.append(Mark("boxed", found.start("said"), found.end("said")))
        elif found[0] == "{":
            open_braces.append(None)
        elif found[0] == "}" and open_braces:
            start = open_braces.pop()
            if start is None:
                continue
            depth, closed = depth - 1, max(closed, start)
            boxes = [box for box in boxes if box.start < start] if boxes and boxes[-1].start > start else boxes
            if found.start() - start <= MAX_ANSWER:
                boxes.append(Mark("boxed", start, found.start()))
    if last > closed:
        raise CutOff
    return boxes


def find_labels(text: str, *, results: bool, choices: bool) -> Iterator[Mark]:
    """What follows "answer:", "the answer is", a heading "Answer" and their like, or stands before "is the answer".

    `results` takes "result" and "solution" for labels too, `choices` "correct option".
    """
    for found in _LABEL.finditer(text):
        if (found["result"] and not results) or (found["choice"] and not choices):
            continue
        before, between = text[max(0, found.start() - 40) : found.start()], found["between"]
        if _NO_LABEL_BEFORE.search(before) or _NO_LABEL_BETWEEN.match(between):
            continue
        sign = (found["colon"] or "").strip(" *_`")
        if sign in ("=", "≈", "->", "=>", "→", "⇒", "➜") and re.search(r"\d", between):
            continue
        yield _behind_label(text, found)
    for found in _LONE_LABEL.finditer(text):
        yield Mark("label", found.end(), _line_end(text, found.end()))
    for found in _TURNED.finditer(text):
        yield Mark("label", found.start("said"), found.end("said"), strong=False)
    for found in _GSM.finditer(text):
        if text[found.start() - 1 : found.start()] != "#":
            yield Mark("label", found.end(), _line_end(text, found.end()), strong=False)


def _behind_label(text: str, found: re.Match[str]) -> Mark:
    """What a label marks: the rest of its line, from a denial before the verb on, or the value of a key of JSON."""
    denial, inner = _DENIED_COPULA.search(found["between"]), _json_value(text, found)
    if denial is not None:
        return Mark("label", found.start("between") + denial.start(), _line_end(text, found.end()))
    if inner is not None:
        return Mark("label", *inner)
    return Mark("label", found.end(), _line_end(text, found.end()), strong=found["colon"] is not None)


def _json_value(text: str, found: re.Match[str]) -> tuple[int, int] | None:
    """Where the value of a JSON object's key is that a label stands in: {"answer": "42"}; None where it is no key."""
    if found["between"].strip() not in ('"', "'") or (found["colon"] or "").strip() not in (":", "："):
        return None
    value = _JSON_VALUE.match(text, found.end())
    return None if value is None else value.span("text" if value["text"] is not None else "bare")


def _line_end(text: str, start: int) -> int:
    """The end of the line, or of as much of it as can be an answer."""
    most = min(len(text), start + MAX_ANSWER)
    end = text.find("\n", start, most)
    return most if end < 0 else end


def next_block(text: str, start: int) -> tuple[int, int, bool]:
    """The first line with words after `start`, or the inside of the fence or display that comes first; and whether it
    was one. Empty where nothing follows."""
    while start < len(text):
        end = _line_end(text, start)
        line = text[start:end].strip().strip("*_>")
        if line.startswith(("```", "~~~")):
            close = text.find(line[:3], end)
            return end + 1, len(text) if close < 0 else close, True
        if line in ("$$", "\\[", "\\begin{align*}", "\\begin{equation}"):
            closing = re.compile(r"\$\$|\\\]|\\end").search(text, end)
            return end + 1, len(text) if closing is None else closing.start(), True
        if line.strip(" *_`-—="):
            return start, end, False
        start = end + 1
    return len(text), len(text), False


def sentences(text: str, start: int, end: int, *, letters: bool = False) -> list[tuple[int, int]]:
    """The sentences of a part of a text, each by start and end, ends of lines parting them too.

    With `letters` a full stop behind a lone letter parts nothing: "B. banana".
    """
    found = []
    begin = start
    for stop in _SENTENCE_END.finditer(text, start, end):
        at = stop.start()
        if stop[0] == "." and _is_inside(text, begin, at, letters=letters):
            continue
        cut = at if stop[0] == "\n" else stop.end()
        if text[begin:cut].strip():
            found.append((begin, cut))
        begin = stop.end()
    if text[begin:end].strip():
        found.append((begin, end))
    return found


def _is_inside(text: str, begin: int, at: int, *, letters: bool) -> bool:
    """Whether a full stop belongs to the word before it."""
    word = re.search(r"[^\s(\[*_]*\Z", text[max(begin, at - 20) : at])
    before = "" if word is None else word[0]
    if before.casefold() in _ABBREVIATIONS:
        return True
    lone = len(before.strip("()[]*_`")) == 1 and before.strip("()[]*_`").isalpha()
    follows = re.match(r".?\s*", text[at : at + 20])
    goes_on = text[at + (1 if follows is None else follows.end()) :][:1].islower() or text[
        max(0, at - len(before) - 3) : at - len(before)
    ].strip()[-1:] in (":", "：")
    return (letters and lone and (goes_on or not text[begin : at - len(before)].strip(" *_`(["))) or (
        before.isdigit() and begin == at - len(before) and at - begin < 3 and "\n" in text[max(0, begin - 1) : begin]
    )


def trim(text: str, start: int, end: int, marks: str = " \t\r\n*_`") -> tuple[int, int]:
    """The part without decoration around it."""
    while start < end and text[start] in marks:
        start += 1
    while end > start and text[end - 1] in marks:
        end -= 1
    return start, end
