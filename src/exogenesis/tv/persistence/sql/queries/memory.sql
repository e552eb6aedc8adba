-- Memories in twelve tiers.

-- name: add_memory
INSERT INTO memory (
    tier, kind, profile, subject, session, text, metadata, codes, scale, importance, trusted,
    created_at, accessed_at, accesses)
VALUES (
    :tier, :kind, :profile, :subject, :session, :text, :metadata, :codes, :scale, :importance,
    :trusted, :at, :at, 0)
RETURNING id;
