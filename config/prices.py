"""The price table of the cloud's regions, for estimates: `config/prices.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field

from config.reader import read_yaml
from config.types import Model, name_of_number

TABLE = Path(__file__).resolve().parent / "prices.yaml"
Dollars = Annotated[float, Field(strict=False, gt=0, lt=1_000)]


class NodePrice(Model):
    """A kind of node that pods are counted in: its cores and GiB of memory, and dollars an hour on demand."""

    kind: str
    cores: int = Field(ge=1)
    memory_gib: int = Field(ge=1)
    hour: Dollars


class RegionPrices(Model):
    """US dollars: by the hour, a GiB of gp3 by the month, a GiB of traffic to another region."""

    control_plane_hour: Dollars
    node: NodePrice
    gp3_gib_month: Dollars
    nat_gateway_hour: Dollars
    load_balancer_hour: Dollars
    other_region_gib: Dollars


class Prices(Model):
    """When the table was written and after what, and the regions that it knows by the cloud's own names."""

    written: Annotated[str, BeforeValidator(name_of_number), Field(pattern=r"\d{4}-\d{2}-\d{2}")]
    source: str
    regions: Mapping[str, RegionPrices]


def load_prices() -> Prices:
    """The table of this release."""
    return Prices.model_validate(read_yaml(TABLE, TABLE.name))
