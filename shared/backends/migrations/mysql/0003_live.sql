-- What is read of logs as they are now (the ledger, the cost of a session, how many were refused)
-- is read from indexes alone.
DROP INDEX log_day ON log;
CREATE INDEX log_day ON log (product, received_day, state, reason, archived_at, sessions);
CREATE INDEX reject_count_scope ON reject_count (product, scope, received_day);
