"""Where figures and marks of the dashboard lead: the lists of other rooms, filtered."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from urllib.parse import urlencode

from crm.dashboard.period import Span


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses for one range and owner; `owner` is '', 'none' or an id."""

    span: Span
    owner: str
    pipeline: str
    zone: tzinfo
    several: bool = False  # pipelines, so that an address names its own

    def dashboard(self, span: Span | None = None) -> str:
        """The dashboard for other days, else for these."""
        span = span or self.span
        pairs = [("from", str(span.begin)), ("to", str(span.end))]
        pairs += [("owner", self.owner)] if self.owner else []
        pairs += [("pipeline", self.pipeline)] if self.several else []
        return f"/dashboard?{urlencode(pairs)}"

    def contacts(self, *filters: str) -> str:
        """New contacts of the range."""
        begin, end = self._moment(self.span.begin), self._moment(self.span.end + timedelta(days=1))
        return _list("/contacts", [], [f"created:gte:{begin}", f"created:lt:{end}", *filters,
                                       *self._owner()])  # fmt: skip

    def source(self, name: str) -> str:
        """New contacts of a source, '' for none."""
        return self.contacts(is_value("source", name))

    def deals(self, stages: list[str], *filters: str) -> str:
        """Deals of the pipeline in stages."""
        stage = f"stage:eq:{stages[0]}" if len(stages) == 1 else f"stage:in:{','.join(stages)}"
        more = [stage] if stages else []
        return _list("/deals", [("pipeline", self.pipeline), ("view", "list")],
                     [*more, *filters, *self._owner()])  # fmt: skip

    def closed(self, stage: str, *filters: str) -> str:
        """Deals that were won or lost in the range."""
        return self.deals([stage], f"closed:gte:{self.span.begin}", f"closed:lte:{self.span.end}",
                          *filters)  # fmt: skip

    def overdue(self) -> str:
        """Tasks past their time."""
        pairs = [("view", "agenda"), ("owner", self.owner or "all"), ("group", "overdue")]
        return f"/activities?{urlencode(pairs)}"

    def _owner(self) -> list[str]:
        if self.owner == "none":
            return ["owner:is-null:true"]
        return [f"owner:eq:{self.owner}"] if self.owner else []

    def _moment(self, day: date) -> str:
        return datetime.combine(day, time(), self.zone).isoformat()


def is_value(field: str, text: str) -> str:
    """The filter for a value, '' for none."""
    return f"{field}:eq:{text}" if text else f"{field}:is-null:true"


def none_of(field: str, texts: list[str]) -> list[str]:
    """The filters for everything but these values."""
    return [f"{field}:ne:{text}" if text else f"{field}:is-null:false" for text in texts]


def _list(path: str, pairs: list[tuple[str, str]], filters: list[str]) -> str:
    return f"{path}?{urlencode(pairs + [('f', one) for one in filters])}"
