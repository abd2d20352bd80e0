-- is_present_life: whether this is the present life of the index.
CREATE FUNCTION functions.is_present_life(p_life uuid) RETURNS boolean
LANGUAGE sql STABLE
RETURN p_life = (SELECT life_id FROM rostrum.index_lives ORDER BY life_no DESC LIMIT 1);
