"""Every trial there is."""

from tests.e2e.matrix.trial import Trial
from tests.e2e.matrix.trials import (
    asking,
    belonging,
    choosing,
    deals,
    deciding,
    operating,
    programmes,
    proposing,
    reading,
)

FAMILIES: dict[str, tuple[Trial, ...]] = {
    "asking": asking.TRIALS,
    "proposing": proposing.TRIALS,
    "deciding": deciding.TRIALS,
    "choosing": choosing.TRIALS,
    "reading": reading.TRIALS,
    "operating": operating.TRIALS,
    "programmes": programmes.TRIALS,
    "deals": deals.TRIALS,
    "belonging": belonging.TRIALS,
}
TRIALS = tuple(trial for family in FAMILIES.values() for trial in family)
