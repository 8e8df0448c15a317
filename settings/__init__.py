"""Every setting of the hub.

Nothing is read at import. `run.py` calls `load_settings` once and hands the groups on; nobody else reads the
environment.
"""

from settings.declaring import Fault, Row, SettingsError
from settings.every import Settings, rows
from settings.groups import Cache, DemoPorts, Gallery, Http, Logs, Storage, Telegram, Work
from settings.loading import load_demo_ports, load_settings
from settings.portals import Bitrix24, Deals, Programmes
from settings.sources import SourcePortal

__all__ = [
    "Bitrix24",
    "Cache",
    "Deals",
    "DemoPorts",
    "Fault",
    "Gallery",
    "Http",
    "Logs",
    "Programmes",
    "Row",
    "Settings",
    "SettingsError",
    "SourcePortal",
    "Storage",
    "Telegram",
    "Work",
    "load_demo_ports",
    "load_settings",
    "rows",
]
