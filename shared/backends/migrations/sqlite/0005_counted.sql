-- What the last listing counted of the logs that have a row, but for those that it noted as pending:
-- the ledger need not count them one by one.
CREATE TABLE ledger_counted (
    product VARCHAR(63) NOT NULL,
    day INT NOT NULL,
    state VARCHAR(16) NOT NULL,
    reason VARCHAR(32) NOT NULL,            -- empty where the log was not rejected
    logs BIGINT NOT NULL,
    PRIMARY KEY (product, day, state, reason)
) WITHOUT ROWID;

-- Logs whose row gave way to another since the last listing: their days are counted anew. A row a
-- log, so that who stores waits for nobody. A release before this one notes nothing, so that the
-- ledger may be off where it stored a log again, until the next listing.
CREATE TABLE ledger_changed (
    product VARCHAR(63) NOT NULL,
    day INT NOT NULL,
    log_id VARCHAR(64) NOT NULL,
    PRIMARY KEY (product, day, log_id)
) WITHOUT ROWID;

-- Earlier listings counted nothing.
ALTER TABLE ledger_listing ADD COLUMN counted SMALLINT NOT NULL DEFAULT 0;
