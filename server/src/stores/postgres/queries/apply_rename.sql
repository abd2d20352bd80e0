-- Copies a player's new name to entries: see functions/apply_rename.sql.
SELECT functions.apply_rename() AS renamed
