"""The scale on which a text's number stands beside the crowd's: places and words worked out by hand."""

import pytest

from questions.kinds import KINDS
from questions.kinds.binary import axis, shape
from questions.shape import Axis
from web.tracks import BOX, Said, track

YES = axis(shape({}))

TEXT = Said("the essay", 0.05, "5%")
CROWD = Said("the crowd", 0.25, "25%", 0.15, 0.5)


def test_both_stand_at_their_places_and_the_way_between_them_is_drawn() -> None:
    """The scale is 272 wide from 8 on: 5% is at 21.6, 25% at 76, the half from 15 to 50% from 48.8 to 144."""
    drawn = track(YES, "Yes", TEXT, CROWD, None)

    assert (BOX.left, BOX.right) == (8, 280)
    assert drawn.text == "M14.6 18l7 -7l7 7l-7 7z"
    assert drawn.crowd is not None
    assert (drawn.crowd.x, drawn.crowd.y) == (76, 18)
    assert drawn.gap == "M21.6 18H76"
    assert drawn.band is not None
    assert (drawn.band.x, drawn.band.width) == pytest.approx((48.8, 95.2))
    assert drawn.truth is None


def test_all_of_it_is_told_in_words() -> None:
    assert track(YES, "Yes", TEXT, CROWD, (1.0, "Yes")).label == (
        "Yes, on a scale from 0% to 100%: the essay 5%, the crowd 25%; outcome: Yes"
    )
    assert track(YES, "Yes", TEXT, None, None).label == "Yes, on a scale from 0% to 100%: the essay 5%"
    assert track(YES, "Yes", None, None, None).label == "Yes, on a scale from 0% to 100%: nobody has said anything"


def test_the_outcome_stands_where_it_lies() -> None:
    truths = [track(YES, "Yes", TEXT, None, (at, "")).truth for at in (0.0, 1.0)]

    assert [truth.x for truth in truths if truth] == [8, 280]


def test_who_is_alone_on_the_scale_has_no_way_to_anybody() -> None:
    alone = track(YES, "Yes", None, CROWD, None)

    assert (alone.text, alone.gap) == ("", "")
    assert track(YES, "Yes", TEXT, None, None).crowd is None


def test_half_of_a_crowd_of_one_mind_can_still_be_seen() -> None:
    drawn = track(YES, "Yes", None, Said("the crowd", 0.5, "50%", 0.5, 0.5), None)

    assert drawn.band is not None
    assert drawn.band.width == 2


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_has_a_scale_whose_labels_stand_on_it(name: str) -> None:
    kind = KINDS[name]
    scale = kind.axis(kind.shape(kind.EXAMPLE))

    drawn = track(scale, "What", Said("the essay", scale.low, "low"), None, None)

    assert drawn.ticks
    assert all(0 <= tick.place <= drawn.width for tick in drawn.ticks)


def test_a_scale_without_labels_is_told_without_its_ends() -> None:
    assert track(Axis(0, 1, ()), "Yes", TEXT, None, None).label == "Yes: the essay 5%"
