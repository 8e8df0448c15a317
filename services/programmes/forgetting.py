"""What poll forms know of people: who handed one in, and what they answered.

A submission gets another id too, for whoever handed it in may have made it of the person, and so that a job
that still waits for it, or is replayed, finds nothing to bring to the portal.
"""

from collections.abc import Mapping

from services.flow.contacts import email_of, phone_of
from services.flow.forgetting import Part
from services.flow.pseudonyms import Known, Pseudonym
from services.programmes.jobs import CONTACT
from storage import forgotten_submissions as rows
from storage.database import Transaction


def learn(tx: Transaction, known: Known) -> None:
    """The e-mails and names that were handed in with the phone, and the phones with the e-mails."""
    for row in rows.every(tx):
        phone, email = phone_of(row.phone), email_of(row.email)
        if phone in known.phones or (email in known.emails and (phone is None or not known.phones)):
            known.phones |= {phone} if phone else set()
            known.emails |= {email} if email else set()
            known.jobs.add(f"submission:{row.id}")
            known.names |= {name} if (name := f"{row.name} {row.last_name}".strip()) else set()


def forget(tx: Transaction, known: Known, pseudonym: Pseudonym) -> Mapping[str, int]:
    """All that the person handed in."""
    mine = [
        row.id
        for row in rows.every(tx)
        if phone_of(row.phone) in known.phones or email_of(row.email) in known.emails
    ]
    for submission_id in mine:
        rows.forget(tx, submission_id, pseudonym.name)
    return {"submissions": len(mine)} if mine else {}


PART = Part(regions=(CONTACT,), learn=learn, forget=forget)
