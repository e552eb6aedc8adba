"""Bytes to messages and back, sans-IO, used by both machines; ``spec/wire-v1.md`` is the text.

No type of this package can express a viewing event: there is no profile, no session, no
position and no time finer than a round in anything that is sealed. That is the privacy promise
as a type.
"""
