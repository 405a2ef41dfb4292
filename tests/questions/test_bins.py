"""Ranges cut into bins: edges worked out by hand, mass from quantiles, quantiles from mass."""

from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from questions import bins
from questions.errors import InvalidAnswer
from questions.kinds import KINDS
from questions.shape import Shape, Vector

NORMAL = NormalDist()
TENTH = NORMAL.inv_cdf(0.9)
NUMBER = KINDS["number"]


def number(low: float, high: float, below: bool, above: bool, **more: Any) -> Shape:
    return NUMBER.shape({"range": {"low": low, "high": high, "open_below": below, "open_above": above, **more}})


def at_or_under(vector: Vector, shape: Shape, edge: float) -> float:
    """The mass at or under one of the shape's edges."""
    (index,) = np.flatnonzero(np.abs(shape.edges - edge) < 1e-9)
    return float(vector[: index + int(shape.below)].sum())


def test_a_range_without_a_step_has_200_equal_bins_and_one_beyond_each_open_end() -> None:
    brent = number(30, 110, True, True, unit="USD")

    assert brent.size == 202
    assert brent.edges.tolist() == [float(f"{30 + 0.4 * index:.1f}") for index in range(201)]
    assert brent.outcomes[:2] == ("under 30 USD", "30 to 30.4 USD")
    assert brent.outcomes[-2:] == ("109.6 to 110 USD", "over 110 USD")


def test_closed_ends_have_no_bin_beyond_them() -> None:
    assert number(0, 100, False, False).size == 200
    assert number(0, 100, True, False).size == 201
    assert number(0, 100, False, True).outcomes[-1] == "over 100"


def test_a_coarse_unit_has_one_bin_for_each_published_value_with_edges_at_half_units() -> None:
    gdp = NUMBER.shape(NUMBER.EXAMPLE)

    # -4.0, -3.9, .. 5.0 are 91 values; the edges are -4.05, -3.95, .. 5.05.
    assert gdp.size == 91 + 2
    assert gdp.edges.tolist() == [float(f"{-4.05 + 0.1 * index:.2f}") for index in range(92)]
    assert gdp.outcomes[:2] == ("under −4%", "−4%")
    assert gdp.outcomes[41] == "0%"
    assert gdp.outcomes[-2:] == ("5%", "over 5%")


def test_two_hundred_published_values_have_a_bin_each_and_one_more_is_too_many() -> None:
    assert number(1, 200, False, False, step=1).edges[[0, -1]].tolist() == [0.5, 200.5]
    assert number(0, 200, False, False, step=1).edges[[0, 1, -1]].tolist() == [0, 1, 200]
    assert number(30, 110, True, True, step=0.01).size == 202


def test_a_logarithmic_range_is_cut_in_equal_steps_of_the_logarithm() -> None:
    output = number(1, 10_000, True, True, zero_point=0)

    # Four decades in 200 bins: fifty for each.
    assert output.edges[[0, 50, 100, 150, 200]] == pytest.approx([1, 10, 100, 1000, 10_000], rel=1e-12)
    assert output.edges[[0, -1]].tolist() == [1, 10_000]
    assert len(set(output.outcomes)) == output.size


def test_bins_are_right_closed_and_the_first_includes_its_lower_bound() -> None:
    brent = number(30, 110, True, True)

    found = [bins.locate(value, brent) for value in (29.99, 30, 30.4, 30.41, 110, 110.01)]

    assert found == [0, 1, 1, 2, 200, 201]


def test_beyond_a_closed_end_there_is_no_bin() -> None:
    share = number(0, 1, False, False)

    assert [bins.locate(value, share) for value in (-0.001, 0, 1, 1.001)] == [None, 0, 199, None]


@pytest.mark.parametrize("tenths", range(-40, 51))
def test_a_published_figure_falls_into_its_own_bin_and_a_half_unit_into_the_lower_one(tenths: int) -> None:
    gdp = NUMBER.shape(NUMBER.EXAMPLE)
    figure = f"{tenths / 10:.1f}"
    half = f"{(tenths * 10 + 5) / 100:.2f}"

    assert NUMBER.resolve(figure, gdp) == tenths + 41
    assert NUMBER.resolve(half, gdp) == tenths + 41


def test_equal_distances_make_a_normal_distribution() -> None:
    brent = number(30, 110, True, True)

    vector = bins.masses(40, 58, 76, brent)

    # 18 dollars are 1.2816 standard deviations, so 14.0455 dollars are one.
    normal = NormalDist(58, 18 / TENTH)
    assert vector[0] == pytest.approx(normal.cdf(30), rel=1e-9)
    assert vector[-1] == pytest.approx(1 - normal.cdf(110), rel=1e-9)
    assert vector[70] == pytest.approx(normal.cdf(58) - normal.cdf(57.6), rel=1e-9)


def test_unequal_distances_make_johnsons_distribution() -> None:
    shape = number(-10, 10, True, True)

    vector = bins.masses(0, 1, 3, shape)

    # arccosh(3 / 2) = 2 ln φ with the golden ratio φ, and sinh(2 ln φ) = √5/2. So with lam = 3 / sinh(4 ln φ) = 2/√5
    # the points at -2, -1, 0, 1, 2 times 1.2816 deviations are 2/√5 sinh(2 ln φ (i + 1)): -1, 0, 1, 3, 8.
    for deviations, point in ((-2, -1), (-1, 0), (0, 1), (1, 3), (2, 8)):
        assert at_or_under(vector, shape, point) == pytest.approx(NORMAL.cdf(deviations * TENTH), abs=1e-12)


def test_the_mirror_image_of_an_interval_gives_the_mirror_image_of_its_masses() -> None:
    shape = number(-10, 10, True, True)

    assert bins.masses(-3, -1, 0, shape) == pytest.approx(bins.masses(0, 1, 3, shape)[::-1], abs=1e-12)


def test_two_closed_ends_hold_all_mass_and_tenths_at_their_tenths_are_uniform() -> None:
    share = number(0, 100, False, False)

    vector = bins.masses(10, 50, 90, share)

    # The normal quantiles of .1, .5, .9 are -c, 0, c: a standard normal, that is a uniform share.
    assert vector == pytest.approx(np.full(200, 1 / 200), abs=1e-12)


def test_one_closed_end_makes_tenfold_distances_lognormal() -> None:
    count = number(0, 200, False, True)

    vector = bins.masses(1, 10, 100, count)

    assert vector.size == 201
    assert at_or_under(vector, count, 1) == pytest.approx(0.1)
    assert at_or_under(vector, count, 10) == pytest.approx(0.5)
    assert vector[-1] == pytest.approx(1 - NORMAL.cdf(TENTH * np.log10(200 / 10)))


def test_a_closed_upper_end_is_the_mirror_image_of_a_closed_lower_one() -> None:
    lower, upper = number(0, 200, False, True), number(0, 200, True, False)

    assert bins.masses(100, 190, 199, upper) == pytest.approx(bins.masses(1, 10, 100, lower)[::-1], abs=1e-12)


def test_a_logarithmic_range_takes_its_quantiles_by_their_logarithms() -> None:
    output = number(1, 10_000, True, True, zero_point=0)

    vector = bins.masses(10, 100, 1000, output)

    assert vector[:51].sum() == pytest.approx(0.1)
    assert vector[:101].sum() == pytest.approx(0.5)
    assert vector[0] == pytest.approx(NORMAL.cdf(-2 * TENTH))


@pytest.mark.parametrize("ends", [(False, False), (False, True), (True, False), (True, True)])
@pytest.mark.parametrize("zero_point", [None, 0.5])
@pytest.mark.parametrize("interval", [(20, 50, 90), (20, 21, 90), (20, 89, 90), (20, 54.99999999, 90), (2, 2.001, 99)])
def test_whatever_the_ends_the_masses_are_a_distribution_with_these_quantiles(
    ends: tuple[bool, bool], zero_point: float | None, interval: tuple[float, float, float]
) -> None:
    shape = number(1, 100, *ends, zero_point=zero_point)

    vector = bins.masses(*interval, shape)

    assert (vector >= 0).all()
    assert vector.sum() == pytest.approx(1, abs=1e-12)
    widest = np.diff(shape.edges).max()
    assert bins.quantiles(vector, shape, (0.1, 0.5, 0.9)) == pytest.approx(interval, abs=widest)


@pytest.mark.parametrize("interval", [(1, 1 + 1e-16, 2), (0, 1e-300, 5), (-1e308, 0, 1e308), (2, 1, 3)])
def test_values_that_no_distribution_passes_through_are_refused(interval: tuple[float, float, float]) -> None:
    with pytest.raises(InvalidAnswer, match="Spread them"):
        bins.masses(*interval, number(-10, 10, True, True))


def test_a_quantile_lies_within_its_bin_in_proportion() -> None:
    shape = number(0, 200, False, False)
    vector = np.zeros(200)
    vector[[10, 20]] = 0.5

    # Half lies evenly over 10..11, half over 20..21.
    assert bins.quantiles(vector, shape, (0.25, 0.5, 0.75, 1)) == pytest.approx([10.5, 11, 20.5, 21])


def test_what_summing_floats_loses_moves_no_quantile() -> None:
    shape = number(0, 200, False, False)
    vector = np.zeros(200)
    vector[[0, 1, 100]] = 0.7, 0.1, 0.2

    # 0.7 + 0.1 is 0.7999999999999999 in floats, yet four fifths lie under 2.
    assert bins.quantiles(vector, shape, (0.8,)) == pytest.approx([2])


def test_a_closed_range_begins_at_its_lower_end() -> None:
    share = number(5, 100, False, False)

    assert bins.quantiles(np.full(200, 1 / 200), share, (0, 1)) == pytest.approx([5, 100])


def test_a_quantile_within_a_logarithmic_bin_goes_by_its_logarithm() -> None:
    shape = number(1, 10_000, False, False, zero_point=0)
    vector = np.zeros(200)
    vector[50] = 1.0

    # The bin goes from 10 to 10^(51/50).
    assert bins.quantiles(vector, shape, (0.5,)) == pytest.approx([10**1.01])


def test_a_quantile_beyond_an_open_end_is_infinite() -> None:
    brent = number(30, 110, True, True)
    vector = np.zeros(202)
    vector[[0, 100, 201]] = 0.3, 0.4, 0.3

    low, middle, high = bins.quantiles(vector, brent, (0.25, 0.5, 0.75))

    # Bin 100 goes from 30 + 99 x 0.4 = 69.6 to 70.
    assert (low, high) == (-np.inf, np.inf)
    assert middle == pytest.approx(69.8)


def test_a_level_that_is_just_reached_at_an_open_end_is_that_end() -> None:
    """A tenth lies below 30 and a tenth above 110: the tenth is 30, and what is a hair less lies beyond."""
    brent = number(30, 110, True, True)
    vector = np.zeros(202)
    vector[[0, 100, 101, 201]] = 0.1, 0.4, 0.4, 0.1

    # Bin 100 ends at 30 + 100 x 0.4.
    assert bins.quantiles(vector, brent, (0.1, 0.5, 0.9)) == pytest.approx([30, 70, 70.4])
    assert bins.quantiles(vector, brent, (0.0999, 0.9001)).tolist() == [-np.inf, np.inf]


def test_where_nobody_stood_there_are_no_quantiles() -> None:
    brent = number(30, 110, True, True)

    assert np.isnan(bins.quantiles(np.full(202, np.nan), brent, (0.1, 0.9))).all()
