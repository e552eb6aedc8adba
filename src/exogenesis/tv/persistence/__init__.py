"""The one place of the television that touches a database."""

from exogenesis.tv.persistence.database import Database
from exogenesis.tv.persistence.manager import PersistenceManager, StoreStatus
from exogenesis.tv.persistence.recovery import Recovery

__all__ = ["Database", "PersistenceManager", "Recovery", "StoreStatus"]
