from django.contrib.auth.models import User

from trajectories.services.installation.accounts import admin_password, ensure_admin


def test_the_first_start_makes_an_admin_whose_password_only_its_owner_may_read(db, tmp_path):
    kept = tmp_path / "var" / "admin_password"
    ensure_admin(password_file=kept)
    password = admin_password(password_file=kept)
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.read_text() == f"{password}\n"
    admin = User.objects.get(username="admin")
    assert admin.is_superuser
    assert admin.check_password(password)


def test_later_starts_keep_the_account(db, tmp_path):
    kept = tmp_path / "admin_password"
    ensure_admin(password_file=kept)
    first = admin_password(password_file=kept)
    ensure_admin(password_file=kept)
    assert admin_password(password_file=kept) == first
    assert first
    assert User.objects.count() == 1


def test_a_start_cut_short_before_the_account_was_made_uses_the_password_it_kept(db, tmp_path):
    (tmp_path / "admin_password").write_text("kept by the first try\n")
    ensure_admin(password_file=tmp_path / "admin_password")
    assert admin_password(password_file=tmp_path / "admin_password") == "kept by the first try"
    assert User.objects.get().check_password("kept by the first try")


def test_a_password_changed_since_is_not_shown(db, tmp_path):
    ensure_admin(password_file=tmp_path / "admin_password")
    admin = User.objects.get()
    admin.set_password("chosen in the browser")
    admin.save()
    ensure_admin(password_file=tmp_path / "admin_password")
    assert admin_password(password_file=tmp_path / "admin_password") is None
    assert User.objects.get().check_password("chosen in the browser")


def test_every_installation_has_a_password_of_its_own(db, tmp_path):
    ensure_admin(password_file=tmp_path / "one")
    User.objects.all().delete()
    ensure_admin(password_file=tmp_path / "two")
    assert (tmp_path / "one").read_text() != (tmp_path / "two").read_text()
