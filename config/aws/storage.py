"""gp3 classes: which one a volume takes, by its size. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from config.quantities import gibibytes


@dataclass(frozen=True, kw_only=True)
class VolumeClass:
    """A storage class of gp3 volumes: operations a second, MiB a second, and the smallest volume that takes it."""

    name: str
    iops: int
    throughput: int
    least: float


# gp3 has 3,000 and 125 at no charge (EBS User Guide). A chain of some size is read at random while it syncs and after
# each reorganisation; a small one stays in memory. The ensemble's servers write little and in order.
CLASSES = (
    VolumeClass(name="gp3-small", iops=3_000, throughput=125, least=0),
    VolumeClass(name="gp3-medium", iops=4_000, throughput=250, least=50),
    VolumeClass(name="gp3-large", iops=6_000, throughput=500, least=200),
)


def class_for(size: str) -> str:
    """The class of a volume of a size such as 300Gi."""
    wanted = gibibytes(size)
    return next(item.name for item in reversed(CLASSES) if wanted >= item.least)
