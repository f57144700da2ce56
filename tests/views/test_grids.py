import io

import pytest
from django.template import Context, Template
from django.urls import reverse
from PIL import Image

from trajectories.core.problems.grid_codes import encode_grid
from trajectories.core.rendering.svg import EXPORT_CELL_PIXELS

CODE = encode_grid(((1, 2, 3), (4, 5, 6)))


def test_a_picture_needs_no_account_and_no_database(client):
    response = client.get(reverse("grid_png", args=["canonical", CODE]))
    assert response.status_code == 200
    assert response["Content-Type"] == "image/png"
    assert Image.open(io.BytesIO(response.content)).size == (3, 2)


def test_a_picture_is_kept_for_ever(client):
    address = reverse("grid_png", args=["canonical", CODE])
    first = client.get(address)
    assert "immutable" in first["Cache-Control"]
    assert "public" in first["Cache-Control"]
    again = client.get(address, headers={"if-none-match": first["ETag"]})
    assert again.status_code == 304
    assert "immutable" in again["Cache-Control"]


def test_palettes_and_scales_have_their_own_tags(client):
    addresses = [
        reverse("grid_png", args=["canonical", CODE]),
        reverse("grid_png", args=["colour-blind", CODE]),
        reverse("grid_png", args=["canonical", CODE]) + "?download",
    ]
    assert len({client.get(address)["ETag"] for address in addresses}) == 3


def test_downloads_are_large_files(client):
    png = client.get(reverse("grid_png", args=["canonical", CODE]) + "?download")
    assert png["Content-Disposition"] == 'attachment; filename="grid.png"'
    assert Image.open(io.BytesIO(png.content)).size == (3 * EXPORT_CELL_PIXELS, 2 * EXPORT_CELL_PIXELS)
    svg = client.get(reverse("grid_svg", args=["colour-blind", CODE]))
    assert svg["Content-Type"] == "image/svg+xml"
    assert svg["Content-Disposition"] == 'attachment; filename="grid.svg"'
    assert b"#44aa99" in svg.content


@pytest.mark.parametrize("name", ["grid_png", "grid_svg"])
@pytest.mark.parametrize(("palette", "code"), [("pastel", CODE), ("canonical", "nonsense"), ("canonical", "A" * 900)])
def test_bad_codes_and_palettes_are_not_found(client, name, palette, code):
    assert client.get(reverse(name, args=[palette, code])).status_code == 404


def test_pictures_are_only_read(client):
    assert client.post(reverse("grid_png", args=["canonical", CODE])).status_code == 405


def test_the_page_offers_every_form(client, curator):
    client.force_login(curator)
    page = client.get(reverse("grid_detail", args=[CODE])).content.decode()
    assert "<html" in page
    for text in ("[[1,2,3],[4,5,6]]", "123\n456", "np.array([[1, 2, 3],", "1 2 3\n4 5 6"):
        assert text in page
    assert reverse("grid_svg", args=["canonical", CODE]) in page


def test_the_dialog_gets_the_fragment(client, curator):
    client.force_login(curator)
    response = client.get(reverse("grid_detail", args=[CODE]), headers={"hx-request": "true"})
    assert "<html" not in response.content.decode()
    assert "[[1,2,3],[4,5,6]]" in response.content.decode()
    assert "HX-Request" in response["Vary"]


def test_the_page_of_a_bad_code_is_not_found(client, curator):
    client.force_login(curator)
    assert client.get(reverse("grid_detail", args=["nonsense"])).status_code == 404


def draw(source: str, **values) -> str:
    return Template("{% load grids %}" + source).render(Context(values))


def test_a_focused_grid_has_few_nodes_and_a_summary():
    noisy = [[(x * y + x) % 10 for x in range(30)] for y in range(30)]
    svg = draw("{% grid value 'input' %}", value=noisy)
    assert 'role="img" aria-label="input: 30 by 30 grid, 10 colours"' in svg
    assert svg.count("<path") == 11
    assert "<rect" not in svg
    assert "style=" not in svg


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "No grid"), ([[1], [2, 3]], "found 2 cells, expected 1"), ("<b>", "&#x27;&lt;b&gt;&#x27;")],
)
def test_what_is_no_grid_says_so(value, words):
    assert words in draw("{% grid value %}", value=value)
    assert '<svg class="grid"' not in draw("{% grid value %}", value=value)


def test_digits_are_drawn_for_those_who_want_them(rf):
    request = rf.get("/")
    request.COOKIES["digits"] = "on"
    html = draw("{% grid value %}", value=[[1, 2], [2, 1]], request=request)
    assert '<text class="i2" x="1.5 0.5" y="0.5 1.5">22</text>' in " ".join(html.split())


def test_a_thumbnail_has_a_fixed_box_and_a_whole_number_of_pixels_per_cell():
    html = draw("{% thumbnail value 64 'input' %}", value=[[1] * 20] * 10)
    assert 'class="thumb thumb-64"' in html
    assert 'width="60" height="30"' in html
    assert 'alt="input: 10 by 20 grid, 1 colour"' in html
    assert 'loading="lazy"' in html


def test_a_thumbnail_follows_the_palette(rf):
    request = rf.get("/")
    request.COOKIES["palette"] = "colour-blind"
    assert "/grids/colour-blind/" in draw("{% thumbnail value %}", value=[[1]], request=request)


def test_a_thumbnail_of_nothing_keeps_the_box():
    assert 'class="thumb thumb-32 thumb-empty"' in draw("{% thumbnail value 32 %}", value=None)


def test_a_difference_marks_wrong_cells_with_two_rings():
    html = draw("{% grid_difference a b %}", a=[[1, 2]], b=[[1, 3]])
    assert html.count('d="M1.14 0.14h0.72v0.72h-0.72z"') == 2
    assert "1 of 2 cells wrong" in html


def test_a_wrong_grid_can_be_copied_and_shown_in_digits_as_any_other(rf):
    for html in (
        draw("{% grid_difference a b 'predicted' %}", a=[[1, 2]], b=[[1, 3]]),
        draw("{% grid_changed a changed 'predicted' %}", a=[[1, 2]], changed=[(0, 1)]),
    ):
        assert 'data-cells="12"' in html
        assert f'href="{reverse("grid_detail", args=[encode_grid(((1, 2),))])}"' in html
        assert 'aria-label="Copy or download predicted: ' in html
        assert "grid-digits" not in html
    request = rf.get("/")
    request.COOKIES["digits"] = "on"
    assert "grid-digits" in draw("{% grid_difference a b %}", a=[[1, 2]], b=[[1, 3]], request=request)
    assert "grid-more" not in draw("{% grid_difference a b %}", a="no grid", b=[[1, 3]])


def test_a_difference_hatches_what_is_missing_and_dashes_what_is_extra():
    html = draw("{% grid_difference a b %}", a=[[1, 2]], b=[[1], [1]])
    assert "grid-hatching" in html
    assert "grid-dashes" in html
    assert "1x2 instead of 2x1" in html


def test_a_difference_to_an_unknown_answer_says_so():
    assert "answer unknown" in draw("{% grid_difference a b %}", a=[[1]], b=None)


def test_hostile_answers_are_shown_as_text():
    html = draw("{% grid_difference a b %}", a="<script>alert(1)</script>", b=[[1]])
    assert "<script>" not in html
    assert "not a grid" in html


def test_no_answer_is_not_called_a_bad_one():
    html = draw("{% grid_difference a b %}", a=None, b=[[1]])
    assert "No answer" in html
    assert "Not a grid" not in html
