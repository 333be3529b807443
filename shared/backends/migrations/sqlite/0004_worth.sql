-- What the work of the stages came to, beside it: nothing else need be counted for the cost of a
-- session.
ALTER TABLE stage_work ADD COLUMN sessions BIGINT NOT NULL DEFAULT 0;
INSERT INTO stage_work (product, day, stage, memory_mb, worker, calls, work_us, sessions)
    SELECT product, received_day, 'parse', 1024, 0, 0, 0, SUM(sessions) FROM log
    WHERE state = 'parsed' GROUP BY product, received_day;

-- Sessions are no longer counted out of it.
DROP INDEX log_day;
CREATE INDEX log_day ON log (product, received_day, state, reason, archived_at);
