"""The tanks, and how full they are."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tank:
    """A tank; volumes are in cubic metres."""

    name: str
    capacity: float
    volume: float


TANKS = (
    Tank("crude", 50_000, 31_250),
    Tank("diesel", 20_000, 12_400),
    Tank("kerosene", 10_000, 9_870),
)


def share(tank: Tank) -> float:
    """How full the tank is, from 0 to 1.

    Raises ValueError when the numbers can't be those of a tank.
    """
    if tank.capacity <= 0 or not 0 <= tank.volume <= tank.capacity:
        raise ValueError(f"{tank.name}: {tank.volume} of {tank.capacity} m³")
    return tank.volume / tank.capacity
