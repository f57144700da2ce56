"""What is wrong with something that was asked for, as one sentence and the field it is about."""


class Fault(ValueError):  # noqa: N818 - the word of the product for it
    """Something that was asked for and cannot be done. The message is one sentence for people.

    `field` names the input that it is about, as forms and files call it; "" where it is about all of them.
    """

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field
