"""Forms that were sent: what makes a second click the same click."""

from django.db import models


class Submission(models.Model):
    """A form that made something. The same form sent again, at once or later, leads to what it made the first time.

    `digest` is of the person, the address, the key that the page was made with, and all that was filled in.
    `address` is where the first answer led to; it is empty only while the first answer is still being made.
    """

    digest = models.CharField(max_length=64, primary_key=True)
    address = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return self.address
