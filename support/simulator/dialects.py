"""The dialects that there are, by their names."""

from support.simulator.dialect import Dialect
from support.simulator.production.dialect import PRODUCTION
from support.simulator.story.dialect import STORY

DIALECTS: dict[str, Dialect] = {dialect.name: dialect for dialect in (STORY, PRODUCTION)}
