-- What the work of the stages came to, beside it: nothing else need be counted for the cost of a
-- session.
ALTER TABLE stage_work ADD COLUMN sessions BIGINT NOT NULL DEFAULT 0;
DROP INDEX log_day ON log;
CREATE INDEX log_day ON log (product, received_day, state, reason, archived_at);
