"""Addresses of files that work without a login for a day: signed for one person, one project and one file."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.core.signing import TimestampSigner

from trajectories.adapters.acting import FIRST, acting_project

LINK_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class LinkSigner:
    """Signs the keys of files of one kind; `field` names the kind in what is signed."""

    salt: str
    field: str

    def sign(self, key: int, person: User) -> str:
        """What an address needs so that it works for this person, in the project that acts."""
        return self._signer.sign_object({self.field: key, "user": person.pk, "project": acting_project()})

    def project_of(self, signed: str) -> int:
        """The project that something was signed in. Raises BadSignature."""
        return int(self._signer.unsign_object(signed, max_age=LINK_SECONDS).get("project", FIRST))

    def person_of(self, signed: str, key: int) -> User | None:
        """Who something was signed for; None where it is for another file, or the person is gone. Raises
        BadSignature."""
        read = self._signer.unsign_object(signed, max_age=LINK_SECONDS)
        return User.objects.filter(pk=read["user"]).first() if read.get(self.field) == key else None

    @property
    def _signer(self) -> TimestampSigner:
        return TimestampSigner(salt=self.salt)


EXPORTS = LinkSigner("trajectories.export-download", "export")
DELIVERIES = LinkSigner("trajectories.delivery-download", "delivery")
