"""The column that every title is kept in."""

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models

from trajectories.core.text.titles import shown_title, title_fault

if TYPE_CHECKING:
    Base = models.CharField[Any, str]  # the stubs have parameters that the class itself lacks
else:
    Base = models.CharField


class TitleField(Base):
    """A title of at most 200 characters. None with invisible characters is stored, whoever asks: forms and commands
    refuse it in words before; and one that was stored before this rule is read with these characters by their number.

    To migrations it is the plain column that it is in the database.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **{"max_length": 200, **options})

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        """As a CharField."""
        name, _, arguments, options = super().deconstruct()
        return name, "django.db.models.CharField", arguments, options

    def from_db_value(self, value: str | None, *_: Any) -> str | None:
        """What pages, lists and exports get to see."""
        return value if value is None else shown_title(value)

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Raise ValidationError for a title that cannot be read as it is."""
        value = super().pre_save(model_instance, add)
        if isinstance(value, str) and (fault := title_fault(value)):
            raise ValidationError({self.attname: f"Title: {fault}"})
        return value
