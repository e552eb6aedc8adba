"""From an operator's folder to a signed catalogue pack."""

from exogenesis.constellation.catalog.entry import CatalogEntry
from exogenesis.constellation.catalog.folder import read_titles
from exogenesis.constellation.catalog.movielens import read_ratings

__all__ = ["CatalogEntry", "read_ratings", "read_titles"]
