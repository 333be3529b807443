-- Errors: what fails, day by day, and when each error is known first and last.

CREATE TABLE top_errors (
    product VARCHAR(63) NOT NULL, -- The product.
    day CHAR(10) NOT NULL, -- The UTC day that the sessions belong to.
    environment VARCHAR(16) NOT NULL, -- production or other.
    version VARCHAR(190) NOT NULL, -- Version of the software; (unknown) where a session states none.
    error VARCHAR(240) NOT NULL, -- The error: the name of its events.
    events BIGINT NOT NULL, -- Events of it.
    sessions BIGINT NOT NULL, -- Sessions in which it occurred at least once.
    users BIGINT NOT NULL, -- Distinct persons who met it.
    persons BLOB NOT NULL, -- Who they are, as a set.
    PRIMARY KEY (product, day, environment, version, error)
);

CREATE INDEX top_errors_seen ON top_errors (product, environment, error, day);

CREATE TABLE error_seen (
    product VARCHAR(63) NOT NULL, -- The product.
    environment VARCHAR(16) NOT NULL, -- production or other.
    error VARCHAR(240) NOT NULL, -- The error: the name of its events.
    first_day CHAR(10) NOT NULL, -- The first UTC day on which it is known, in any version.
    first_version VARCHAR(190) NOT NULL, -- The version on that day; of several, the first.
    last_day CHAR(10) NOT NULL, -- The last UTC day on which it is known, in any version.
    last_version VARCHAR(190) NOT NULL, -- The version on that day; of several, the last.
    PRIMARY KEY (product, environment, error)
) WITHOUT ROWID;
