"""A figure with its limit, for what is not a ratio to pgbench on the same SQL."""

from dataclasses import dataclass


@dataclass
class Finding:
    name: str
    figure: float
    limit: float
    unit: str = ""
    # Whether a smaller figure is the better one.
    is_ceiling: bool = False
    note: str = ""

    @property
    def holds(self):
        return self.figure <= self.limit if self.is_ceiling else self.figure >= self.limit

    def row(self):
        sign = "≤" if self.is_ceiling else "≥"
        return (self.name, f"{self.figure:.2f}{self.unit}", f"{sign} {self.limit:g}{self.unit}",
                "holds" if self.holds else "BELOW", self.note)
