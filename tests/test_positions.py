"""Read positions that a careless comparison takes for later ones."""

import pytest

from receiptspec.scenes import positions


@pytest.mark.parametrize("place", [1_669_723_135_894_214, 2**32 + 5, 70, 10])
def test_positions_below_another_come_behind_it_otherwise(place):
    found = positions.below(place)
    assert list(found) == sorted(found)
    assert all(0 < position < place for position in found)
    assert any(str(position) > str(place) for position in found)
    behind = [position for position in found if position % 2**32 > place % 2**32]
    assert bool(behind) is (place > 2**32)


def test_nothing_is_below_the_first_positions():
    assert [positions.below(place) for place in (0, 1, 9)] == [(), (), ()]
