-- What the work of the stages came to, beside it: nothing else need be counted for the cost of a
-- session. Of days whose work was noted before, it is what was received.
ALTER TABLE stage_work ADD COLUMN sessions BIGINT NOT NULL DEFAULT 0;
INSERT INTO stage_work (product, day, stage, memory_mb, worker, calls, work_us, sessions)
    SELECT product, received_day, 'parse', 1024, 0, 0, 0, SUM(sessions) FROM log
    WHERE state = 'parsed' AND EXISTS (SELECT 1 FROM stage_work AS known
        WHERE known.product = log.product AND known.day = log.received_day)
    GROUP BY product, received_day;
