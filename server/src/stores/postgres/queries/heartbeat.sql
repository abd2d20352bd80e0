-- Shows that the client of a session lives.
SELECT 1
