-- What a database has of Rostrum's schema, one line each: tables with their columns, indexes and
-- constraints; sequences; functions and their types. Names are shown with their schemas if no schema
-- is searched.
-- Input: $1 the schema of the functions, which is shown as `functions`. Monthly partitions are left out, and
-- what partitions have from their table.
WITH relations AS (
  SELECT c.oid, c.relname AS name, c.relkind, c.reloptions, c.relispartition
  FROM pg_class c
  WHERE c.relnamespace = 'rostrum'::regnamespace
    AND c.relname !~ '^submissions_\d{6}' AND c.relname <> 'migrations'
    AND c.relkind IN ('r', 'p', 'S')
), lines AS (
  SELECT name AS of, 0 AS place, '' AS part,
    CASE relkind WHEN 'S' THEN (
        SELECT format('sequence %s increment %s start %s min %s', name, seqincrement, seqstart, seqmin)
        FROM pg_sequence WHERE seqrelid = r.oid)
      ELSE 'table ' || name
        || coalesce(' partition by ' || pg_get_partkeydef(r.oid), '')
        || coalesce(' with (' || array_to_string(reloptions, ', ') || ')', '')
    END AS line
  FROM relations r
  UNION ALL
  SELECT name, 1, to_char(a.attnum, '000'),
    format('  %s %s', a.attname, format_type(a.atttypid, a.atttypmod))
      || CASE WHEN k.collname = 'C' THEN ' collate "C"' ELSE '' END
      || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
      || CASE WHEN a.attidentity <> '' THEN ' identity' ELSE '' END
      || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
  FROM relations r
  JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_collation k ON k.oid = a.attcollation
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE relkind <> 'S' AND NOT relispartition
  UNION ALL
  SELECT name, 2, c.conname, '  constraint ' || c.conname || ' ' || pg_get_constraintdef(c.oid)
  FROM relations r JOIN pg_constraint c ON c.conrelid = r.oid AND c.contype <> 'n'
    AND NOT relispartition
  UNION ALL
  SELECT name, 3, i.indexrelid::regclass::text, '  ' || pg_get_indexdef(i.indexrelid)
  FROM relations r JOIN pg_index i ON i.indrelid = r.oid AND NOT relispartition
  UNION ALL
  SELECT 'trigger ' || t.tgname, 4, '', pg_get_triggerdef(t.oid)
  FROM relations r JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal
  UNION ALL
  SELECT '~' || p.proname, 5, pg_get_function_identity_arguments(p.oid),
    format('function %s(%s) returns %s', p.oid::regproc, pg_get_function_arguments(p.oid),
           pg_get_function_result(p.oid))
      || coalesce(' set ' || array_to_string(p.proconfig, ', '), '')
  FROM pg_proc p WHERE p.pronamespace::regnamespace::text IN ('rostrum', $1)
  UNION ALL
  SELECT '~~' || c.relname, 6, '',
    format('type functions.%s (%s)', c.relname,
      (SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum)
       FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0))
  FROM pg_class c WHERE c.relnamespace::regnamespace::text = $1 AND c.relkind = 'c'
)
SELECT replace(line, $1 || '.', 'functions.') AS line
FROM lines
ORDER BY of COLLATE "C", place, part COLLATE "C"
