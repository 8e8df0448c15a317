"""What deals know of people: the cards that are cached, and by which phone or e-mail contacts are known.

Contact links hold nothing but the portals' numbers and stay; the values of deals are texts like all others.
"""

from services.deals.jobs import PEOPLE
from services.deals.model import DEAL
from services.flow.forgetting import Part

PART = Part(regions=(DEAL, PEOPLE))
