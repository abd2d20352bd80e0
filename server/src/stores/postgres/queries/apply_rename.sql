-- Brings one player's new name into that player's entries; see migrations/0004_outbox.sql.
SELECT rostrum.apply_rename() AS renamed
