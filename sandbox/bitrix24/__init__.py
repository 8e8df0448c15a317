"""A stand-in for Bitrix24: portals that keep what they are told, behind the REST API of the cloud."""
