-- The last version block that was taken: no batch in the outbox has a higher id now.
SELECT last_value AS last_block FROM rostrum.version_blocks
