"""Ages of data, counted in constant memory."""

import numpy as np
import pytest

from support.data_age import DataAges


def test_percentiles_are_those_of_the_ages_to_the_millisecond() -> None:
    ages, counted = np.random.default_rng(5).gamma(2.0, 0.05, 20_000), DataAges()
    for age in ages:
        counted.add(float(age))
    for percent in (1, 50, 99, 99.9, 100):
        exact = np.percentile(ages, percent, method="inverted_cdf")
        assert counted.percentile(percent) == pytest.approx(exact, abs=0.001001)
    assert counted.oldest == ages.max()
    assert counted.count == len(ages)


def test_no_data_have_no_age() -> None:
    assert DataAges().percentile(99) is None


def test_absurd_ages_are_counted_all_the_same() -> None:
    counted = DataAges()
    for age in (-3.0, 0.2, 1e9):
        counted.add(age)
    assert counted.percentile(50) == pytest.approx(0.2, abs=0.0011)
    assert counted.percentile(100) == counted.oldest == 1e9


def test_one_frame_is_as_old_as_it_is() -> None:
    counted = DataAges()
    counted.add(0.0123)
    assert counted.percentile(99) == pytest.approx(0.0123)
