from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.rendering.preferences import CHOICES, Preferences, read_preferences


def test_what_was_chosen_is_read():
    found = read_preferences({"theme": "dark", "palette": "colour-blind", "digits": "on", "other": "x"})
    assert found == Preferences(theme="dark", palette="colour-blind", digits="on")


@given(st.dictionaries(st.sampled_from(list(CHOICES)), st.text(max_size=12)))
def test_nothing_in_a_cookie_can_be_anything_else(cookies):
    found = read_preferences(cookies)
    assert all(getattr(found, field) in allowed for field, allowed in CHOICES.items())
