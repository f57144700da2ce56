from django.contrib.auth.models import Group


def test_every_role_is_a_group_after_migration(db):
    assert set(Group.objects.values_list("name", flat=True)) == {"admin", "curator", "engineer", "lead", "viewer"}
