import pytest
from django.contrib.auth.models import User

from trajectories.core.faults import Fault
from trajectories.models import AuditEvent
from trajectories.services.people.single_sign_on import person_of


def groups(person):
    return list(person.groups.values_list("name", flat=True))


def test_somebody_is_known_by_a_verified_address_whatever_its_case(db):
    ann = User.objects.create_user("ann", email="Ann@Example.org")
    assert person_of(address="ann@example.org", name="somebody-else", newcomers="curator") == ann
    assert groups(ann) == []
    assert User.objects.count() == 1


def test_newcomers_are_refused_or_made_with_the_role_that_is_set(db):
    with pytest.raises(Fault, match=r"Found no account with the address new@example.org\. Ask an admin"):
        person_of(address="new@example.org", name="new", newcomers="refused")
    assert not User.objects.exists()
    plain = person_of(address="new@example.org", name="new", newcomers="none")
    assert (plain.username, plain.email, groups(plain)) == ("new", "new@example.org", [])
    assert not plain.has_usable_password()
    assert not plain.is_staff
    curator = person_of(address="two@example.org", name="", newcomers="curator")
    assert (curator.username, groups(curator)) == ("two", ["curator"])
    events = AuditEvent.objects.filter(verb="person.made").order_by("pk").values_list("object_id", "data__role")
    assert list(events) == [(plain.pk, "none"), (curator.pk, "curator")]


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("ANN", "ANN-2"),
        ("ann", "ann-2"),
        ("<b>Eve</b> of/it", "b-Eve-b-of-it"),
        ("  ", "person"),
        ("x" * 300, "x" * 140),
        ("admin", "admin-2"),
    ],
)
def test_the_name_of_an_account_that_is_there_is_never_taken(db, name, made):
    for taken in ("ann", "admin"):
        User.objects.create_user(taken)
    assert person_of(address="new@example.org", name=name, newcomers="none").username == made


def test_no_address_and_one_of_several_people_mean_nobody(db):
    for name in ("one", "two"):
        User.objects.create_user(name, email="both@example.org")
    with pytest.raises(Fault, match="expected one"):
        person_of(address="", name="one", newcomers="curator")
    with pytest.raises(Fault, match="Found several accounts with the address"):
        person_of(address="both@example.org", name="one", newcomers="curator")
    assert User.objects.count() == 2
