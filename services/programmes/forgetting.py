"""What poll forms know of people: who handed one in, and what they answered.

A submission gets another id too, for whoever handed it in may have made it of the person, and so that a job
that still waits for it, or is replayed, finds nothing to bring to the portal.
"""

from collections.abc import Mapping

from services.flow.contacts import email_of, phone_of
from services.flow.forgetting import Part
from services.flow.pseudonyms import Known, Pseudonym, Pseudonyms
from services.programmes.jobs import CONTACT
from storage import forgotten_submissions as rows
from storage.database import Transaction


def learn(tx: Transaction, known: Known) -> None:
    """The e-mails and names that were handed in with the phone, or with the e-mail alone."""
    for row in rows.every(tx):
        if is_theirs(row, known):
            email, name = email_of(row.email), f"{row.name} {row.last_name}".strip()
            known.emails |= {email} if email else set()
            known.names |= {name} if name else set()
            known.jobs.add(f"submission:{row.id}")


def is_theirs(row: rows.Bearer, known: Known) -> bool:
    """The phone decides, for families share an e-mail; the e-mail only where no phone was given."""
    phone = phone_of(row.phone)
    return phone in known.phones if phone else email_of(row.email) in known.emails


def forget(tx: Transaction, known: Known, pseudonym: Pseudonym) -> Mapping[str, int]:
    """All that the person handed in, and ids of others' that were made of the person."""
    pseudonyms, changed = Pseudonyms(known, pseudonym), 0
    for row in list(rows.every(tx)):
        if is_theirs(row, known):
            rows.forget(tx, row.id, pseudonym.name)
        elif pseudonyms.text(row.id) != row.id:
            rows.rename(tx, row.id, pseudonym.name)
        else:
            continue
        changed += 1
    return {"submissions": changed} if changed else {}


PART = Part(regions=(CONTACT,), learn=learn, forget=forget)
