"""Every trial there is."""

from tests.e2e.matrix.trial import Trial
from tests.e2e.matrix.trials import asking, belonging, deciding, operating, proposing, reading

TRIALS: tuple[Trial, ...] = (
    *asking.TRIALS,
    *proposing.TRIALS,
    *deciding.TRIALS,
    *reading.TRIALS,
    *operating.TRIALS,
    *belonging.TRIALS,
)
