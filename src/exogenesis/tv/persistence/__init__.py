"""The one place of the television that touches a database."""

from exogenesis.tv.persistence.database import Database

__all__ = ["Database"]
