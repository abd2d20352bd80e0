-- Lets a player leave a ranking, or return to it: see functions/set_ranked.sql.
SELECT functions.set_ranked($1, $2, $3) AS outbox_id
