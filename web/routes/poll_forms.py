"""Poll forms that other programs hand in."""

from typing import Annotated, Any, Literal, Protocol

from fastapi import APIRouter, Depends
from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.programmes.forms import HandedIn, Standing, SubmissionDiffers
from services.programmes.model import collapsed
from web.authentication import Check
from web.bodies import body_of, described

LARGEST = 2**53  # a larger number is not one in every JSON reader
MOST_PROGRAMMES = 500
_NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"
_OFF = "Poll forms are switched off: POLL_FORM_ENTITY_TYPE_ID and PROGRAM_ENTITY_TYPE_ID are not set."


def _legible(text: str) -> str:
    if not collapsed(text):
        raise ValueError("holds nothing to read")
    return text


Legible = AfterValidator(_legible)
SubmissionId = Annotated[str, Field(min_length=1, max_length=150, pattern=_NO_CONTROLS)]


class PollFormIntake(Protocol):
    """Takes poll forms in. Raises StorageUnavailable."""

    async def hand_in(self, form: HandedIn) -> Standing:
        """Store one and wait a little for what becomes of it. Raises SubmissionDiffers."""
        ...

    async def standing(self, submission_id: str) -> Standing | None:
        """How one stands; None for an id that nobody handed in."""
        ...


class Contact(BaseModel):
    """Who filled the form in; a phone or an e-mail is needed."""

    model_config = ConfigDict(strict=True)

    name: Annotated[str, Field(min_length=1, max_length=100), Legible]
    last_name: Annotated[str, Field(max_length=100)] | None = None
    phone: Annotated[str, Field(max_length=100)] | None = None
    email: Annotated[str, Field(max_length=254)] | None = None


class PollForm(BaseModel):
    """A poll form as somebody filled it in; `poll_id` names the form at the portal."""

    model_config = ConfigDict(strict=True)

    submission_id: SubmissionId
    poll_id: Annotated[int, Field(gt=0, lt=LARGEST)]
    contact: Contact
    programs: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=255), Legible]], Field(max_length=MOST_PROGRAMMES)
    ]
    answers: dict[str, Any] | None = None

    def handed_in(self) -> HandedIn:
        """The same for the hub. Raises RequestValidationError without a usable phone or e-mail."""
        contact = self.contact
        form = HandedIn(
            self.submission_id,
            self.poll_id,
            contact.name,
            contact.last_name or "",
            contact.phone or "",
            contact.email or "",
            self.programs,
            self.answers or {},
        )
        if not form.is_reachable:
            message = "Needs a phone of 7 to 15 digits or an e-mail address"
            raise RequestValidationError([{"type": "missing", "loc": ("body", "contact"), "msg": message}])
        return form


class PollFormAnswer(BaseModel):
    """What became of it; the numbers are the portal's, deals by programme."""

    model_config = ConfigDict(from_attributes=True)

    status: Literal["success", "duplicate", "accepted", "failed"]
    contact_id: int | None
    deal_ids: dict[str, int]
    unknown_programs: list[str]


def poll_form_routes(forms: PollFormIntake | None, may_hand_in: Check, may_read: Check) -> APIRouter:
    """Handing in, and asking how it stands. Without `forms` the feature is off."""
    router = APIRouter(prefix="/api/v1/integration/poll-form", tags=["poll forms"])

    @router.post(
        "",
        dependencies=[Depends(may_hand_in)],
        openapi_extra=described(PollForm),
        responses={
            202: {"model": PollFormAnswer, "description": "Stored; the result is not known yet"},
            409: {"description": "Another form was handed in under this id"},
        },
    )
    async def hand_in_poll_form(request: Request, response: Response) -> PollFormAnswer:
        """A contact, and a deal for each programme. The same id again has no effect and the same answer."""
        intake = _required(forms)
        form = (await body_of(request, PollForm)).handed_in()
        try:
            standing = await intake.hand_in(form)
        except SubmissionDiffers:
            raise HTTPException(409, "Another form was handed in under this submission_id.") from None
        if standing.status == "accepted":
            response.status_code = 202
        return PollFormAnswer.model_validate(standing)

    @router.get("/{submission_id:path}", dependencies=[Depends(may_read)])
    async def get_poll_form(submission_id: str) -> PollFormAnswer:
        """How a submission stands; `unknown_programs` shrink when an admin has them added."""
        standing = await _required(forms).standing(submission_id)
        if standing is None:
            raise HTTPException(404, "No submission of this id is known.")
        return PollFormAnswer.model_validate(standing)

    return router


def _required(forms: PollFormIntake | None) -> PollFormIntake:
    if forms is None:
        raise HTTPException(503, _OFF)
    return forms
