"""Word lists that the invented world writes its titles and descriptions with."""

from __future__ import annotations

GENRES = (
    "comedy",
    "crime",
    "documentary",
    "drama",
    "family",
    "fantasy",
    "history",
    "romance",
    "science fiction",
    "thriller",
)

MOODS = (
    "bitter", "breathless", "dreamy", "dry", "gentle", "gloomy", "playful", "restless", "tender",
    "unhurried", "warm", "wry",
)  # fmt: skip

THEMES = (
    "an inheritance", "apprenticeship", "a border town", "chess", "a choir", "cooking",
    "a cycling race", "a divided family", "exile", "first love", "a flood", "forgery",
    "friendship", "a harvest", "homecoming", "a hospital", "an island", "jealousy", "a lighthouse",
    "a long winter", "memory", "a missing painting", "mountaineering", "night shifts",
    "an observatory", "old age", "an orchestra", "a printing house", "a railway", "revenge",
    "a river", "a school", "a small museum", "a strike", "a theatre", "a trial", "a village vote",
    "a voyage", "a wedding", "whistleblowing",
)  # fmt: skip

FIRST_NAMES = (
    "Ada", "Bruno", "Carla", "Dario", "Elin", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kira",
    "Lorenz", "Mina", "Nils", "Olga", "Pavel", "Rosa", "Samir", "Tilda", "Viktor",
)  # fmt: skip

LAST_NAMES = (
    "Abend", "Birke", "Castellan", "Dorn", "Ebner", "Falk", "Gander", "Holm", "Iversen", "Jordan",
    "Kessel", "Lindqvist", "Marek", "Novak", "Orlov", "Petri", "Quist", "Rossi", "Sand", "Tamm",
)  # fmt: skip

NAME_HEADS = (
    "Amber", "Broken", "Copper", "Distant", "Eleventh", "Empty", "Frozen", "Glass", "Green",
    "Hidden", "Hollow", "Iron", "Last", "Little", "Lost", "Midnight", "Northern", "Open", "Paper",
    "Quiet", "Red", "Second", "Silent", "Silver", "Slow", "Southern", "Stolen", "Sunken", "Third",
    "Unfinished", "Velvet", "White", "Wild", "Winter", "Wooden", "Yellow",
)  # fmt: skip

NAME_TAILS = (
    "Almanac", "Archive", "Bridge", "Chapel", "Chorus", "Clock", "Corridor", "Daughters", "Divide",
    "Engine", "Estuary", "Ferry", "Garden", "Guests", "Harbour", "Hotel", "Hour", "Island",
    "Lantern", "Letters", "Map", "Market", "Meridian", "Mirror", "Neighbours", "Orchard",
    "Passage", "Promise", "Quarter", "Road", "Rooms", "Season", "Signal", "Sisters", "Staircase",
    "Station", "Tide", "Valley", "Verdict", "Witness",
)  # fmt: skip
