-- What a listing counted of the logs that have a row, but for those that it noted as pending: the
-- ledger need not count them one by one. It counts the days of those whose row gave way to another
-- since, until the next listing.
CREATE TABLE ledger_counted (
    product VARCHAR(63) NOT NULL,
    day INT NOT NULL,
    state VARCHAR(16) NOT NULL,
    reason VARCHAR(32) NOT NULL,            -- empty where the log was not rejected
    logs BIGINT NOT NULL,
    PRIMARY KEY (product, day, state, reason)
) WITHOUT ROWID;

CREATE TABLE ledger_changed (
    product VARCHAR(63) NOT NULL,
    day INT NOT NULL,
    log_id VARCHAR(64) NOT NULL,
    PRIMARY KEY (product, day, log_id)
) WITHOUT ROWID;

-- A listing of before counted nothing.
ALTER TABLE ledger_listing ADD COLUMN counted SMALLINT NOT NULL DEFAULT 0;
