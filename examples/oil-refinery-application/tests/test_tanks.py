"""How full tanks are."""

import pytest

from refinery.tanks import TANKS, Tank, share


def test_every_tank_holds_what_a_tank_can_hold():
    assert all(0 <= share(tank) <= 1 for tank in TANKS)


def test_share():
    assert share(Tank("half", 10, 5)) == 0.5


@pytest.mark.parametrize("tank", [Tank("none", 0, 0), Tank("over", 1, 2), Tank("under", 1, -1)])
def test_numbers_that_no_tank_has_are_refused(tank):
    with pytest.raises(ValueError, match=tank.name):
        share(tank)
