"""The refusals a person can cause. What str() of one gives is what the person reads, wherever they are."""


class Refusal(Exception):
    """An act that cannot be done as asked. Nothing was changed. `field` names the field at fault, "" where none is."""

    def __init__(self, sentence: str, field: str = "") -> None:
        super().__init__(sentence)
        self.field = field


class InvalidAnswer(Refusal):
    """What was typed is not an answer to this kind of question."""


class InvalidQuestion(Refusal):
    """A question that cannot be asked like this; `field` names the part at fault."""


class NotFound(Refusal):
    """There is no such thing, or none that this person may see."""


class NotAllowed(Refusal):
    """It exists, but this person may not do this to it."""


class QuestionNotOpen(Refusal):
    """A forecast or withdrawal on a question that takes none at this moment."""


class NotResolvable(Refusal):
    """A resolution that the question's state or times do not permit."""


class ChangedMeanwhile(Refusal):
    """Somebody else acted between looking and acting."""


class WritingRefused(Refusal):
    """The record cannot be written to now, such as when the clock is far behind the last entry."""
