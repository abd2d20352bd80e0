-- Brings one player's new name into that player's entries; see functions/apply_rename.sql.
SELECT functions.apply_rename() AS renamed
