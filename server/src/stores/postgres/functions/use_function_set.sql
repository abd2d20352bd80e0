-- use_function_set: notes that a set of functions is in use, and removes others that are not.
--
-- A set is unused if no server noted its use for seven days. The clock may be wrong, so a set goes only if
-- the caller found it unused an hour ago too: since then every server has noted its own. The set that was
-- installed last stays.
--
-- Inputs: p_name the set of the caller; p_unused those that the caller found unused an hour ago.
-- Result: the sets that are unused and were not removed.
CREATE FUNCTION functions.use_function_set(p_name text, p_unused text[])
RETURNS SETOF rostrum.function_sets
LANGUAGE plpgsql AS $$
DECLARE
  unused rostrum.function_sets;
BEGIN
  PERFORM pg_advisory_xact_lock(7482100461); -- that of migrations: no server installs meanwhile
  UPDATE rostrum.function_sets SET last_use_time = clock_timestamp() WHERE name = p_name;
  FOR unused IN
    SELECT * FROM rostrum.function_sets
    WHERE last_use_time < clock_timestamp() - interval '7 days' AND name <> p_name
      AND install_time < (SELECT max(install_time) FROM rostrum.function_sets)
  LOOP
    IF unused.name = ANY (p_unused) THEN
      EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', unused.name);
      DELETE FROM rostrum.function_sets WHERE name = unused.name;
    ELSE
      RETURN NEXT unused;
    END IF;
  END LOOP;
END
$$;
