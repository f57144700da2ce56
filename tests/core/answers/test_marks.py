"""Where a text marks its answer."""

import pytest

from trajectories.core.answers.marks import find_boxes, find_labels

WORDS = [
    "answer",
    "ans",
    "antwort",
    "réponse",
    "reponse",
    "respuesta",
    "risposta",
    "resposta",
    "antwoord",
    "odpowiedź",
    "odpověď",
    "svar",
    "svaret",
    "vastaus",
    "cevap",
    "yanıt",
    "ответ",
    "відповідь",
    "απάντηση",
    "الجواب",
    "الإجابة",
    "תשובה",
    "उत्तर",
    "jawaban",
    "răspuns",
    "răspunsul",
    "válasz",
    "คำตอบ",
    "정답",
    "답변",
    "답",
    "答え",
    "答案",
    "解答",
    "回答",
    "正解",
    "答",
    "result",
    "solution",
    "conclusion",
    "endergebnis",
    "ergebnis",
    "lösung",
    "résultat",
    "resultado",
    "solución",
    "risultato",
    "soluzione",
    "результат",
    "结果",
    "結果",
    "choice",
    "richtig",
    "选择",
    "正确选项",
]
PHRASES = (
    "đáp án",
    "correct choice",
    "right option",
    "best letter",
    "final alternative",
    "chosen statement",
    "my choice",
)


@pytest.mark.parametrize("label", [*WORDS, *PHRASES])
@pytest.mark.parametrize("change", [str, str.upper, str.capitalize])
def test_each_label_is_found_in_any_case(label, change):
    text = f"So it ends. {change(label)}: 42"
    [mark, *_] = find_labels(text, results=True, choices=True)
    assert text[mark.start : mark.end].strip() == "42"


@pytest.mark.parametrize("inside", ["unanswered", "translucent", "disresult"])
def test_no_label_begins_within_a_word(inside):
    assert not [*find_labels(f"{inside}: 42", results=True, choices=True)]


@pytest.mark.parametrize(
    "box", [r"\boxed{42}", r"\\boxed{42}", "boxed{42}", r"\fbox{42}", r"\framebox{42}", "\x08oxed{42}"]
)
def test_each_box_is_found(box):
    text = rf"\frac{{1}}{{2}} and so {box}."
    [mark] = find_boxes(text)
    assert text[mark.start : mark.end] == "42"
