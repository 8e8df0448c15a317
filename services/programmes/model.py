"""Programmes, poll forms and what is handed in: the nouns, and how titles are compared."""

from dataclasses import dataclass
from hashlib import sha256
from unicodedata import category, normalize

PROGRAMME, POLL_FORM = "programme", "poll_form"  # the kinds' names; the journal calls them so too
LONGEST_TITLE = 255  # characters of a title at the portal
LONGEST_KEY = 180  # characters of a title as it is compared; the rest of a longer one is told by a digest
_KEPT = 150  # characters that stay of a longer one
_CUT = "…"
_BLANK = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"})  # categories of what shows nothing
_JOINERS = "\u200c\u200d"
_TAGS = frozenset(map(chr, range(0xE0020, 0xE0080)))  # of flags such as Scotland's
_SOFT_HYPHEN = "\xad"


@dataclass(frozen=True, slots=True)
class PollForm:
    """A poll form at the portal; `id` is its item's number there, which its poll's may differ from."""

    id: int
    title: str


@dataclass(frozen=True, slots=True)
class Programme:
    """An educational programme at the portal."""

    id: int
    title: str


def collapsed(text: str) -> str:
    """The text with each run of white space and control characters as one blank, and none around it.

    Letters are written as one character each (NFC): some systems send «й» as two. What joins the parts of an
    emoji or of a Persian word stays inside of words; soft hyphens go.
    """
    shown = "".join(map(_shown, normalize("NFC", text)))
    return " ".join(word for each in shown.split() if (word := each.strip(_JOINERS)))


def key_of(title: str) -> str:
    """The title as titles are compared: in any case, spaces collapsed, at most `LONGEST_KEY` characters."""
    folded = collapsed(title).casefold()
    if len(folded) <= LONGEST_KEY:
        return folded
    return f"{folded[:_KEPT].rstrip()}{_CUT}{sha256(folded.encode()).hexdigest()[:16]}"


def _shown(character: str) -> str:
    if character in _JOINERS or character in _TAGS:
        return character
    if character == _SOFT_HYPHEN:
        return ""
    return " " if category(character) in _BLANK else character


def origin_of(submission_id: str, programme: Programme | None = None) -> str:
    """ORIGIN_ID of a submission's contact, or of its deal for a programme."""
    return f"poll:{submission_id}:{programme.id}" if programme else f"poll:{submission_id}"
