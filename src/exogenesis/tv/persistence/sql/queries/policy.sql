-- The owner's word.

-- name: list_profiles
SELECT name, kind, age_limit, contributes FROM profile ORDER BY name;

-- name: add_profile
INSERT INTO profile VALUES (:name, :kind, :age_limit, :contributes);

-- name: set_age_limit
UPDATE profile SET age_limit = :age_limit WHERE name = :name;

-- name: drop_profile
DELETE FROM profile WHERE name = :name;

-- name: list_blocks
SELECT title FROM block ORDER BY title;

-- name: add_block
INSERT INTO block VALUES (:title) ON CONFLICT DO NOTHING;

-- name: drop_block
DELETE FROM block WHERE title = :title;

-- name: list_rejections
SELECT title FROM rejection WHERE profile = :profile ORDER BY title;

-- name: add_rejection
INSERT INTO rejection VALUES (:profile, :title, :at) ON CONFLICT DO NOTHING;

-- name: drop_rejection
DELETE FROM rejection WHERE profile = :profile AND title = :title;
