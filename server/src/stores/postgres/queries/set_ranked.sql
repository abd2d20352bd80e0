-- Lets a player leave a ranking, or return to it; see functions/set_ranked.sql for inputs $1 to $3.
SELECT functions.set_ranked($1, $2, $3) AS outbox_id
