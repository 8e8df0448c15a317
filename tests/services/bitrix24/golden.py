"""Vectors that PHP 8.2 and a portal's own batch parser gave for these inputs."""

from typing import Any

BUILT: list[tuple[dict[str, Any], str]] = [
    (
        {
            "fields": {
                "TITLE": 'A&B "x" + ё #1 100%',
                "OPENED": True,
                "CLOSED": False,
                "SKIPPED": None,
                "PHONE": [{"VALUE": "+79161234567", "VALUE_TYPE": "WORK"}],
            }
        },
        "fields%5BTITLE%5D=A%26B+%22x%22+%2B+%D1%91+%231+100%25&fields%5BOPENED%5D=1&fields%5BCLOSED%5D=0"
        "&fields%5BPHONE%5D%5B0%5D%5BVALUE%5D=%2B79161234567&fields%5BPHONE%5D%5B0%5D%5BVALUE_TYPE%5D=WORK",
    ),
    (
        {
            "filter": {">ID": 10, "@STAGE_ID": ["NEW", "C1:NEW"], "!=UF_CRM_1": ""},
            "select": ["ID", "UF_*"],
            "order": {"ID": "ASC"},
            "start": -1,
        },
        "filter%5B%3EID%5D=10&filter%5B%40STAGE_ID%5D%5B0%5D=NEW&filter%5B%40STAGE_ID%5D%5B1%5D=C1%3ANEW"
        "&filter%5B%21%3DUF_CRM_1%5D=&select%5B0%5D=ID&select%5B1%5D=UF_%2A&order%5BID%5D=ASC&start=-1",
    ),
    ({"values": []}, ""),
    ({"a": 1.1, "b": "1000.00", "c": 0}, "a=1.1&b=1000.00&c=0"),
    (
        {"id": 5, "items": [{"CONTACT_ID": 7, "IS_PRIMARY": "Y"}, {"CONTACT_ID": 8}]},
        "id=5&items%5B0%5D%5BCONTACT_ID%5D=7&items%5B0%5D%5BIS_PRIMARY%5D=Y&items%5B1%5D%5BCONTACT_ID%5D=8",
    ),
]

# A text, and whether a portal puts something else in its place.
TOKENS = [
    ("$result[c]", True),
    ("id-$result[c]-tail", True),
    ("a $result[deal] b", True),
    ("$RESULT[c]", True),
    ("call me $next[0] please", True),
    ("$total[list]", True),
    ("$error[c]", True),
    ("$time[c]", True),
    ("$resultantly[c]", True),  # nothing stands there, but the portal looks
    ("$result\u00a0[c]", True),  # to PHP a no-break space is a letter
    ("price $result text", False),
    ("$result [c]", False),
    ("$100", False),
    ("result[c]", False),
]

# Date-only fields as portals in four time zones send them: all of 2024-08-30.
DATES = [
    "2024-08-30T03:00:00+03:00",
    "2024-08-30T02:00:00+02:00",
    "2024-08-29T20:00:00-04:00",
    "2024-08-30T00:00:00+00:00",
]
DAY = (2024, 8, 30)
